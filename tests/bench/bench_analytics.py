"""Do the computations find what is there, and only that? Against batteries whose truth is known.

    python tests/bench/bench_analytics.py [--seed 1000] [--smallest]

Seeds are counted from `--seed` on. Those below 1000 are the tests', which the methods were made
with; from there on every one is a fresh examination.
"""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "bench"
sys.path[:0] = [str(ROOT), str(Path(__file__).parent), str(SHARED)]

from report import report, table  # noqa: E402

from app.processor.analytics import (  # noqa: E402
    autonomy,
    capacity,
    diagnosis,
    leak,
    resistance,
    stress,
    weak_cell,
)
from app.processor.analytics.base import Finding, Observed, Pack  # noqa: E402
from app.processor.analytics.day import Day  # noqa: E402
from app.processor.analytics.nightly import observe  # noqa: E402
from app.processor.weighing import weights  # noqa: E402
from tests.faults import CELL, FAULTS, SEVERITIES, faulty  # noqa: E402
from tests.pack import Cells, Simulation, cycling  # noqa: E402

STEP_S = 120
YEAR = 365.25


def seen(analytic, pack, day):
    """A day as a computation keeps it; None when it says nothing."""
    evidence = analytic.observe(pack, day)
    return Observed(day.start, day.end, evidence, len(day)) if evidence else None


def varied(seed, fade=0.0, onset=60, leak_a=0.0):
    """An ordinary battery through the seasons; the seventh cell may fade or leak from `onset` on."""
    random = np.random.default_rng(seed)
    whole = 1 + random.normal(0, 0.006, 16)
    phase, swing = random.uniform(0, 6.28), random.uniform(3, 10)
    cells = Cells(
        capacity=whole,
        r0=0.0006 * (1 + random.normal(0, 0.05, 16)),
        soc=100 - 10 / whole,
        step_s=STEP_S,
        seed=seed,
    )
    battery = Simulation(cells, cycling(random.uniform(0.7, 0.88)))
    leaks = np.zeros(16)

    def day(number):
        now = whole.copy()
        now[CELL] *= 1 - fade * max(number - onset, 0)
        leaks[CELL] = leak_a
        warmth = 22 + swing * np.sin(number / 58 + phase)
        battery.becomes(capacity=now, temperature=warmth, leak_a=leaks.copy())
        return battery.day(number)

    return cells.pack(), day


def weak_cells(seeds, days):
    """Days after onset until the fading cell is named; alarms of sound batteries."""
    delays, named = [], 0
    for seed in seeds:
        pack, day = varied(seed, fade=0.0005)
        number, answer = _first(weak_cell.ANALYTIC, pack, day, days)
        delays.append(days - 60 if number is None else number - 60)
        named += number is not None and answer.values["cell"].value == CELL + 1
    report("weak cell: days from onset to finding, median", float(np.median(delays)), "days", 40)
    report("weak cell: named rightly", 100 * named / len(seeds), "%", 90, least=True)


def _first(analytic, pack, day, days):
    """The first day whose conclusion is not good, and that conclusion."""
    past, answer = [], None
    for number in range(days):
        if found := seen(analytic, pack, day(number)):
            past.append(found)
            answer = analytic.conclude(pack, past)
            if isinstance(answer, Finding) and answer.level != "good":
                return number, answer
    return None, answer


def false_alarms(seeds, days):
    """Sound batteries through the seasons, all computations that name a cell."""
    alarms = Counter()
    judges = [each.ANALYTIC for each in (weak_cell, leak, diagnosis, resistance)]
    for seed in seeds:
        pack, day = varied(seed)
        past = {judge.code: [] for judge in judges}
        ringing = dict.fromkeys(past, False)
        for number in range(days):
            today = day(number)
            for judge in judges:
                if found := seen(judge, pack, today):
                    past[judge.code].append(found)
                    answer = judge.conclude(pack, past[judge.code])
                    rings = isinstance(answer, Finding) and answer.level != "good"
                    alarms[judge.code] += rings and not ringing[judge.code]
                    ringing[judge.code] = rings
    years = len(seeds) * days / YEAR
    for judge in judges:
        name = judge.title[1].lower()
        report(f"{name}: false alarms a battery-year", alarms[judge.code] / years, "1/year", 1)


def capacities(seeds):
    """The truth within the interval stated, cycle by cycle."""
    inside = lines = 0
    errors = []
    for seed in seeds:
        random = np.random.default_rng(seed)
        whole = np.full(16, random.uniform(0.7, 1.03)) * (1 + np.abs(random.normal(0, 0.003, 16)))
        cells = Cells(
            capacity=whole,
            offset_a=random.normal(0, 0.1),
            gain=1 + random.normal(0, 0.005),
            step_s=60,
            seed=seed,
        )
        pack, battery = cells.pack(), Simulation(cells, cycling(1.1, random.uniform(0.16, 0.3)))
        past = [seen(capacity.ANALYTIC, pack, battery.day(number)) for number in range(4)]
        truth = float(whole.min()) * 100
        for line in capacity.ledger(pack, past):
            lines += not line["why"]
            inside += not line["why"] and abs(line["ah"] - truth) <= 1.96 * line["sigma"]
            errors.append(abs(line["ah"] - truth) / truth * 100)
    report("capacity: cycles", lines, "cycles")
    report("capacity: truth in the 95 % interval", 100 * inside / lines, "%", 93, least=True)
    report("capacity: error, 95th percentile", float(np.percentile(errors, 95)), "%")


def ratios(seeds):
    """What a cell of half as much resistance again reads as."""
    read = []
    for seed in seeds:
        r0 = 0.0006 * (1 + np.random.default_rng(seed).normal(0, 0.03, 16))
        r0[CELL] = 0.0009

        def bursts(number, seconds):
            return np.where(seconds % 240 < 120, -0.4, 0.35)

        cells = Cells(r0=r0, r1=0.0, step_s=10, seed=seed)
        evidence = seen(resistance.ANALYTIC, cells.pack(), Simulation(cells, bursts).day(0))
        read.append(resistance.ANALYTIC.conclude(cells.pack(), [evidence]).values["ratio"].value)
    report("resistance: ratio read of a true 1.5, lowest", min(read), "", 1.4, least=True)
    report("resistance: ratio read of a true 1.5, highest", max(read), "", 1.64)


def leaks(seeds):
    """Days until 10 mA of 100 Ah are found, and what they are taken for."""
    delays, sizes = [], []
    for seed in seeds:
        pack, day = varied(seed, leak_a=0.010)
        number, answer = _first(leak.ANALYTIC, pack, day, 20)
        delays.append(20 if number is None else number + 1)
        if number is not None:
            sizes.append(answer.values["leak"].value)
    report(
        "leak of 10 mA: days to finding, 95th percentile",
        float(np.percentile(delays, 95)),
        "days",
        7,
    )
    report("leak of 10 mA: as measured, median", float(np.median(sizes or [0.0])), "mA")


def confusion(seeds):
    """Which fault is called what."""
    calls = {size: Counter() for size in SEVERITIES}
    for size in SEVERITIES:
        for fault in FAULTS:
            for seed in seeds:
                pack, battery = faulty(fault, size, seed, step_s=STEP_S)
                past = [seen(diagnosis.ANALYTIC, pack, battery.day(number)) for number in range(8)]
                calls[size][fault, diagnosis.ANALYTIC.conclude(pack, past).text] += 1
    for size, counted in calls.items():
        right = sum(counted[fault, fault] for fault in FAULTS)
        share = 100 * right / sum(counted.values())
        report(
            f"diagnosis: right, {size}", share, "%", 90 if size == "medium" else None, least=True
        )
    wrong = sum(
        counted["leaking", text] for counted in calls.values() for text in ("uneven", "ahead")
    )
    report("diagnosis: leak called uneven", 100 * wrong / (3 * len(seeds)), "%", 2)
    print("\nconfusion at medium severity, true (rows) and told (columns)")
    told = [*FAULTS, "ahead", "undetermined", "too_soon"]
    print(" " * 12 + "".join(f"{name:>14}" for name in told))
    for fault in FAULTS:
        print(f"{fault:<12}" + "".join(f"{calls['medium'][fault, name]:>14}" for name in told))


def autonomies(seeds):
    """What the next outage shows of the band that was told before it."""
    inside = trials = 0
    errors = []
    for seed in seeds:
        random = np.random.default_rng(seed)
        amps = np.exp(random.normal(np.log(0.15), random.uniform(0.1, 0.35), 9))
        hours = random.uniform(0.5, 1.5)

        def outage(number, seconds, amps=amps, hours=hours):
            out = (seconds >= 64_800) & (seconds < 64_800 + hours * 3600)
            return np.where(out, -amps[number], np.where(seconds < 36_000, 0.2, 0.0))

        cells = Cells(step_s=STEP_S, soc=np.full(16, 100.0), seed=seed)
        battery, past = Simulation(cells, outage), []
        for number in range(8):
            past.append(seen(autonomy.ANALYTIC, cells.pack(), battery.day(number)))
            answer = autonomy.ANALYTIC.conclude(cells.pack(), past)
            if isinstance(answer, Finding):
                told = answer.values["usual"]
                left = past[-1].evidence["soc"]
                trials += 1
                inside += told.low <= left / (100 * amps[number + 1]) <= told.high
                usual = left / (100 * float(np.exp(np.mean(np.log(amps[: number + 1])))))
                errors.append(abs(told.value - usual) / usual * 100)
    report("autonomy: next outage within the band", 100 * inside / trials, "%", 88, least=True)
    report("autonomy: error at the usual load, median", float(np.median(errors)), "%", 10)


def ends_of_life(seeds):
    """Whether the day of 80 % lies in its window."""
    inside = 0
    for seed in seeds:
        random = np.random.default_rng(seed)
        times = 56 + np.sort(random.uniform(0, random.uniform(1, 3), 24))
        loss, power = random.uniform(2, 6), random.choice([1.0, 0.5])
        health = 100 - loss * (times - times[0]) ** power + random.normal(0, 0.6, 24)
        low, _, high = stress.window(times, health, 80.0)
        inside += low <= min(times[0] + (20 / loss) ** (1 / power), times[-1] + 25) <= high
    report("end of life: in the 80 % window", 100 * inside / len(seeds), "%", 75, least=True)


def workload(seed, count, days):
    """The weak cells of the workload generator, by resistance or by what is missing when empty."""
    from bms_workload import CELLS, START, TEMPS, fleet, span

    outcomes = Counter()
    for battery in fleet(count, seed):
        pack = Pack(chemistry=battery.chemistry, cells=CELLS, capacity_ah=battery.capacity)
        judges = [each.ANALYTIC for each in (resistance, diagnosis)]
        past = {judge.code: [] for judge in judges}
        for number in range(days):
            start = START + number * 86_400
            times, numbers = span(battery, start, 86_400, 1 / 20)
            day = _workload_day(start, times, numbers, CELLS, TEMPS)
            for judge in judges:
                if found := seen(judge, pack, day):
                    past[judge.code].append(found)
        answers = [judge.conclude(pack, past[judge.code]) for judge in judges if past[judge.code]]
        named = {
            int(answer.values["cell"].value)
            for answer in answers
            if isinstance(answer, Finding) and answer.level != "good" and "cell" in answer.values
        }
        kind = "weak" if battery.weak_cell else "sound"
        right = battery.weak_cell in named if battery.weak_cell else not named
        outcomes[battery.duty, kind, right] += 1
    for kind in ("weak", "sound"):
        for duty in ("traction", "lighting", "backup"):
            right, wrong = outcomes[duty, kind, True], outcomes[duty, kind, False]
            if right + wrong:
                name = f"workload, {duty}: {kind} told rightly ({right + wrong} batteries)"
                report(name, 100 * right / (right + wrong), "%")


def _workload_day(start, times, numbers, cells, sensors):
    series = {
        ("pack_voltage", None): numbers[:, 0] / 100,
        ("current", None): numbers[:, 1] / 100,
        ("soc", None): numbers[:, 2] / 10,
        **{("cell_voltage", i): numbers[:, 4 + i] / 1000 for i in range(cells)},
        **{("cell_temperature", i): numbers[:, 20 + i] / 10 for i in range(sensors)},
    }
    times = times * 1000
    return Day(start * 1000, (start + 86_400) * 1000, times, weights(times), series)


def cost(seed):
    """CPU seconds that all computations take for one battery-day at five seconds."""
    cells = Cells(step_s=5, seed=seed)
    day = Simulation(cells, cycling()).day(0)
    begun = time.process_time()
    observe(cells.pack(), day)
    report("CPU for a battery-day at 5 s, all computations", time.process_time() - begun, "s", 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--smallest", action="store_true", help="to see that it runs")
    asked = parser.parse_args()
    few = asked.smallest

    def seeds(count, least=2):
        return range(asked.seed, asked.seed + (least if few else count))

    cost(asked.seed)
    capacities(seeds(100))
    ends_of_life(seeds(200, 10))
    ratios(seeds(20))
    leaks(seeds(20))
    autonomies(seeds(40))
    confusion(seeds(12, 1))
    weak_cells(seeds(10, 1), 72 if few else 140)
    false_alarms(seeds(6, 1), 20 if few else 365)
    if SHARED.exists():
        workload(asked.seed, 3 if few else 30, 2 if few else 4)
    table()


if __name__ == "__main__":
    main()
