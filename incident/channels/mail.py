"""E-mail, behind a seam: a mail server by SMTP, with the standard library.

Nothing can make sure that a mail is taken once: the connection may be lost after the text was sent and
before the server has said so. It is sent again then, with the same Message-ID, by which mail programs
and people know the second one for what it is.
"""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from email.utils import formatdate
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit
from uuid import UUID

import structlog

from incident.channels.deliveries import Deliveries, wait_s
from incident.channels.outbox import Outbox, guarded
from incident.service import Incidents
from runtime.database import Connection
from runtime.settings import Settings

_TIMEOUT_S: Final = 10.0
_WAITS_S: Final = (15.0, 60.0, 300.0, 900.0, 3600.0)
_LIFETIME: Final = timedelta(days=2)
# Connecting, greeting, log-in, the mail and farewell, each as late as may be.
LONGEST_STEP_S: Final = 100.0
_LEASE: Final = timedelta(seconds=LONGEST_STEP_S)
_PORTS: Final = {"smtp": 25, "smtps": 465}


class MailRefused(Exception):
    """The server will not take this mail, now or later. `code` is its reply code."""

    def __init__(self, code: str, words: str) -> None:
        self.code = code
        super().__init__(words)


class MailUnsent(Exception):
    """The server was not reached, was busy, or did not say whether it took the mail."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one person."""

    id: UUID
    to: str
    subject: str
    body: str


class MailService(Protocol):
    """Whatever can send a mail."""

    def send(self, mail: Mail) -> str:
        """Hand a mail over; its Message-ID. Raises MailRefused and MailUnsent."""
        ...


class SmtpServer:
    """A mail server at an smtp:// (with STARTTLS where it is offered) or smtps:// address."""

    def __init__(self, url: str, mail_from: str) -> None:
        self._url = urlsplit(url)
        self._from = mail_from
        self._domain = mail_from.rpartition("@")[2].rstrip(">") or "localhost"

    def send(self, mail: Mail) -> str:
        """Hand a mail over; its Message-ID. Raises MailRefused and MailUnsent."""
        try:
            message = self._message(mail)
        except ValueError as error:  # such as a line break where none may be
            raise MailRefused("unusable", str(error)) from error
        try:
            server = self._connect()
            try:
                server.send_message(message)
            finally:
                # What was taken is taken, however the farewell goes.
                with contextlib.suppress(smtplib.SMTPException, OSError):
                    server.quit()
                server.close()
        except smtplib.SMTPRecipientsRefused as error:
            code, _ = next(iter(error.recipients.values()))
            raise _meaning(code) from error
        except smtplib.SMTPResponseException as error:
            raise _meaning(error.smtp_code) from error
        except smtplib.SMTPNotSupportedError as error:
            raise MailRefused("unsupported", str(error)) from error
        except (smtplib.SMTPException, OSError) as error:
            raise MailUnsent(f"{type(error).__name__}: {error}") from error
        return str(message["Message-ID"])

    def _message(self, mail: Mail) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._from
        message["To"] = mail.to
        message["Subject"] = mail.subject
        message["Date"] = formatdate(localtime=False)
        message["Message-ID"] = f"<{mail.id}@{self._domain}>"
        # No machine is to answer it: not with "I am away", and not into this mailbox.
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.body, cte="base64")
        return message

    def _connect(self) -> smtplib.SMTP:
        host = self._url.hostname or "127.0.0.1"
        port = self._url.port or _PORTS[self._url.scheme]
        context = ssl.create_default_context()
        if self._url.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=_TIMEOUT_S, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=_TIMEOUT_S)
        try:
            server.ehlo()
            if self._url.scheme == "smtp" and server.has_extn("starttls"):
                server.starttls(context=context)
                server.ehlo()
            if self._url.username:
                server.login(unquote(self._url.username), unquote(self._url.password or ""))
        except BaseException:
            server.close()
            raise
        return server


class MailSender:
    """Drains the outbox of mails; used by one thread with its own autocommit connection.

    Without a service no mail waits for one: each has failed, and the record says so.
    """

    def __init__(self, incidents: Incidents, service: MailService | None) -> None:
        self._service = service
        self._outbox = Outbox(_LEASE)
        self._deliveries = Deliveries(incidents, self._outbox)
        self._log = structlog.get_logger(role="mail")

    def step(self, conn: Connection) -> bool:
        """Send a mail that is due; false if there is none."""
        return guarded(self._step, conn, "mail")

    def _step(self, conn: Connection) -> bool:
        effect = self._outbox.claim(conn, "mail")
        if effect is None:
            return False
        message = self._deliveries.message(conn, effect, _LIFETIME)
        if message is None:
            return True
        if self._service is None or message["outdated"]:
            self._deliveries.failed(conn, effect, "outdated" if self._service else "no_server")
            return True
        mail = Mail(message["id"], message["email"], message["subject"], message["body"])
        try:
            message_id = self._service.send(mail)
        except MailRefused as error:
            self._deliveries.failed(conn, effect, error.code, error)
        except MailUnsent as error:
            self._log.warning("a mail could not be sent", error=str(error))
            self._outbox.put_back(conn, effect["id"], wait_s(_WAITS_S, effect), error)
        else:
            self._deliveries.sent(conn, message["id"], message_id)
        return True


def mail_service(settings: Settings) -> MailService | None:
    """The mail server of the settings; None if there is none."""
    url = settings.smtp_url.get_secret_value()
    return SmtpServer(url, settings.mail_from) if url else None


def _meaning(code: int) -> MailRefused | MailUnsent:
    """What a reply means. Its words are kept nowhere: servers quote the address in them."""
    # RFC 5321: 4yz may succeed later; 530 and 535 are about our log-in, which somebody will put right.
    if code // 100 == 5 and code not in (530, 534, 535):
        return MailRefused(str(code), str(code))
    return MailUnsent(str(code))
