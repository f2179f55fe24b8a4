"""What we ask of Twilio, held against Twilio's own OpenAPI description: by its schemas, and by Prism."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import httpx
import jsonschema
import pytest
from support.insured import settings_for
from support.twilio_description import description, form_schema, prism

from incident.channels.twilio_carrier import TwilioCarrier
from runtime.state import free_port

CALL = UUID("0b0f6a54-8d3c-4d58-9a1e-0123456789ab")
SID = "CA" + "0123456789abcdef" * 2
PUBLIC = "https://button.example"


def carrier(address: str) -> TwilioCarrier:
    return TwilioCarrier(settings_for(twilio_base_url=address, public_url=PUBLIC, twilio_timeout_s=20.0))


def everything(one: TwilioCarrier) -> None:
    """Every request we make that changes something."""
    one.place_call("+819000000001", CALL, 14.0)
    one.place_call("+819000000001", CALL, 14.0, detect=False)
    one.connect_call(SID, CALL)
    one.cancel_call(SID)
    one.send_sms("+819000000001", "到着の見込みは14:25ごろです。", CALL)


@pytest.fixture
def asked() -> Generator[tuple[str, list[tuple[str, dict[str, list[str]]]]]]:
    """An address that answers anything, and what was posted to it."""
    posted: list[tuple[str, dict[str, list[str]]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            posted.append((self.path, parse_qs(body, keep_blank_values=True)))
            answer = json.dumps({"sid": SID, "status": "queued"}).encode()
            self.send_response(201)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", posted
    finally:
        server.shutdown()
        server.server_close()


def typed(form: dict[str, list[str]], schema: dict[str, Any]) -> dict[str, Any]:
    """A form as JSON: one value where the description has one, and numbers where it has numbers."""
    values: dict[str, Any] = {}
    for name, given in form.items():
        kind = schema["properties"].get(name, {}).get("type")
        assert kind == "array" or len(given) == 1, f"{name} is given {len(given)} times"
        values[name] = given if kind == "array" else int(given[0]) if kind == "integer" else given[0]
    return values


def schema_of(path: str) -> dict[str, Any]:
    _, _, what = path.partition("/Accounts/")
    what = "/" + what.partition("/")[2]
    return form_schema("/Calls/{Sid}.json" if SID in what else what)


def test_every_request_is_as_twilio_describes_it_and_has_no_parameter_besides(
    asked: tuple[str, list[tuple[str, dict[str, list[str]]]]],
) -> None:
    address, posted = asked
    description()  # skips where it cannot be had
    everything(carrier(address))
    assert len(posted) == 5
    assert posted[0][1]["StatusCallbackEvent"] == ["initiated", "ringing", "answered", "completed"]
    for path, form in posted:
        schema = schema_of(path)
        jsonschema.validate(typed(form, schema), schema, format_checker=jsonschema.FormatChecker())
        # The check itself is not asleep.
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(typed(form, schema) | {"ValidityPeriodd": "10"}, schema)


@pytest.fixture(scope="module")
def mock(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """Prism, playing Twilio by its description."""
    folder: Path = tmp_path_factory.mktemp("prism")
    file, port = folder / "twilio.json", free_port()
    file.write_text(json.dumps(description()), encoding="utf-8")
    command = [*prism(), "mock", "--errors", "-h", "127.0.0.1", "-p", str(port), str(file)]
    with (folder / "prism.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    until = time.monotonic() + 120
    try:
        # Its own word that it listens: another process may answer on that port.
        while "Prism is listening on" not in (folder / "prism.log").read_text():
            assert process.poll() is None, (folder / "prism.log").read_text()
            assert time.monotonic() < until
            time.sleep(0.2)
        yield address
    finally:
        process.kill()
        process.wait()


def test_prism_takes_every_request(mock: str) -> None:
    everything(carrier(mock))


def test_prism_would_have_told(mock: str) -> None:
    """A time to ring that is no number."""
    answer = httpx.post(
        f"{mock}/2010-04-01/Accounts/{'AC' + '0' * 32}/Calls.json",
        data={"To": "+819000000001", "From": "+815000000000", "Url": "https://x.example", "Timeout": "soon"},
        auth=("AC" + "0" * 32, "x"),
        trust_env=False,
        timeout=20,
    )
    assert answer.status_code == 422, answer.text
