"""Why a collector is silent, or speaks and says nothing: a cause, its evidence, what to check.

A fault tree over what is known here without asking the site: when it last spoke and what it said
then, how the battery was doing, whether its neighbours and the other clients speak. The causes
nearest to us are looked at first, since the portal's own trouble makes every site look dead.
Pure: whoever has the facts asks.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from collector.wire import envelope

Pair = tuple[str, str]
"""A text in French and in English."""

MINUTE_MS = 60_000
LATE_MS = 5 * MINUTE_MS
"""Silent for so long, a collector is looked into."""
CLOCK_MS = envelope.CLOCK_WINDOW * 1000
"""A clock further off than this has its batches refused."""
CLOCK_REFUSALS = ("clock_skew", "future")
STALE_MS = 3 * MINUTE_MS
"""A reading older than this while the collector speaks: the devices are silent."""
LOW_SOC = 5.0
DISCHARGING_C = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of one collector at `now` (epoch ms); None is not known.

    last_seen      when it last spoke
    last_reading   the time of the newest reading of any of its batteries
    clock_offset_ms  its clock minus ours
    queued         blocks that waited at the site when it last spoke
    refused        the last reason why a batch of it was refused, and when (`refused_at`)
    frames         readings that its devices gave since the collector's last word but one
    soc, rate      of the battery that feeds it, at the end: %, and parts of the capacity an hour
    mains          whether the site's mains was there at the end
    neighbours     other collectors of the same site, `neighbours_late` how many are late too
    portal         whether so many of all clients are late that it is not the sites
    """

    now: int
    last_seen: int | None = None
    last_reading: int | None = None
    clock_offset_ms: int | None = None
    queued: int = 0
    refused: str = ""
    refused_at: int | None = None
    frames: int | None = None
    soc: float | None = None
    rate: float | None = None
    mains: bool | None = None
    neighbours: int = 0
    neighbours_late: int = 0
    portal: bool = False


@dataclass(frozen=True, slots=True)
class Cause:
    """A class of fault: its name, what supports it, and the list for whoever goes there."""

    code: str
    title: Pair
    evidence: tuple[Pair, ...] = ()
    checks: tuple[Pair, ...] = ()
    sure: bool = True


def diagnose(known: Known) -> Cause | None:
    """The cause of what is seen; None while all is well."""
    if known.last_seen is None:
        return _cause("never_spoke", known)
    silent = known.now - known.last_seen > LATE_MS
    code = _of_the_silent(known) if silent else _of_the_speaking(known)
    return _cause(code, known) if code else None


def _of_the_silent(known: Known) -> str:
    if known.portal:
        return "portal"
    if _refused_for_its_clock(known) or _refused_once(known):
        return "clock"
    if known.soc is not None and known.soc <= LOW_SOC:
        return "flat"
    if known.mains is False or (known.rate is not None and known.rate < -DISCHARGING_C):
        return "mains"
    if known.neighbours and known.neighbours_late == known.neighbours:
        return "link"
    if known.queued > 0:
        return "link"
    return "collector"


def _of_the_speaking(known: Known) -> str:
    if _refused_for_its_clock(known):
        return "clock"
    if known.last_reading is None:
        return "bus"
    if known.now - known.last_reading <= STALE_MS:
        return ""
    if known.queued > 0:
        return "catching_up"
    return "frozen" if known.frames else "bus"


def _refused_for_its_clock(known: Known) -> bool:
    """Whether its clock is far off, by its own last word or by the refusal since."""
    if known.refused_at is not None and (known.last_seen or 0) <= known.refused_at:
        return known.refused in CLOCK_REFUSALS
    return known.clock_offset_ms is not None and abs(known.clock_offset_ms) > CLOCK_MS


def _refused_once(known: Known) -> bool:
    """Refused for its clock, nobody noted when: what silences it now, perhaps."""
    return known.refused_at is None and known.refused in CLOCK_REFUSALS


def _sure(code: str, known: Known) -> bool:
    """Silence alone parts a dead collector from a dead link only where something else tells."""
    if code == "clock":
        return _refused_for_its_clock(known)
    return code != "collector" or (known.neighbours > 0 and known.neighbours_late == 0)


def _cause(code: str, known: Known) -> Cause:
    return Cause(
        code=code,
        title=TITLES[code],
        evidence=tuple(_evidence(known)),
        checks=CHECKS[code],
        sure=_sure(code, known),
    )


def _evidence(known: Known) -> Iterator[Pair]:
    if known.last_seen is not None:
        minutes = (known.now - known.last_seen) // MINUTE_MS
        yield f"Dernier contact il y a {minutes} min.", f"Last heard of {minutes} min ago."
    if known.last_reading is not None:
        minutes = (known.now - known.last_reading) // MINUTE_MS
        yield f"Dernière mesure il y a {minutes} min.", f"Last reading {minutes} min ago."
    if known.queued:
        yield (
            f"{known.queued} blocs attendaient au site.",
            f"{known.queued} blocks were waiting at the site.",
        )
    if known.refused:
        yield f"Dernier refus : {known.refused}.", f"Last refusal: {known.refused}."
    if known.neighbours:
        late, all_ = known.neighbours_late, known.neighbours
        yield (
            f"Autres collecteurs du site en retard : {late} sur {all_}.",
            f"Other collectors of the site that are late: {late} of {all_}.",
        )
    if known.soc is not None:
        yield (
            f"Charge à la fin : {known.soc:.0f} %.",
            f"State of charge at the end: {known.soc:.0f}%.",
        )
    if known.clock_offset_ms is not None and abs(known.clock_offset_ms) > MINUTE_MS:
        minutes = round(known.clock_offset_ms / MINUTE_MS)
        yield f"Son horloge est décalée de {minutes} min.", f"Its clock is off by {minutes} min."


TITLES: dict[str, Pair] = {
    "portal": ("Le portail est en difficulté", "The portal is in trouble"),
    "clock": ("Horloge du collecteur déréglée", "The collector's clock is wrong"),
    "flat": ("Batterie vide", "The battery is empty"),
    "mains": ("Panne de secteur probable", "Probable mains failure"),
    "link": ("Lien internet du site coupé", "The site's internet link is down"),
    "collector": ("Collecteur éteint ou figé", "The collector is off or hangs"),
    "frozen": (
        "Le collecteur parle, ses données sont figées",
        "It speaks, but its data stand still",
    ),
    "bus": ("Le BMS ne répond plus au collecteur", "The BMS no longer answers the collector"),
    "catching_up": ("Il rattrape son retard", "It is catching up"),
    "never_spoke": ("Jamais entendu", "Never heard of"),
}

_POWER = (
    "Le voyant d'alimentation du collecteur est-il allumé ?",
    "Is the collector's power light on?",
)
_CABLE = ("Câble réseau ou modem : voyants allumés ?", "Network cable or modem: are its lights on?")
_BUS = (
    "Câble du BMS branché aux deux bouts, terminaison et vitesse du bus correctes ?",
    "Is the BMS cable in at both ends, and are the bus's termination and speed right?",
)
_DOCTOR = (
    "Lancer « trackingbms-collector check » sur place.",
    "Run “trackingbms-collector check” on the spot.",
)

CHECKS: dict[str, tuple[Pair, ...]] = {
    "portal": (
        (
            "Rien à faire au site : les mesures y sont gardées. Voir la page de santé du portail.",
            "Nothing to do at the site: readings are kept there. See the portal's health page.",
        ),
    ),
    "clock": (
        (
            "Mettre l'horloge à l'heure (NTP) et changer la pile de l'horloge.",
            "Set the clock (NTP) and change the clock's battery.",
        ),
        _DOCTOR,
    ),
    "flat": (
        (
            "Recharger la batterie avant tout ; vérifier chargeur, panneaux et fusibles.",
            "Charge the battery first; check charger, panels and fuses.",
        ),
        _POWER,
    ),
    "mains": (
        (
            "Le site a-t-il du courant ? Disjoncteur, chargeur, panne du réseau.",
            "Does the site have power? Breaker, charger, outage of the grid.",
        ),
        _POWER,
    ),
    "link": (_CABLE, ("Forfait de données épuisé ?", "Is the data plan used up?"), _DOCTOR),
    "collector": (_POWER, _CABLE, ("Le redémarrer.", "Restart it."), _DOCTOR),
    "frozen": (
        ("Redémarrer le service du collecteur.", "Restart the collector's service."),
        _DOCTOR,
    ),
    "bus": (_BUS, ("Le BMS est-il éveillé ?", "Is the BMS awake?"), _DOCTOR),
    "catching_up": (
        (
            "Rien à faire : ce qui a été gardé est en train d'arriver.",
            "Nothing to do: what was kept is arriving.",
        ),
    ),
    "never_spoke": (
        (
            "A-t-il été inscrit avec son code ? Le code vaut un quart d'heure.",
            "Was it enrolled with its code? The code is good for a quarter of an hour.",
        ),
        _CABLE,
    ),
}
