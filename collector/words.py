"""What the command line says, in French and in English.

French unless the locale of the terminal begins with `en`. One table, so that a text is found and
translated where it is.
"""

import os

FRENCH, ENGLISH = 0, 1

TEXTS: dict[str, tuple[str, str]] = {
    # the command line itself
    "cli.about": (
        "Lit les batteries d'un site et transmet leurs mesures au portail TrackingBMS.",
        "Reads the batteries of a site and sends what they say to the TrackingBMS portal.",
    ),
    "cli.commands": ("commandes", "commands"),
    "cli.arguments": ("arguments", "arguments"),
    "cli.options": ("options", "options"),
    "cli.error": ("erreur : {text}", "error: {text}"),
    "cli.help": ("afficher cette aide", "show this help"),
    "cli.version": ("afficher la version", "show the version"),
    # decode
    "decode.about": (
        "Décode un enregistrement : une mesure complète par ligne, en JSON, puis un bilan.",
        "Decodes a recording: one complete reading a line, as JSON, then a summary.",
    ),
    "decode.driver": ("famille de BMS (voir `drivers`)", "family of BMS (see `drivers`)"),
    "decode.option": (
        "réglage du pilote, autant de fois qu'il le faut",
        "setting of the driver, as often as needed",
    ),
    "decode.format": (
        "format de l'enregistrement (par défaut, le plus courant du pilote)",
        "format of the recording (default: the usual one of the driver)",
    ),
    "decode.file": (
        "fichier à décoder, ou - pour l'entrée standard",
        "file to decode, or - for the standard input",
    ),
    "decode.unreadable": ("{path} ne peut pas être lu : {reason}", "cannot read {path}: {reason}"),
    "decode.unknown_format": (
        "le format {format} n'existe pas ; il y a {known}",
        "there is no format {format}; there are {known}",
    ),
    "decode.other_format": (
        "{driver} ne se lit pas dans le format {format}, mais dans {known}",
        "{driver} cannot be read from the format {format}, but from {known}",
    ),
    "option.shape": (
        "--option attend CLÉ=VALEUR, et non {text}",
        "--option wants KEY=VALUE, not {text}",
    ),
    # drivers
    "drivers.about": (
        "Liste les pilotes, ou décrit les réglages de l'un d'eux.",
        "Lists the drivers, or describes the settings of one.",
    ),
    "drivers.name": ("pilote à décrire", "driver to describe"),
    "drivers.link": ("liaison", "link"),
    "drivers.formats": ("formats", "formats"),
    "drivers.options": ("Réglages de {driver} :", "Settings of {driver}:"),
    "drivers.no_options": ("{driver} n'a aucun réglage.", "{driver} has no settings."),
    "drivers.choices": ("valeurs : {choices}", "one of: {choices}"),
    "drivers.default": ("par défaut : {value}", "default: {value}"),
    "drivers.silent": ("n'émet jamais rien", "never sends anything"),
    # enrol
    "config.file": ("configuration (collector.toml)", "configuration (collector.toml)"),
    "enrol.about": (
        "Rattache cet ordinateur à un client, avec un code donné par le portail.",
        "Makes this computer a collector of one client, with a code from the portal.",
    ),
    "enrol.code": ("code donné par le portail", "code given by the portal"),
    "enrol.portal": ("adresse du portail, https://…", "address of the portal, https://…"),
    "enrol.state": (
        "dossier de la clé et des mesures en attente (par défaut, celui de la configuration)",
        "folder of the key and of what waits (default: the one in the configuration)",
    ),
    "enrol.ca_file": (
        "certificats à croire, pour un portail privé",
        "certificates to trust, for a private portal",
    ),
    "enrol.done": (
        "Collecteur {collector} rattaché à {client}. Sa clé est dans {state}.",
        "Collector {collector} now belongs to {client}. Its key is in {state}.",
    ),
    "enrol.starter": (
        "Configuration à compléter : {path}",
        "Configuration to complete: {path}",
    ),
    "enrol.next": (
        "Ensuite : `python -m collector check`, puis `run`. Un collecteur déjà en marche est à "
        "redémarrer.",
        "Next: `python -m collector check`, then `run`. A collector already running must be "
        "restarted.",
    ),
    # run
    "run.about": (
        "Lit les batteries configurées et transmet leurs mesures, jusqu'à l'arrêt.",
        "Reads the configured batteries and sends what they say, until stopped.",
    ),
    "run.verbose": ("journal lisible et détaillé", "readable, detailed log"),
    "run.twice": (
        "un collecteur utilise déjà {state}",
        "a collector is already using {state}",
    ),
    "run.no_devices": (
        "aucune batterie : ajoutez une table [[device]]",
        "no battery: add a [[device]] table",
    ),
    "run.other_portal": (
        "rattaché à {ours}, mais la configuration dit {given}",
        "enrolled at {ours}, but the configuration says {given}",
    ),
    # schema
    "schema.about": (
        "Écrit le schéma JSON de ce qui est transmis au portail.",
        "Writes the JSON Schema of what is sent to the portal.",
    ),
}


def language() -> int:
    """Of the terminal, by the usual environment variables in their usual order."""
    given = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return ENGLISH if next(filter(None, given), "").lower().startswith("en") else FRENCH


def say(key: str, **parts: object) -> str:
    """The text of this key in the terminal's language; KeyError for a key that does not exist."""
    return TEXTS[key][language()].format(**parts)
