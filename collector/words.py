"""What the command line says, in French and in English.

French unless the locale of the terminal begins with `en`. The texts of the tool are in one table;
those of a driver, a simulator or a register table stay with it, and are chosen by `either`.
"""

import os

from .texts import check, operation, probe

FRENCH, ENGLISH = 0, 1
Text = tuple[str, str]
"""One text in both."""

TEXTS: dict[str, Text] = {
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
    "spelling.meant": (" ; vouliez-vous dire {name} ?", "; did you mean {name}?"),
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
    "drivers.link": ("liaison :", "link:"),
    "drivers.formats": ("formats :", "formats:"),
    "drivers.options": ("Réglages de {driver} :", "Settings of {driver}:"),
    "drivers.no_options": ("{driver} n'a aucun réglage.", "{driver} has no settings."),
    "drivers.choices": ("valeurs : {choices}", "one of: {choices}"),
    "drivers.default": ("par défaut : {value}", "default: {value}"),
    "drivers.silent": ("n'émet jamais rien", "never sends anything"),
    "drivers.reads": (
        "lit des registres (fonctions 1 à 4) et n'écrit jamais",
        "reads registers (functions 1 to 4) and never writes",
    ),
    "drivers.gets": (
        "reçoit des documents, ou les demande par GET, et n'en envoie jamais",
        "receives documents, or asks for them with GET, and never sends any",
    ),
    # the configuration
    "config.unreadable": ("lecture impossible : {reason}", "cannot be read: {reason}"),
    "config.toml": ("ce n'est pas du TOML : {reason}", "this is not TOML: {reason}"),
    "config.tables": (
        "les batteries s'écrivent en tables [[device]]",
        "devices are written as [[device]] tables",
    ),
    "config.range": (
        "{name} doit être de {low} à {high}",
        "{name} must be from {low} to {high}",
    ),
    "config.portal": ("portal doit commencer par https://", "portal must begin with https://"),
    "config.asset": (
        "asset doit avoir 1 à 64 lettres, chiffres ou . _ : / -, d'ordinaire le numéro de série",
        "asset must be 1 to 64 letters, digits or . _ : / -, usually the serial number",
    ),
    "config.other_link": (
        "{driver} ne se lit pas par {kind}, mais par {fitting}",
        "{driver} is not read over {kind}, but over {fitting}",
    ),
    "config.twice": ("asset {asset} figure deux fois", "asset {asset} occurs twice"),
    "config.port_taken": (
        "{port} est déjà pris par une autre batterie",
        "{port} is already used by another device",
    ),
    "config.missing": ("{name} manque", "{name} is missing"),
    "config.unknown": (
        "{name} est inconnu ici ; sont connus {known}",
        "{name} is unknown here; known are {known}",
    ),
    "config.text": (
        "{name} doit être un texte entre guillemets",
        "{name} must be a text in quotes",
    ),
    "config.number": ("{name} doit être un nombre", "{name} must be a number"),
    "config.table": ("{name} doit être une table", "{name} must be a table"),
    "config.flag": ("{name} doit être true ou false", "{name} must be true or false"),
    "config.list": ("{name} doit être une liste", "{name} must be a list"),
    "config.crossed": (
        "shortest ne peut dépasser longest",
        "shortest must not exceed longest",
    ),
    "config.metric": ("{name} n'est pas une grandeur", "{name} is no metric"),
    "config.always": ("{name} est toujours transmis", "{name} is always sent"),
    "config.listen": (
        "listen s'écrit adresse:port, comme 192.168.1.20:8787, et non {given}",
        "listen is written address:port, as in 192.168.1.20:8787, not {given}",
    ),
    # links
    "link.kind": (
        "une liaison est de l'une des sortes {known}, et non {given}",
        "kind must be one of {known}, not {given}",
    ),
    "link.unknown": (
        "une liaison {kind} n'a pas de {name} ; elle a {known}",
        "a {kind} link has no {name}; it has {known}",
    ),
    "link.short": ("une liaison {kind} s'écrit {form}", "a {kind} link is written {form}"),
    "link.needs": ("une liaison {kind} demande {name}", "a {kind} link needs {name}"),
    "link.negative": ("{name} ne peut être négatif", "{name} must not be negative"),
    "link.parity": ("parity doit être N, E ou O", "parity must be N, E or O"),
    "link.bitrate": (
        "bitrate doit être l'un de {known}",
        "bitrate must be one of {known}",
    ),
    "link.url": (
        "l'url d'une liaison {kind} s'écrit {form}, et non {given}",
        "the url of a {kind} link is written {form}, not {given}",
    ),
    "link.secret": (
        "url ne porte ni nom ni mot de passe : les mettre dans secret_file ou secret_env",
        "url carries no name and no password: put them in secret_file or secret_env",
    ),
    "link.flag": (
        "{name} doit être true ou false, et non {given}",
        "{name} must be true or false, not {given}",
    ),
    "link.whole": (
        "{name} doit être un nombre entier, et non {given}",
        "{name} must be a whole number, not {given}",
    ),
    "link.number": (
        "{name} doit être un nombre, et non {given}",
        "{name} must be a number, not {given}",
    ),
    "link.text": (
        "{name} doit être un texte, et non {given}",
        "{name} must be a text, not {given}",
    ),
    # the portal and the identity
    "portal.https": (
        "{url} : l'adresse du portail doit commencer par https://",
        "{url}: the portal's address must begin with https://",
    ),
    "portal.stranger": (
        "réponse {status}, qui n'est pas du portail : l'adresse est-elle juste ?",
        "answer {status}, not from the portal: is the address right?",
    ),
    "identity.no_answer": (
        "la réponse au rattachement n'est pas celle du portail",
        "the answer to the enrolment is not the portal's",
    ),
    "identity.no_key": (
        "{path} n'est pas une clé Ed25519",
        "{path} is not an Ed25519 key",
    ),
    "identity.none": (
        "{path} n'existe pas : rattachez d'abord ce collecteur avec `enrol`",
        "{path} does not exist: enrol this collector first",
    ),
    # enrol
    "config.file": ("configuration (collector.toml)", "configuration (collector.toml)"),
    "enrol.about": (
        "Rattache cet ordinateur à un client, avec un code donné par le portail.",
        "Makes this computer a collector of one client, with a code from the portal.",
    ),
    "enrol.code": (
        "code donné par le portail, ou tout ce que dit son carré (adresse#code)",
        "code given by the portal, or all that its square says (address#code)",
    ),
    "enrol.no_portal": (
        "--portal manque : l'adresse du portail, https://…",
        "--portal is missing: the address of the portal, https://…",
    ),
    "enrol.two_portals": (
        "--portal dit {one}, mais le code {other}",
        "--portal says {one}, but the code {other}",
    ),
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
    # site
    "site.about": (
        "Simule tout un site d'après un fichier, en direct ou avec son passé.",
        "Simulate a whole site from a file, live or with its past.",
    ),
    "site.file": ("fichier du site (TOML)", "site file (TOML)"),
    "site.past": (
        "remplir le tampon d'un collecteur arrêté avec ces derniers jours, puis finir",
        "fill the spool of a stopped collector with the last days, then end",
    ),
    "site.until": (
        "le passé s'arrête tant d'heures avant maintenant",
        "the past ends this many hours before now",
    ),
    "site.no_state": ("--past demande --state", "--past needs --state"),
    # simulate
    "simulate.about": (
        "Simule une batterie qui parle comme une vraie, pour essayer un site.",
        "Simulates a battery that speaks as a real one does, to try a site out.",
    ),
    "simulate.name": ("simulateur", "simulator"),
    "simulate.on": (
        "où elle parle : pty, pty:/lien, tcp:hôte:port, can:interface:canal",
        "where it speaks: pty, pty:/link, tcp:host:port, can:interface:channel",
    ),
    "simulate.pack": ("trait de la batterie", "trait of the battery"),
    "simulate.option": ("réglage du simulateur", "setting of the simulator"),
    "simulate.unknown": (
        "une batterie n'a pas de {name} ; elle a {known}",
        "a battery has no {name}; it has {known}",
    ),
    "simulate.bad_value": ("{name} ne peut pas être {text}", "{name} cannot be {text}"),
    # schema
    "schema.about": (
        "Écrit le schéma JSON de ce qui est transmis au portail.",
        "Writes the JSON Schema of what is sent to the portal.",
    ),
    **check.TEXTS,
    **operation.TEXTS,
    **probe.TEXTS,
}


def language() -> int:
    """Of the terminal, by the usual environment variables in their usual order."""
    given = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return ENGLISH if next(filter(None, given), "").lower().startswith("en") else FRENCH


def english(key: str, **parts: object) -> str:
    """The same for the log, which has one language."""
    return TEXTS[key][ENGLISH].format(**parts)


def either(french: str, english: str) -> str:
    """The one that is in the terminal's language."""
    return (french, english)[language()]


def say(key: str, **parts: object) -> str:
    """The text of this key in the terminal's language; KeyError for a key that does not exist."""
    return either(*TEXTS[key]).format(**parts)
