"""A simulated carrier as a process, the real Twilio SDK against it, and a customer's webhooks beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

import httpx
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.request_validator import RequestValidator
from twilio.rest import Client

CHECKOUT = Path(__file__).resolve().parents[2]
ACCOUNT_SID = "AC" + "0123456789abcdef" * 2
AUTH_TOKEN = "carrier-secret"
WE = "+815000000000"


class LocalTwilio(TwilioHttpClient):
    """The SDK's own HTTP client, aimed at another scheme, host and port."""

    def __init__(self, base_url: str) -> None:
        super().__init__(timeout=5)
        self._base = urlsplit(base_url)
        assert self.session is not None
        self.session.trust_env = False

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        _, _, path, query, fragment = urlsplit(url)
        target = urlunsplit((self._base.scheme, self._base.netloc, path, query, fragment))
        return super().request(method, target, *args, **kwargs)


@contextmanager
def twilio(base_url: str, password: str = AUTH_TOKEN) -> Generator[Client]:
    """The real SDK against a carrier at `base_url`."""
    transport = LocalTwilio(base_url)
    try:
        yield Client(ACCOUNT_SID, password, http_client=transport)
    finally:
        if transport.session is not None:
            transport.session.close()


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        # A carrier that was killed does not wait for its answers.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # pyright: ignore[reportArgumentType] typeshed's alias


@dataclass(frozen=True)
class Heard:
    """One webhook as it came: parameters of the form or, for a GET, of the query."""

    at: float
    method: str
    path: str
    params: dict[str, str]
    signed: bool


@dataclass
class Customer:
    """Receives webhooks, checks their signatures, and answers with the TwiML set for a path."""

    port: int = 0
    documents: dict[str, str | Callable[[Mapping[str, str]], str]] = field(
        default_factory=dict[str, str | Callable[[Mapping[str, str]], str]]
    )
    failing: set[str] = field(default_factory=set[str])
    heard: list[Heard] = field(default_factory=list[Heard])
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen, on the port of before when there was one."""
        customer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                customer.answer(self, self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

            def do_GET(self) -> None:
                customer.answer(self, "")

            def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
                pass

        self._server = _Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections from now on."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def answer(self, request: BaseHTTPRequestHandler, body: str) -> None:
        path = urlsplit(request.path).path
        form = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
        query = {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}
        signature = request.headers.get("X-Twilio-Signature", "")
        signed = _validate(self.url + request.path, form, signature)
        self.heard.append(Heard(time.time(), request.command, path, form or query, signed))
        document = self.documents.get(path, "")
        text = document if isinstance(document, str) else document(form or query)
        data = text.encode()
        request.send_response(500 if path in self.failing else 200)
        request.send_header("Content-Type", "text/xml")
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def at(self, path: str) -> list[Heard]:
        """What came to one path, in order."""
        return [heard for heard in self.heard if heard.path == path]

    def statuses(self, path: str) -> list[str]:
        """The statuses that came to one path, in order."""
        return [one.params.get("CallStatus", one.params.get("MessageStatus", "")) for one in self.at(path)]


def _validate(url: str, form: dict[str, str], signature: str) -> bool:
    validator: Any = RequestValidator(AUTH_TOKEN)
    return bool(validator.validate(url, form, signature))


@contextmanager
def customer() -> Generator[Customer]:
    """A customer that listens."""
    one = Customer()
    one.start()
    try:
        yield one
    finally:
        one.stop()


class CarrierProcess:
    """`python -m device_sim.carrier` with a state folder of its own; it may be killed and started again."""

    def __init__(self, folder: Path, **config: object) -> None:
        self._folder = folder
        self._config: dict[str, object] = {
            "account_sid": ACCOUNT_SID,
            "auth_token": AUTH_TOKEN,
            "state_dir": str(folder / "carrier"),
            "time_scale": 0.05,
            "calls_per_s": 5,
            **config,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._starts = 0
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> Path:
        """The JSON lines of every start."""
        return self._folder / "carrier.jsonl"

    def start(self) -> None:
        """Start, on the port of before when there was one, and wait until it listens."""
        self._starts += 1
        ready = self._folder / f"ready-{self._starts}"
        process = self.spawn(ready)
        until = time.monotonic() + 60
        while not ready.exists() or not ready.read_text():
            if process.poll() is not None or time.monotonic() > until:
                process.kill()
                process.wait()
                raise RuntimeError((self._folder / "carrier.err").read_text())
            time.sleep(0.01)
        lines = [json.loads(line) for line in self.output.read_text().splitlines()]
        self.port = [line["port"] for line in lines if line["event"] == "listening"][-1]
        self._process = process

    def spawn(self, ready: Path) -> subprocess.Popen[bytes]:
        """Start a process on this state folder and do not wait."""
        config = self._folder / "carrier.json"
        config.write_text(json.dumps(self._config | {"port": self.port}))
        with self.output.open("ab") as out, (self._folder / "carrier.err").open("ab") as err:
            return subprocess.Popen(
                [sys.executable, "-m", "device_sim.carrier", "--config", str(config)],
                cwd=CHECKOUT,
                env=os.environ | {"CBUTTON_READY_FILE": str(ready)},
                stdout=out,
                stderr=err,
            )

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> int:
        """SIGTERM; returns the exit status."""
        assert self._process is not None
        self._process.terminate()
        status = self._process.wait(10)
        self._process = None
        return status

    def sim(self, path: str) -> Any:
        """GET /_sim/…"""
        return httpx.get(f"{self.url}/_sim/{path}", trust_env=False, timeout=5).raise_for_status().json()

    def put(self, path: str, value: object) -> None:
        """PUT /_sim/…"""
        answer = httpx.put(f"{self.url}/_sim/{path}", json=value, trust_env=False, timeout=5)
        answer.raise_for_status()

    def call(self, sid: str) -> Any:
        """The whole story of one call."""
        return next(call for call in self.sim("calls") if call["sid"] == sid)

    def errors(self) -> str:
        """What it wrote to standard error."""
        return (self._folder / "carrier.err").read_text()


@contextmanager
def carrier(folder: Path, **config: object) -> Generator[CarrierProcess]:
    """A carrier that listens."""
    process = CarrierProcess(folder, **config)
    process.start()
    try:
        yield process
    finally:
        process.kill()


def until(condition: Callable[[], object], within_s: float = 20.0) -> None:
    """Wait for a condition.

    Raises:
        AssertionError: it did not come true in time.
    """
    ends_at = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < ends_at, "the condition did not come true in time"
        time.sleep(0.02)
