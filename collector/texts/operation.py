"""A collector at work and what is done to it: `rotate`, `dead`, the status page."""

TEXTS = {
    "rotate.about": (
        "Change la clé de ce collecteur, sans interruption.",
        "Changes the key of this collector, without a gap.",
    ),
    "rotate.done": (
        "Nouvelle clé : {new} (avant : {old}). L'ancienne ne vaudra plus rien au premier envoi.",
        "New key: {new} (before: {old}). The old one is worth nothing from the next push on.",
    ),
    "dead.about": (
        "Liste ce que le portail a refusé pour de bon, et pourquoi.",
        "Lists what the portal refused for good, and why.",
    ),
    "dead.show": (
        "les mesures du refus de ce numéro, une par ligne, en JSON",
        "the readings of the refusal of this number, one a line, as JSON",
    ),
    "dead.none": ("aucun refus", "nothing was refused"),
    "dead.unknown": ("il n'y a pas de refus {number}", "there is no refusal {number}"),
    "rotate.not_yet": (
        "le collecteur en marche n'a pas encore changé de clé : voir son journal ; il réessaiera",
        "the running collector has not changed its key yet: see its log; it will try again",
    ),
}
