"""The plan says in which languages people are spoken to; who chose another one is spoken to in its default."""

from __future__ import annotations

from collections.abc import Generator
from uuid import UUID

import pytest
from support.desk import AKIKO, leg, said, sign_in
from support.insured import CONTACT, DRIVER, Insured, insured_world
from support.scene import DEFAULT_PLAN_TOML

from incident import wording
from incident.engine.engine import Engine
from incident.plan import store as plans
from incident.record import links
from incident.voice.calls import Calls
from incident.voice.conversation import Conversation
from incident.voice.inbound import Inbound
from schemas.incident import CallParty, Language

BOTH = 'offered = ["ja", "en"]\ndefault = "ja"'
SID = "CA" + "7" * 32


@pytest.fixture
def world(database_url: str) -> Generator[Insured]:
    with insured_world(database_url) as made:
        yield made


def offer(world: Insured, *languages: Language, default: Language) -> None:
    listed = ", ".join(f'"{language}"' for language in languages)
    assert BOTH in DEFAULT_PLAN_TOML
    plans.put(world.conn, DEFAULT_PLAN_TOML.replace(BOTH, f'offered = [{listed}]\ndefault = "{default}"'))


def crash(world: Insured, speaks: Language) -> UUID:
    """A severe one of somebody whose family speaks the same; the contact is called too."""
    device = world.insure()
    for table in ("policyholders", "emergency_contacts"):
        world.conn.execute(f"UPDATE {table} SET language = '{speaks}'")  # pyright: ignore[reportArgumentType, reportCallIssue]
    incident_id = world.report(device)
    world.make_due(incident_id, "step:0:6")
    Engine(world.incidents).step(world.conn)
    return incident_id


def ring(world: Insured, number: str) -> str:
    calls = Calls(world.incidents)
    talk = Conversation(world.settings, world.incidents, calls)
    with world.conn.transaction():
        return Inbound(world.incidents, calls, talk).ring(world.conn, SID, number)


@pytest.mark.parametrize(
    ("offered", "default", "speaks", "hears"),
    [
        ((Language.JA, Language.EN), Language.JA, Language.EN, Language.EN),
        ((Language.JA,), Language.JA, Language.EN, Language.JA),
        ((Language.EN,), Language.EN, Language.JA, Language.EN),
    ],
)
def test_calls_and_texts_are_in_a_language_that_is_offered(
    world: Insured, offered: tuple[Language, ...], default: Language, speaks: Language, hears: Language
) -> None:
    offer(world, *offered, default=default)
    incident_id = crash(world, speaks)
    for party in (CallParty.DRIVER, CallParty.CONTACT):
        assert leg(world, incident_id, party).row["language"] == hears
    assert {row["language"] for row in world.rows("SELECT language FROM messages")} == {hears}
    document = ring(world, DRIVER)
    assert leg(world, incident_id, CallParty.CALLER).row["language"] == hears
    assert said(document) == wording.welcome(wording.Facts("つながる損保", "Tsunagaru Insurance"), hears)


def test_the_answer_page_speaks_as_the_text_that_led_there(world: Insured) -> None:
    offer(world, Language.JA, default=Language.JA)
    incident_id = crash(world, Language.EN)
    address = links.address(world.conn, "http://localhost", incident_id, CallParty.DRIVER)
    found = links.find(world.conn, address.rpartition("/")[2])
    assert found is not None
    assert found.language == "ja"


def test_a_stranger_hears_what_is_offered_and_nothing_else(world: Insured) -> None:
    offer(world, Language.EN, default=Language.EN)
    document = ring(world, "+81311112222")
    assert "A person comes to the telephone now" in said(document)
    assert "事故受付です" not in said(document)
    assert world.one("SELECT language FROM calls WHERE direction = 'inbound'")["language"] == "en"
    assert ring(world, "+81311112222") == document


def test_an_incident_keeps_the_languages_it_opened_with(world: Insured) -> None:
    incident_id = crash(world, Language.EN)
    offer(world, Language.JA, default=Language.JA)
    ring(world, CONTACT)
    assert leg(world, incident_id, CallParty.CALLER).row["language"] == "en"


def test_operators_speak_as_they_signed_in(world: Insured) -> None:
    offer(world, Language.JA, default=Language.JA)
    sign_in(world, language=Language.EN)
    incident_id = world.report(world.insure())
    leg(world, incident_id, CallParty.DRIVER).picks_up()
    operator = leg(world, incident_id, CallParty.OPERATOR).row
    assert (operator["number"], operator["language"]) == (AKIKO, "en")
