"""The words of exports, in French and English: a job has no catalogue at hand."""

Pair = tuple[str, str]

WORDS: dict[str, Pair] = {
    "time": ("Heure", "Time"),
    "day": ("Jour", "Day"),
    "battery": ("Batterie", "Battery"),
    "batteries": ("Batteries", "Batteries"),
    "serial": ("Numéro de série", "Serial number"),
    "type": ("Type", "Type"),
    "place": ("Lieu", "Location"),
    "status": ("État", "Status"),
    "seen": ("Dernière mesure", "Last reading"),
    "list": ("Liste des batteries", "List of batteries"),
    "readings": ("Mesures", "Readings"),
    "by_day": ("Jour par jour", "Day by day"),
    "by_battery": ("Batterie par batterie", "Battery by battery"),
    "low": ("minimum", "lowest"),
    "mean": ("moyenne", "mean"),
    "high": ("maximum", "highest"),
    "energy_in": ("Énergie reçue", "Energy in"),
    "energy_out": ("Énergie rendue", "Energy out"),
    "cycles": ("Cycles", "Cycles"),
    "availability": ("Disponibilité", "Availability"),
    "soc_low": ("Charge minimale", "Lowest charge"),
    "temperature_high": ("Température maximale", "Highest temperature"),
    "alerts": ("Alertes", "Alerts"),
    "unknown": ("inconnu", "unknown"),
}
METRIC_NAMES: dict[str, Pair] = {
    "soc": ("État de charge", "State of charge"),
    "soh": ("État de santé", "State of health"),
    "pack_voltage": ("Tension", "Voltage"),
    "current": ("Courant", "Current"),
    "power": ("Puissance", "Power"),
    "temperature_max": ("Température la plus haute", "Highest temperature"),
    "cell_voltage_min": ("Cellule la plus basse", "Lowest cell"),
    "cell_voltage_max": ("Cellule la plus haute", "Highest cell"),
    "cell_voltage_spread": ("Écart entre cellules", "Cell spread"),
}
STATUSES: dict[str, Pair] = {
    "ok": ("Normal", "Normal"),
    "warn": ("À surveiller", "Warning"),
    "crit": ("Critique", "Critical"),
    "off": ("Hors ligne", "Offline"),
    "stale": ("En retard", "Late"),
    "wait": ("En attente", "Waiting"),
}


def say(word: str, locale: str) -> str:
    """A word in a language, English for any that is not French."""
    return WORDS[word][0 if locale.startswith("fr") else 1]
