"""Mail, as text and as a page, through the mail server of the settings."""

from html import escape

from app.core import mail
from app.errors import Unavailable
from app.settings import Settings

from .base import Address, Channel, Message, Undelivered

COLOURS = {"urgent": "#B3261E", "critical": "#B3261E", "warning": "#8A5A00", "info": "#1F5FA8"}
OPEN = {"fr": "Ouvrir dans TrackingBMS", "en": "Open in TrackingBMS"}
WHY = {
    "fr": "Vous recevez ce message selon vos préférences ; elles sont dans votre profil :",
    "en": "You receive this by your preferences; they are in your profile:",
}


def send(settings: Settings, address: Address, message: Message) -> str:
    """Hand it to the mail server."""
    profile = f"{settings.public_url}/profil"
    subject = " · ".join(filter(None, (message.title, message.where)))
    try:
        mail.send(
            settings,
            address["email"],
            subject,
            _text(message, profile),
            html=_page(message, profile),
        )
    except Unavailable as error:
        gone = error.code == mail.REFUSED
        raise Undelivered(str(error), gone=gone, down=not gone) from error
    return "accepted"


def _text(message: Message, profile: str) -> str:
    facts = "\n".join(f"{label} : {text}" for label, text in message.facts)
    parts = (f"{message.title}\n{message.where}".strip(), *message.lines, facts, message.url)
    said = "\n\n".join(part for part in parts if part)
    return f"{said}\n\n--\n{WHY[message.language]} {profile}\n"


def _page(message: Message, profile: str) -> str:
    """Inline styles only: mail programs keep nothing else."""
    colour = COLOURS.get(message.severity, COLOURS["info"])
    lines = "".join(f'<p style="margin:0 0 12px">{escape(line)}</p>' for line in message.lines)
    facts = "".join(
        f'<tr><td style="padding:2px 16px 2px 0;color:#5A6675">{escape(label)}</td>'
        f'<td style="padding:2px 0">{escape(text)}</td></tr>'
        for label, text in message.facts
    )
    table = f'<table style="margin:0 0 16px;border-collapse:collapse">{facts}</table>'
    return (
        f'<!doctype html><html lang="{message.language}"><body style="margin:0;padding:24px;'
        'font:15px/1.5 system-ui,sans-serif;color:#0E1B2B;background:#F5F7FA">'
        '<div style="max-width:560px;margin:0 auto;padding:24px;background:#fff;'
        f'border-radius:12px;border-top:4px solid {colour}">'
        f'<h1 style="margin:0;font-size:20px">{escape(message.title)}</h1>'
        f'<p style="margin:0 0 16px;color:#5A6675">{escape(message.where)}</p>'
        f"{lines}{table if facts else ''}"
        f'<p style="margin:0 0 24px"><a href="{escape(message.url)}" style="display:inline-block;'
        "padding:10px 18px;border-radius:8px;background:#0B5FCC;color:#fff;"
        f'text-decoration:none">{OPEN[message.language]}</a></p>'
        f'<p style="margin:0;font-size:13px;color:#5A6675">{WHY[message.language]} '
        f'<a href="{escape(profile)}" style="color:#0B5FCC">{escape(profile)}</a></p>'
        "</div></body></html>"
    )


CHANNEL = Channel("mail", ("Courriel", "E-mail"), lambda settings: bool(settings.smtp_url), send)
