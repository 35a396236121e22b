"""`check`: how everything is, and what to do about it."""

TEXTS = {
    "network.certificate": (
        "le certificat du portail est refusé ({reason}) : rien n'est transmis. Vérifier la date de "
        "l'ordinateur ; un pare-feu qui ouvre le TLS doit laisser passer le portail ; pour une "
        "autorité privée, ca_file",
        "the portal's certificate is refused ({reason}): nothing is sent. Check the computer's "
        "date; a firewall that opens TLS must let the portal through; for a private authority, "
        "ca_file",
    ),
    "network.proxy": (
        "le mandataire ne laisse pas passer ({reason}) : vérifier HTTPS_PROXY et ses droits",
        "the proxy does not let this through ({reason}): check HTTPS_PROXY and its rights",
    ),
    "network.slow": (
        "le portail n'a pas répondu à temps ({reason}) : vérifier la liaison et le pare-feu",
        "the portal did not answer in time ({reason}): check the line and the firewall",
    ),
    "network.name": (
        "le nom du portail est introuvable : vérifier le réseau et le DNS ({reason})",
        "the portal's name cannot be resolved: check the network and DNS ({reason})",
    ),
    "network.unreachable": (
        "le portail est injoignable ({reason}) : vérifier le réseau et le pare-feu",
        "the portal cannot be reached ({reason}): check the network and the firewall",
    ),
    "check.about": (
        "Vérifie le site : configuration, liaisons, réseau, portail, horloge, disque.",
        "Checks the site: configuration, links, network, portal, clock, disk.",
    ),
    "check.config": (
        "configuration {path} : {count} batterie(s)",
        "configuration {path}: {count} batteries",
    ),
    "check.config_bad": (
        "configuration à corriger : {error}",
        "configuration to correct: {error}",
    ),
    "check.running": (
        "le collecteur est en marche : ses liaisons sont prises, voir son journal",
        "the collector is running: its links are taken, see its log",
    ),
    "check.link": ("{asset} : {link} s'ouvre", "{asset}: {link} opens"),
    "check.heard": ("{asset} : {link} s'ouvre et parle", "{asset}: {link} opens and talks"),
    "check.silent": (
        "{asset} : {link} s'ouvre, mais rien ne vient en {seconds:g} s : vérifier le câblage et la "
        "vitesse, puis `probe`",
        "{asset}: {link} opens, but nothing comes within {seconds:g} s: check the wiring and the "
        "speed, then `probe`",
    ),
    "check.link_bad": (
        "{asset} : {error} ; vérifier le câble, le nom du port et les droits (groupe dialout)",
        "{asset}: {error}; check the cable, the port's name and the rights (group dialout)",
    ),
    "check.identity": (
        "collecteur {collector} de {client}",
        "collector {collector} of {client}",
    ),
    "check.identity_bad": (
        "{error} ; demander un code au portail, puis `python -m collector enrol`",
        "{error}; get a code from the portal, then `python -m collector enrol`",
    ),
    "check.key_open": (
        "{path} est lisible par d'autres : chmod 600",
        "others can read {path}: chmod 600",
    ),
    "check.proxy": (
        "par le mandataire {proxy} (HTTPS_PROXY)",
        "through the proxy {proxy} (HTTPS_PROXY)",
    ),
    "check.name": ("{host} : {addresses}", "{host}: {addresses}"),
    "check.only_six": (
        "{host} : {addresses}, en IPv6 seulement : ce site doit en avoir",
        "{host}: {addresses}, IPv6 only: this site must have it",
    ),
    "check.portal": ("{url} répond", "{url} answers"),
    "check.portal_bad": ("{url} : {error}", "{url}: {error}"),
    "check.stranger": (
        "{url} : ce qui répond n'est pas le portail. Un portail captif, un pare-feu ou une page de "
        "l'hébergeur ? Ouvrir cette adresse dans un navigateur du site",
        "{url}: what answers is not the portal. A captive portal, a firewall or a page of the "
        "host? Open this address in a browser of the site",
    ),
    "check.clock": (
        "horloge à {seconds} s de celle du portail (le collecteur corrige ; activer NTP si > 30)",
        "clock {seconds} s off the portal's (the collector corrects it; enable NTP if > 30)",
    ),
    "check.date": (
        "l'ordinateur se croit le {date} : régler sa date (NTP), sans quoi aucun certificat ne "
        "paraît valable",
        "the computer believes that it is {date}: set its date (NTP), without which no "
        "certificate looks valid",
    ),
    "check.disk": (
        "{free} Mo libres dans {state}, {quota} réservés aux mesures en attente",
        "{free} MB free in {state}, {quota} set aside for what waits",
    ),
    "check.disk_bad": (
        "{state} refuse l'écriture ({error}) : vérifier le disque, ses droits et son montage",
        "{state} refuses to be written ({error}): check the disk, its rights and its mount",
    ),
    "check.damaged": (
        "{count} fichier(s) endommagé(s) mis de côté dans {state} : carte ou disque à remplacer ?",
        "{count} damaged files set aside in {state}: is the card or disk failing?",
    ),
    "check.spool": ("{count} bloc(s) en attente", "{count} blocks waiting"),
    "check.losses": (
        "le tampon a été plein : {thinned} mesures allégées, {lost} perdues ; augmenter quota_mb "
        "ou rétablir la liaison",
        "the spool was full: {thinned} readings thinned out, {lost} lost; raise quota_mb or "
        "restore the line",
    ),
    "check.spool_bad": ("{path} : {error}", "{path}: {error}"),
    "check.dead": (
        "{count} envoi(s) refusé(s) pour de bon par le portail, gardé(s) : voir `dead`, prévenir "
        "l'assistance",
        "{count} items refused for good by the portal, kept: see `dead`, tell support",
    ),
}
