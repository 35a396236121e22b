"""Looking at a device: `probe` and `capture`."""

TEXTS = {
    "probe.about": (
        "Montre ce que dit une batterie, décodé, ou cherche ce qu'elle est, sans rien transmettre "
        "au portail.",
        "Shows what a battery says, decoded, or finds out what it is, without sending anything to "
        "the portal.",
    ),
    "probe.asset": (
        "une seule batterie de la configuration",
        "only this battery of the configuration",
    ),
    "probe.link": (
        "liaison à essayer, sans configuration ; sans --driver, cherche quel BMS s'y trouve",
        "link to try, without a configuration; without --driver, finds out which BMS is there",
    ),
    "probe.for": ("durée, en secondes", "how long, in seconds"),
    "probe.quiet": (
        "en cherchant, écouter seulement : ne rien demander à l'appareil",
        "when finding out, only listen: ask the device nothing",
    ),
    "probe.needs_link": ("--driver demande aussi --link", "--driver also needs --link"),
    "probe.other_link": (
        "{driver} demande une liaison {link}",
        "{driver} needs a {link} link",
    ),
    "probe.failed": ("{asset} : {error}", "{asset}: {error}"),
    "probe.none": ("aucune batterie de ce nom dans {path}", "no such battery in {path}"),
    "probe.listening": (
        "{link} : écoute pendant {seconds:g} s",
        "{link}: listening for {seconds:g} s",
    ),
    "probe.asking": ("{link} : question de {driver}", "{link}: asking as {driver}"),
    "probe.nobody": (
        "Rien de ce qui est venu n'est d'un BMS connu. Vérifier le câble, la vitesse et l'adresse ;"
        " `capture` garde ce que dit la ligne, pour l'assistance.",
        "Nothing that came is of a known BMS. Check the cable, the speed and the address; "
        "`capture` keeps what the line says, for support.",
    ),
    "probe.found": ("Proposition : {driver} ({title})", "Proposal: {driver} ({title})"),
    "probe.others": (
        "Aussi possible, mais moins bien : {others}",
        "Possible too, but less good: {others}",
    ),
    "probe.warning": ("Attention : {text}", "Mind: {text}"),
    "probe.add": (
        "À comparer avec l'écran du BMS, puis à mettre dans la configuration :",
        "Compare with the BMS's own display, then put this into the configuration:",
    ),
    "probe.no_current": (
        "Aucun courant ne circule : le signe du courant reste à vérifier en charge ou en décharge.",
        "No current flows: the sign of the current is still to be checked while charging or "
        "discharging.",
    ),
    "probe.sign": (
        "Le courant lu est de {current:+g} A : selon ces réglages, la batterie se {way}. "
        "Est-ce vrai ?",
        "The current read is {current:+g} A: with these settings the battery is {way}. "
        "Is that true?",
    ),
    "probe.charging": ("charge", "charging"),
    "probe.discharging": ("décharge", "discharging"),
    "probe.answers": (" [o/n/? pour ne pas savoir] ", " [y/n/? if you do not know] "),
    "probe.turned": (
        "Le signe est inversé dans la proposition : {option} = {value}",
        "The sign is turned in the proposal: {option} = {value}",
    ),
    "probe.cannot_turn": (
        "Ce pilote ne sait pas inverser le courant : ne pas s'en servir ainsi, prévenir "
        "l'assistance avec une `capture`.",
        "This driver cannot turn the current: do not use it like this, tell support with a "
        "`capture`.",
    ),
    "capture.about": (
        "Garde dans un fichier tout ce qui passe sur la liaison d'une batterie, avec les heures.",
        "Keeps in a file all that passes on the link of a battery, with times.",
    ),
    "capture.link": (
        "liaison à enregistrer, sans configuration ; sans --driver, écoute seulement",
        "link to record, without a configuration; without --driver, only listens",
    ),
    "capture.for": ("durée au plus, en secondes", "at most so long, in seconds"),
    "capture.most": ("taille au plus, en Mo", "at most so large, in MB"),
    "capture.out": ("fichier à écrire, qui ne doit pas exister", "file to write; must not exist"),
    "capture.which": (
        "plusieurs batteries dans {path} : choisir avec --asset parmi {known}",
        "several batteries in {path}: choose with --asset among {known}",
    ),
    "capture.needs_driver": (
        "une liaison {kind} ne dit rien d'elle-même : donner aussi --driver",
        "a {kind} link says nothing by itself: give --driver, too",
    ),
    "capture.exists": ("{path} existe déjà", "{path} exists already"),
    "capture.done": (
        "{path} : {received} reçus, {sent} envoyés, {size} octets. Pour le relire :",
        "{path}: {received} received, {sent} sent, {size} bytes. To read it again:",
    ),
    "capture.nothing": (
        "rien n'est venu : vérifier le câble, la vitesse et l'adresse",
        "nothing came: check the cable, the speed and the address",
    ),
}
