"""The report by e-mail after an incident, to a real mail server: once if at all possible, and known again if not."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from pydantic import SecretStr
from support.insured import Insured, insured_world

from incident.channels.mail import Mail, MailRefused, MailSender, MailUnsent, SmtpServer, mail_service
from incident.escalation.commands import Close
from runtime.state import free_port
from schemas.incident import Outcome

FROM = "つながる損保 <noreply@example.jp>"


class Post:
    """A mail server's mailbox; `reply` is what it says to a mail, `drop` ends the connection instead."""

    def __init__(self) -> None:
        self.taken = list[EmailMessage]()
        self.reply = "250 OK"
        self.recipient = "250 OK"
        self.drop = False
        self.logins = list[tuple[bytes, bytes]]()

    async def handle_RCPT(  # noqa: N802 - its name is given
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = cast("bytes", envelope.content)
        if self.reply.startswith("250"):
            self.taken.append(cast("EmailMessage", message_from_bytes(content, policy=policy.default)))
        if self.drop:
            transport: Any = server.transport
            transport.abort()
            await asyncio.sleep(0)
        return self.reply


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def address(post: Post) -> Generator[str]:
    """A mail server that listens; it asks for a log-in."""

    def login(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        given = cast("LoginPassword", data)
        post.logins.append((given.login, given.password))
        return AuthResult(success=given.password == b"pa ss")

    port = free_port()
    controller = Controller(
        post, hostname="127.0.0.1", port=port, auth_require_tls=False, authenticator=login
    )
    controller.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        controller.stop()


@pytest.fixture
def world(database_url: str) -> Generator[Insured]:
    with insured_world(database_url) as made:
        yield made


def closed(world: Insured, *, email: str | None = "taro@example.jp", agreed: bool = True) -> UUID:
    """An incident that was closed; nothing but mail waits."""
    device = world.insure()
    world.conn.execute(
        "UPDATE policyholders SET email = %s, email_agreed_on = %s", [email, "2026-04-01" if agreed else None]
    )
    incident_id = world.report(device)
    world.tell(incident_id, lambda at: Close(at, "akiko", Outcome.ACCIDENT))
    return incident_id


def sender(world: Insured, address: str, password: str = "pa%20ss") -> MailSender:
    return MailSender(world.incidents, SmtpServer(f"smtp://user:{password}@{address}", FROM))


def mail(world: Insured) -> dict[str, Any]:
    return world.one(
        "SELECT m.*, o.state AS queued, o.error, o.due_at > clock_timestamp() AS waits "
        "FROM messages m JOIN outbox o USING (id) WHERE channel = 'mail'"
    )


def test_the_report_goes_to_who_agreed_to_mail(world: Insured, post: Post, address: str) -> None:
    closed(world)
    one = sender(world, address)
    assert one.step(world.conn)
    assert not one.step(world.conn)
    (taken,) = post.taken
    row = mail(world)
    assert taken["To"] == "taro@example.jp"
    assert taken["From"] == FROM
    assert taken["Message-ID"] == f"<{row['id']}@example.jp>"
    assert taken["Auto-Submitted"] == "auto-generated"
    assert taken["Subject"].startswith("【つながる損保】")
    assert "警察(110番)への届け出が必要です" in taken.get_content()
    assert (row["state"], row["queued"], row["sid"]) == ("sent", "done", taken["Message-ID"])
    assert post.logins == [(b"user", b"pa ss")]


@pytest.mark.parametrize(("email", "agreed"), [(None, True), ("taro@example.jp", False)])
def test_without_an_address_or_consent_there_is_none(world: Insured, email: str | None, agreed: bool) -> None:
    incident_id = closed(world, email=email, agreed=agreed)
    assert world.rows("SELECT 1 FROM messages WHERE channel = 'mail'") == []
    assert "effect_failed" not in world.events(incident_id)


def test_after_a_test_there_is_none(world: Insured) -> None:
    device = world.insure()
    world.conn.execute("UPDATE policyholders SET email = 'taro@example.jp', email_agreed_on = '2026-04-01'")
    world.tell(world.report(device), lambda at: Close(at, "akiko", Outcome.TEST))
    assert world.rows("SELECT 1 FROM messages WHERE channel = 'mail'") == []


def test_a_server_that_is_away_gets_it_later(world: Insured, post: Post, address: str) -> None:
    closed(world)
    away = sender(world, "127.0.0.1:1")
    assert away.step(world.conn)
    row = mail(world)
    assert (row["state"], row["queued"], row["waits"]) == ("waiting", "pending", True)
    assert not away.step(world.conn)  # not at once
    world.run_out_leases()
    assert sender(world, address).step(world.conn)
    assert mail(world)["state"] == "sent"
    assert len(post.taken) == 1


@pytest.mark.parametrize("where", ["reply", "recipient"])
def test_a_busy_server_gets_it_later_and_one_that_refuses_never(
    world: Insured, post: Post, address: str, where: str
) -> None:
    incident_id = closed(world)
    setattr(post, where, "451 later")
    one = sender(world, address)
    assert one.step(world.conn)
    assert mail(world)["queued"] == "pending"
    setattr(post, where, "550 no such mailbox")
    world.run_out_leases()
    assert one.step(world.conn)
    row = mail(world)
    assert (row["state"], row["code"], row["queued"]) == ("failed", "550", "failed")
    assert "effect_failed" in world.events(incident_id)
    world.run_out_leases()
    assert not one.step(world.conn)


def test_a_connection_lost_after_the_text_brings_it_again_under_the_same_id(
    world: Insured, post: Post, address: str
) -> None:
    closed(world)
    post.drop = True
    one = sender(world, address)
    assert one.step(world.conn)
    assert mail(world)["queued"] == "pending"
    post.drop = False
    world.run_out_leases()
    assert one.step(world.conn)
    first, second = post.taken
    assert first["Message-ID"] == second["Message-ID"]
    assert mail(world)["state"] == "sent"


def test_a_sender_killed_before_or_after_sending_leaves_it_to_the_next(
    world: Insured, post: Post, address: str
) -> None:
    closed(world)
    one = sender(world, address)
    one._outbox.claim(world.conn, "mail")  # pyright: ignore[reportPrivateUsage] and is killed
    assert not one.step(world.conn)
    world.run_out_leases()
    assert one.step(world.conn)
    assert len(post.taken) == 1


def test_a_wrong_password_is_put_right_by_somebody_and_then_it_goes(
    world: Insured, post: Post, address: str
) -> None:
    closed(world)
    assert sender(world, address, "wrong").step(world.conn)
    assert mail(world)["queued"] == "pending"
    world.run_out_leases()
    assert sender(world, address).step(world.conn)
    assert len(post.taken) == 1


def test_after_two_days_it_is_given_up(world: Insured, post: Post, address: str) -> None:
    closed(world)
    world.conn.execute("UPDATE messages SET created_at = created_at - interval '49 hours'")
    assert sender(world, address).step(world.conn)
    assert post.taken == []
    row = mail(world)
    assert (row["state"], row["code"], row["queued"]) == ("failed", "outdated", "expired")


def test_without_a_server_nothing_waits_for_one(world: Insured) -> None:
    incident_id = closed(world)
    assert MailSender(world.incidents, mail_service(world.settings)).step(world.conn)
    row = mail(world)
    assert (row["state"], row["code"], row["queued"]) == ("failed", "no_server", "failed")
    assert "effect_failed" in world.events(incident_id)


@pytest.mark.parametrize("where", ["reply", "recipient"])
@pytest.mark.parametrize("code", [451, 550])
def test_what_a_server_says_of_somebody_is_kept_nowhere(
    world: Insured, post: Post, address: str, capsys: pytest.CaptureFixture[str], where: str, code: int
) -> None:
    closed(world)
    setattr(post, where, f"{code} <taro@example.jp> is not here")
    assert sender(world, address).step(world.conn)
    assert str(code) in mail(world)["error"]
    assert "taro@" not in capsys.readouterr().out + mail(world)["error"]


def test_what_is_written_to_people_cannot_become_a_header(address: str) -> None:
    server = SmtpServer(f"smtp://user:pa%20ss@{address}", FROM)
    with pytest.raises(MailRefused):
        server.send(Mail(uuid4(), "taro@example.jp\r\nBcc: x@example.jp", "件名", "本文"))


def test_no_server_no_sender(world: Insured) -> None:
    assert mail_service(world.settings) is None
    set_up = world.settings.model_copy(update={"smtp_url": SecretStr("smtps://u:p@mail.example.jp")})
    assert isinstance(mail_service(set_up), SmtpServer)
    with pytest.raises(MailUnsent):
        SmtpServer("smtp://127.0.0.1:1", FROM).send(
            Mail(uuid4(), "a@example.jp", "x", str(datetime.now(UTC)))
        )


def test_a_mail_that_cannot_be_made_holds_up_no_other(world: Insured, post: Post, address: str) -> None:
    closed(world)
    world.conn.execute("UPDATE messages SET subject = E'one\\ntwo' WHERE channel = 'mail'")
    one = sender(world, address)
    assert one.step(world.conn)
    assert post.taken == []
    assert (mail(world)["state"], mail(world)["code"]) == ("failed", "unusable")
    world.conn.execute("UPDATE policyholders SET email_agreed_on = '2026-04-01'")
    incident_id = world.report()
    world.tell(incident_id, lambda at: Close(at, "akiko", Outcome.ACCIDENT))
    assert one.step(world.conn)
    assert len(post.taken) == 1
