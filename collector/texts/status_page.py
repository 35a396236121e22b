"""The status page, in the language of its reader and not of the computer."""

TEXTS = {
    "page.battery": ("Batterie", "Battery"),
    "page.soc": ("Charge", "Charge"),
    "page.pack_voltage": ("Tension", "Voltage"),
    "page.current": ("Courant", "Current"),
    "page.cell_voltage_min": ("Cellule basse", "Lowest cell"),
    "page.cell_voltage_max": ("Cellule haute", "Highest cell"),
    "page.temperature_max": ("Température", "Temperature"),
    "page.state": ("État", "State"),
    "page.fine": ("répond", "answers"),
    "page.late": ("en retard", "late"),
    "page.nothing": ("rien entendu encore", "nothing heard yet"),
    "page.delivered": (
        "Dernière réponse du portail : il y a {seconds} s.",
        "Last answer of the portal: {seconds} s ago.",
    ),
    "page.never": (
        "Le portail n'a pas encore répondu.",
        "The portal has not answered yet.",
    ),
    "page.queued": ("En attente : {n} blocs.", "Waiting: {n} blocks."),
    "page.disk": ("Le disque ne répond pas.", "The disk does not answer."),
    "page.lost": ("Perdues sur place : {n} mesures.", "Lost here: {n} readings."),
}
