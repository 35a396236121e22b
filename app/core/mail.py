"""Handing one message over to the mail server of the settings."""

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import unquote, urlsplit

from app.errors import Unavailable
from app.settings import Settings

SECONDS = 10
REFUSED = "mail_refused"
"""The code of the error where the server takes messages, and none for this address."""


def send(settings: Settings, to: str, subject: str, text: str, *, html: str = "") -> None:
    """Send a text to one person, encrypted wherever the server offers it.

    `html`: the same as a page.

    Raises Unavailable when the server does not take it, with the code `REFUSED` where it never
    will. Does nothing without SMTP_URL.
    """
    if not settings.smtp_url:
        return
    server = urlsplit(settings.smtp_url)
    message = EmailMessage()
    host = urlsplit(settings.public_url).hostname or "localhost"
    message["From"] = settings.mail_from or f"noreply@{host}"
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=host)
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    secure = server.scheme == "smtps"
    kind = smtplib.SMTP_SSL if secure else smtplib.SMTP
    try:
        with kind(server.hostname or "localhost", server.port or 0, timeout=SECONDS) as smtp:
            smtp.ehlo_or_helo_if_needed()  # until it is greeted, a server says nothing of STARTTLS
            if not secure and smtp.has_extn("starttls"):
                smtp.starttls(context=ssl.create_default_context())
            if server.username:
                smtp.login(unquote(server.username), unquote(server.password or ""))
            smtp.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        raise Unavailable(
            "The mail server refuses this address: %(answer)s",
            code=REFUSED if code >= 500 else "mail",
            answer=f"{code} {said.decode('utf-8', 'replace')[:200]}",
        ) from error
    except (OSError, smtplib.SMTPException) as error:
        raise Unavailable("The mail server does not take the message.", code="mail") from error
