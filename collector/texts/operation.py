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
    "rotate.not_yet": (
        "le collecteur en marche n'a pas encore changé de clé : voir son journal ; il réessaiera",
        "the running collector has not changed its key yet: see its log; it will try again",
    ),
}
