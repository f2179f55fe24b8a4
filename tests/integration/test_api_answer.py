"""The answer page behind the link of an SMS: on any phone, without script, by whoever has the link."""

from __future__ import annotations

import re
from collections.abc import Generator
from html.parser import HTMLParser
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from support.backend import (
    POLICY,
    PUBLIC_URL,
    Backend,
    allow_connections,
    running_backend,
    terminate_connections,
)

from incident.engine.engine import Engine
from incident.record import links
from runtime.database import connect
from schemas.impact import Severity
from schemas.incident import CallParty, Trigger


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        yield backend


class Page(HTMLParser):
    """What a browser without script makes of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags = list[tuple[str, dict[str, str | None]]]()
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]

    @property
    def form(self) -> str:
        return str(next(one["value"] for one in self.all("input") if one["name"] == "form"))

    @property
    def answers(self) -> list[str | None]:
        return [one["value"] for one in self.all("button") if one.get("name") == "answer"]


def link(api: Backend, incident_id: UUID, party: CallParty = CallParty.DRIVER) -> str:
    """The path of somebody's answer page."""
    with connect(api.url, name="test") as conn:
        address = links.address(conn, PUBLIC_URL, incident_id, party)
    assert address.startswith(f"{PUBLIC_URL}/a/")
    return address.removeprefix(PUBLIC_URL)


def open_page(api: Backend, path: str, status: int = 200) -> Page:
    response = api.client.get(path)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return Page(response.text)


def send(api: Backend, path: str, **form: str) -> httpx.Response:
    return api.client.post(path, data=form)


def press(api: Backend, path: str, answer: str) -> Page:
    """Press a button as a browser does, and see what comes."""
    response = send(api, path, form=open_page(api, path).form, answer=answer)
    assert response.status_code == 303
    return open_page(api, str(httpx.URL(path).join(response.headers["location"])))


def answers(api: Backend, incident_id: UUID) -> list[dict[str, Any]]:
    rows = api.sql(
        "SELECT actor, data FROM incident_events WHERE incident_id = %s AND kind = 'answered' ORDER BY id",
        incident_id,
    )
    return [row["data"] | {"actor": row["actor"]} for row in rows]


def everything(api: Backend) -> list[Any]:
    tables = ("incidents", "incident_events", "answer_links", "chat_messages", "messages", "outbox", "timers")
    return [api.sql(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]


# What is seen.


def test_a_page_says_when_and_that_it_was_a_car_and_nothing_of_who(api: Backend) -> None:
    api.insure()
    page = open_page(api, link(api, api.report()))
    at = api.sql("SELECT to_char(occurred_at AT TIME ZONE 'Asia/Tokyo', 'HH24:MI') AS at FROM incidents")[0][
        "at"
    ]
    assert f"{at}ごろ、お車に衝撃がありました。" in page.words
    for personal in ("佐藤", "品川", "Prius", "9012345678", "35.23"):
        assert personal not in page.words
    assert page.answers == ["fine", "help", "ambulance", "operator"]
    assert [one["href"] for one in page.all("a") if str(one["href"]).startswith("tel:")] == [
        "tel:119",
        "tel:110",
    ]
    assert page.all("script") == []
    assert page.all("html")[0]["lang"] == "ja"


def test_the_page_speaks_the_holders_language(api: Backend) -> None:
    api.insure(policy=POLICY | {"holder": POLICY["holder"] | {"language": "en"}})
    page = open_page(api, link(api, api.report()))
    assert "Your car had an impact at about" in page.words
    assert page.all("html")[0]["lang"] == "en"


def test_a_page_is_kept_by_nobody_runs_nothing_and_tells_no_other_site(api: Backend) -> None:
    api.insure()
    path = link(api, api.report())
    for found in (api.client.get(path), api.client.get(f"{path}/write"), api.client.get("/a/" + "x" * 12)):
        assert found.headers["cache-control"] == "no-store"
        assert found.headers["referrer-policy"] == "no-referrer"
        policy = found.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "form-action 'self'" in policy
        assert "unsafe" not in policy
        assert found.headers["x-frame-options"] == "DENY"


def test_looking_changes_nothing(api: Backend) -> None:
    """Messengers open a link before the person does."""
    api.insure()
    path = link(api, api.report())
    before = everything(api)
    for address in (path, f"{path}/write", f"{path}?answer=fine", f"{path}?form={uuid4()}&answer=help"):
        open_page(api, address)
    assert everything(api) == before


# Answering.


@pytest.mark.parametrize(
    ("answer", "phase", "words"),
    [
        ("fine", "settling", "警察(110番)への届け出が必要です"),
        ("help", "helping", "「助けが必要」と記録しました"),
        ("ambulance", "helping", "急ぐ場合は、119番に直接おかけください"),
        ("operator", "helping", "担当者からご連絡します"),
    ],
)
def test_a_button_counts_as_the_drivers_answer(api: Backend, answer: str, phase: str, words: str) -> None:
    api.insure()
    incident_id = api.report()
    page = press(api, link(api, incident_id), answer)
    assert words in page.words
    (found,) = answers(api, incident_id)
    assert (found["answer"], found["by"], found["via"], found["actor"]) == (
        answer,
        "driver",
        "link",
        "driver",
    )
    assert api.get(f"/v1/incidents/{incident_id}")["phase"] == phase


@pytest.mark.parametrize(
    ("answer", "phase", "outcome"),
    [("accident", "helping", None), ("help", "helping", None), ("mistake", "closed", "mistake")],
)
def test_after_a_short_press_the_page_asks_what_happened(
    api: Backend, answer: str, phase: str, outcome: str | None
) -> None:
    api.insure()
    incident_id = api.report(severity=None, trigger=Trigger.SHORT_PRESS)
    path = link(api, incident_id)
    page = open_page(api, path)
    assert page.answers == ["accident", "help", "mistake"]
    for words in ("どうされましたか", "事故", "故障", "押し間違い"):
        assert words in page.words
    after = press(api, path, answer)
    assert after.answers == ([] if outcome else ["fine", "help", "ambulance", "operator"])
    (row,) = api.sql("SELECT phase, answer, outcome FROM incidents")
    assert row == {"phase": phase, "answer": answer, "outcome": outcome}


def test_a_form_sent_twice_counts_once(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    path = link(api, incident_id)
    form = open_page(api, path).form
    for _ in range(3):
        assert send(api, path, form=form, answer="help").status_code == 303
    assert len(answers(api, incident_id)) == 1
    press(api, path, "ambulance")  # a page that was opened anew is another answer
    assert [one["answer"] for one in answers(api, incident_id)] == ["help", "ambulance"]


@pytest.mark.parametrize("form", [{}, {"answer": "yes"}, {"answer": ""}, {"text": "fine"}, {"form": "x"}])
def test_what_is_no_answer_changes_nothing(api: Backend, form: dict[str, str]) -> None:
    api.insure()
    incident_id = api.report()
    before = everything(api)
    assert send(api, link(api, incident_id), **form).status_code == 303
    assert everything(api)[1] == before[1]
    assert api.client.post(link(api, incident_id), content=b"\xff\xfe=1").status_code == 303
    assert everything(api)[1] == before[1]


def test_help_that_comes_is_shown_once_it_has_accepted(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    path = link(api, incident_id)
    api.unit()
    page = press(api, path, "help")
    assert "応援を手配しています" in page.words
    api.sql(
        "UPDATE dispatches SET state = 'accepted', accepted_at = now(), eta_at = '2026-10-01T03:18:00Z' "
        "WHERE incident_id = %s",
        incident_id,
    )
    assert "隊 guard-1が向かっています。到着の見込みは12:18ごろです。" in open_page(api, path).words
    api.sql("UPDATE dispatches SET state = 'on_scene' WHERE incident_id = %s", incident_id)
    assert "隊 guard-1が到着しました。" in open_page(api, path).words


def test_on_an_expressway_it_says_where_to_stand_and_whom_to_call(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    api.sql("UPDATE incidents SET road = 'expressway' WHERE id = %s", incident_id)
    page = open_page(api, link(api, incident_id))
    assert "ガードレールの外側に避難してください" in page.words
    assert "tel:%239910" in [one["href"] for one in page.all("a")]


def test_a_closed_matter_says_so_and_takes_no_answer(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    path = link(api, incident_id)
    form = open_page(api, path).form
    api.post(f"/v1/incidents/{incident_id}/close", {"outcome": "accident"})
    page = open_page(api, path)
    assert "この件の受付は終了しています" in page.words
    assert page.answers == []
    assert page.all("meta")[-1].get("http-equiv") is None  # nothing to wait for
    assert send(api, path, form=form, answer="fine").status_code == 303
    assert api.get(f"/v1/incidents/{incident_id}")["phase"] == "closed"
    assert len(api.get("/v1/incidents")["incidents"]) == 1
    assert send(api, f"{path}/write", form=str(uuid4()), text="痛いです").status_code == 303
    assert api.sql("SELECT 1 FROM chat_messages") == []


@pytest.mark.parametrize(
    ("party", "answer", "answered"),
    [(CallParty.DRIVER, "ambulance", "ambulance"), (CallParty.CONTACT, "operator", None)],
)
def test_a_cry_for_help_on_a_page_that_is_still_open_after_the_end_is_heard(
    api: Backend, party: CallParty, answer: str, answered: str | None
) -> None:
    api.insure()
    incident_id = api.report()
    path = link(api, incident_id, party)
    form = open_page(api, path).form
    api.post(f"/v1/incidents/{incident_id}/close", {"outcome": "accident"})
    for _ in range(2):
        response = send(api, path, form=form, answer=answer)
        assert response.status_code == 303
    page = open_page(api, str(httpx.URL(path).join(response.headers["location"])))
    assert ("「救急車」と記録しました" if answered else "お知らせを記録しました") in page.words
    opened, closed = api.get("/v1/incidents")["incidents"]
    assert (opened["trigger"], opened["answer"], closed["phase"]) == ("call", answered, "closed")
    assert len(answers(api, UUID(opened["id"]))) == 1


# The contact.


def test_a_contact_says_what_they_know_and_sees_nothing_of_the_driver(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    send(api, f"{link(api, incident_id)}/write", form=str(uuid4()), text="足が痛い")
    path = link(api, incident_id, CallParty.CONTACT)
    page = open_page(api, path)
    assert page.answers == ["fine", "operator"]
    assert "足が痛い" not in page.words
    assert "佐藤" not in page.words
    assert "お知らせを記録しました" in press(api, path, "fine").words
    (found,) = answers(api, incident_id)
    assert (found["answer"], found["by"], found["actor"]) == ("fine", "contact", "contact")
    assert api.get(f"/v1/incidents/{incident_id}")["phase"] == "reaching"  # for a person to hear
    send(api, path, form=str(uuid4()), answer="ambulance")
    assert len(answers(api, incident_id)) == 1


# Links.


@pytest.mark.parametrize("token", ["x" * 12, "x" * 11, "x" * 13, "%00" * 12, "あ" * 12, "'; --aaaaaaa"])
def test_a_guessed_link_leads_nowhere(api: Backend, token: str) -> None:
    api.insure()
    api.report()
    page = open_page(api, f"/a/{token}", 404)
    assert "このリンクは使えません" in page.words
    assert "tel:119" in [one["href"] for one in page.all("a")]
    assert send(api, f"/a/{token}", answer="fine").status_code == 404


def test_who_guesses_is_slowed_down_and_still_told_whom_to_call(api: Backend) -> None:
    statuses = [api.client.get(f"/a/{'x' * 9}{number:03}").status_code for number in range(70)]
    assert statuses[:60] == [404] * 60
    assert statuses[-1] == 429
    assert "tel:119" in api.client.get("/a/" + "x" * 12).text


def test_one_who_guesses_keeps_nobody_of_the_same_address_from_answering(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    path = link(api, incident_id)
    for number in range(70):
        api.client.get(f"/a/{'x' * 9}{number:03}")
    assert "「助けが必要」と記録しました" in press(api, path, "help").words
    assert [one["answer"] for one in answers(api, incident_id)] == ["help"]


def test_who_presses_all_the_time_is_slowed_down(api: Backend) -> None:
    api.insure()
    path = link(api, api.report())
    statuses = [api.client.get(path).status_code for _ in range(45)]
    assert statuses[:30] == [200] * 30
    assert 429 in statuses


def test_links_are_long_enough_and_one_for_each_person(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    first, again = link(api, incident_id), link(api, incident_id)
    assert first == again != link(api, incident_id, CallParty.CONTACT)
    assert re.fullmatch(r"/a/[A-Za-z0-9_-]{12}", first)


def test_a_link_ends_a_day_after_its_incident_or_when_it_is_revoked(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    path = link(api, incident_id)
    api.post(f"/v1/incidents/{incident_id}/close", {"outcome": "accident"})
    api.sql("UPDATE incidents SET closed_at = now() - interval '23 hours' WHERE id = %s", incident_id)
    open_page(api, path)
    api.sql("UPDATE incidents SET closed_at = now() - interval '25 hours' WHERE id = %s", incident_id)
    open_page(api, path, 404)
    api.insure("car-0002", POLICY | {"id": "P-0002"})
    other = api.report("car-0002")
    path = link(api, other)
    with connect(api.url, name="test") as conn:
        assert links.revoke(conn, other) == 1
    open_page(api, path, 404)
    assert send(api, path, answer="fine").status_code == 404
    assert link(api, other) != path


# Bad luck.


def test_while_the_database_is_away_the_page_says_what_to_do(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    path = link(api, incident_id)
    form = open_page(api, path).form
    terminate_connections(api.url)
    try:
        response = send(api, path, form=form, answer="help")
    finally:
        allow_connections(api.url)
    assert response.status_code == 503
    page = Page(response.text)
    assert "記録できませんでした" in page.words
    assert "tel:119" in [one["href"] for one in page.all("a")]
    assert send(api, path, form=form, answer="help").status_code == 303  # sent again, it counts
    assert len(answers(api, incident_id)) == 1


# The SMS.


def test_the_sms_after_a_light_impact_carries_the_link(api: Backend) -> None:
    api.insure()
    it_stands = (
        "INSERT INTO gps_fixes VALUES ('car-0001', 1, 1, 0, now(), 0, false, 35.2324, 139.1069, 0, 0, 5)"
    )
    api.sql(it_stands)
    incident_id = api.report(severity=Severity.LIGHT)
    api.sql("UPDATE timers SET due_at = now()")
    with connect(api.url, name="test", autocommit=True) as conn:
        Engine(api.app.state.context.incidents).step(conn)
    (sms,) = api.sql("SELECT body, party FROM messages WHERE channel = 'sms'")
    found = re.search(rf"{re.escape(PUBLIC_URL)}(/a/[\w-]{{12}}) ", sms["body"])
    assert found is not None
    assert found[1] == link(api, incident_id)
    assert sms["party"] == "driver"
