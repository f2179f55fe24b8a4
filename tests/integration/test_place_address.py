"""An address service over HTTP, that makes the words of a place finer and whose failure is no harm."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from psycopg.types.json import Jsonb

from incident.places.address import Address, AddressService, improve
from incident.places.describe import as_json, describe, from_json, warm
from incident.places.place import PlaceFacts, Words
from incident.places.refining import refine_next
from runtime.database import Connection, connect
from runtime.settings import Settings, SettingsError
from schemas.impact import Position

HAKONE, ODAWARA = Position(35.2324, 139.1069), Position(35.2556, 139.1597)


@pytest.fixture
def conn(database_url: str) -> Generator[Connection]:
    warm()
    with connect(database_url, name="test", autocommit=True) as connection:
        yield connection


class Answering(BaseHTTPRequestHandler):
    """An address service: `answer` is a JSON text, a status, or None for none within the second."""

    answer: ClassVar[str | int | None] = "{}"
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.answer is None:
            time.sleep(2)
            return
        self.send_response(self.answer if isinstance(self.answer, int) else 200)
        self.end_headers()
        if isinstance(self.answer, str):
            self.wfile.write(self.answer.encode())

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def address_service(answer: str | int | None) -> Generator[tuple[AddressService, list[str]]]:
    handler = type("Handler", (Answering,), {"answer": answer, "asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        service = AddressService(
            f"http://127.0.0.1:{server.server_port}/x?lat={{lat}}&lon={{lon}}", timeout_s=0.3
        )
        try:
            yield service, handler.asked
        finally:
            service.close()
            server.shutdown()
            thread.join()


GSI_YUMOTO = '{"results": {"muniCd": "14382", "lv01Nm": "湯本"}}'


def test_an_address_service_makes_the_words_finer(conn: Connection) -> None:
    facts = describe(conn, HAKONE)
    assert facts.off_address
    with address_service(GSI_YUMOTO) as (service, asked):
        address = service.ask(HAKONE)
    assert asked == ["/x?lat=35.232400&lon=139.106900"]
    assert address is not None
    finer = improve(facts, address)
    assert finer.words == Words("神奈川県箱根町湯本付近", "near Hakone, Kanagawa (湯本)")
    assert not finer.off_address
    assert (finer.area, finer.fire_words) == (facts.area, facts.fire_words)
    # A service that is elsewhere is not believed over the map that chose the fire headquarters.
    assert improve(facts, Address("20202", "大手", "")) == facts
    assert improve(facts, Address(None, "", "長野県松本市大手")) == facts
    assert improve(facts, Address(None, "", "神奈川県箱根町湯本")).words.ja == "神奈川県箱根町湯本付近"


@pytest.mark.parametrize("answer", ["{}", "nonsense", '{"what": 1}', 500, 302, None], ids=str)
def test_a_service_that_does_not_help_is_no_harm(answer: str | int | None) -> None:
    with address_service(answer) as (service, asked):
        began_s = time.monotonic()
        assert service.ask(HAKONE) is None
        assert time.monotonic() - began_s < 1.5
    assert len(asked) == 1


def test_a_service_that_is_not_there_is_no_harm() -> None:
    service = AddressService("http://127.0.0.1:9/x?lat={lat}&lon={lon}", timeout_s=0.3)
    assert service.ask(HAKONE) is None
    service.close()


def incident(conn: Connection, facts: PlaceFacts | None) -> str:
    conn.execute("INSERT INTO escalation_plans (sha256, toml) VALUES ('x', '') ON CONFLICT DO NOTHING")
    incident_id = str(uuid4())
    conn.execute(
        "INSERT INTO incidents (id, plan_version, trigger, phase, occurred_at, opened_at, state, place) "
        "SELECT %s, max(version), 'impact', 'reaching', now(), now(), '{}', %s FROM escalation_plans",
        [incident_id, Jsonb(as_json(facts)) if facts is not None else None],
    )
    return incident_id


def place_of(conn: Connection, incident_id: str) -> PlaceFacts:
    row = conn.execute("SELECT place FROM incidents WHERE id = %s", [incident_id]).fetchone()
    assert row is not None
    return from_json(row["place"])


def test_each_open_incident_is_asked_for_once(conn: Connection) -> None:
    first, second = incident(conn, describe(conn, HAKONE)), incident(conn, describe(conn, ODAWARA))
    incident(conn, None)
    with address_service(GSI_YUMOTO) as (service, asked):
        assert [refine_next(conn, service) for _ in range(3)] == [True, True, False]
    assert len(asked) == 2
    assert place_of(conn, first).words.ja == "神奈川県箱根町湯本付近"
    assert place_of(conn, second) == replace(describe(conn, ODAWARA), address_asked=True)


def test_an_incident_that_moves_while_its_address_is_asked_for_keeps_its_new_place(conn: Connection) -> None:
    incident_id = incident(conn, describe(conn, HAKONE))
    moved = describe(conn, ODAWARA)

    class Moving(AddressService):
        def ask(self, position: Position) -> Address | None:
            conn.execute(
                "UPDATE incidents SET place = %s WHERE id = %s", [Jsonb(as_json(moved)), incident_id]
            )
            return Address("14382", "湯本", "")

    service = Moving("http://127.0.0.1:9/{lat}{lon}")
    assert refine_next(conn, service)
    assert place_of(conn, incident_id) == moved
    service.close()


def test_the_setting_needs_both_coordinates() -> None:
    for url in ("ftp://x/{lat}{lon}", "https://x/?lat={lat}", "nonsense"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CBUTTON_GEOCODER_URL", url)
            with pytest.raises(SettingsError, match="CBUTTON_GEOCODER_URL"):
                Settings.load()
