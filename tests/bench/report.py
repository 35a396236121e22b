"""How a benchmark tells its figures: one JSON object a line as they come, then all as a table."""

import json
from typing import Any

results: list[dict[str, Any]] = []


def report(
    name: str, value: float, unit: str, goal: float | None = None, least: bool = False
) -> None:
    """Print one figure; `goal` is the most it may be, or the least."""
    ok = None if goal is None else bool(value >= goal if least else value <= goal)
    results.append({"name": name, "value": round(value, 4), "unit": unit, "goal": goal, "ok": ok})
    print(json.dumps(results[-1]), flush=True)


def table() -> None:
    """Print everything reported so far."""
    width = max(len(result["name"]) for result in results)
    print()
    for result in results:
        goal = "" if result["goal"] is None else f"goal {result['goal']:>12,.4g}"
        mark = {None: "", True: "ok", False: "NOT MET"}[result["ok"]]
        print(
            f"{result['name']:<{width}}  {result['value']:>14,.4g} {result['unit']:<15} {goal} {mark}"
        )
