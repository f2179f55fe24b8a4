"""A carrier in the test's own process, for moments that must meet exactly: hooks run while a request waits.

Speaks as much of Twilio's protocol as the SDK needs. The simulated carrier of `device_sim` is the real one.
"""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Resource = dict[str, Any]


@dataclass
class Cut(Exception):
    """Raised by a hook: the connection ends without an answer. `done` is whether the request was carried out."""

    done: bool


@dataclass
class Refuse(Exception):
    """Raised by a hook: the answer is this HTTP status, with a body of Twilio's or of somebody else's."""

    status: int
    body: str = '{"code": 21211, "message": "no", "status": 400}'


@dataclass
class SmallCarrier:
    """`calls` and `messages` in order of arrival; a hook may raise Cut or Refuse, or do something meanwhile."""

    port: int = 0
    calls: list[Resource] = field(default_factory=list[Resource])
    messages: list[Resource] = field(default_factory=list[Resource])
    hidden: set[str] = field(default_factory=set[str])
    before_call: Callable[[Resource], None] = lambda _: None
    after_call: Callable[[Resource], None] = lambda _: None
    before_list: Callable[[str], None] = lambda _: None
    before_message: Callable[[Resource], None] = lambda _: None
    after_message: Callable[[Resource], None] = lambda _: None
    before_change: Callable[[Resource], None] = lambda _: None
    asked: list[str] = field(default_factory=list[str])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def post(self, kind: str, form: dict[str, str]) -> Resource:
        """Accept a call or a message."""
        kept = self.calls if kind == "Calls" else self.messages
        before, after = (
            (self.before_call, self.after_call)
            if kind == "Calls"
            else (self.before_message, self.after_message)
        )
        made: Resource = {
            "sid": f"{kind[0]}{len(kept) + 1:033}",
            "to": form["To"],
            "status": "queued",
            "body": form.get("Body"),
            "url": form.get("Url", form.get("StatusCallback", "")).partition("#")[0],
            "date_created": format_datetime(datetime.now(UTC)),
        }
        before(made)
        kept.append(made)
        after(made)
        return made

    def answer(self, method: str, target: str, body: str) -> Resource:
        """The answer to a request."""
        path, query = urlsplit(target).path, urlsplit(target).query
        form = {name: values[0] for name, values in parse_qs(body or query).items()}
        found = re.fullmatch(r"/2010-04-01/Accounts/AC\w+/(Calls|Messages)(?:/(\w+))?\.json", path)
        assert found is not None, path
        kind, sid = found[1], found[2]
        self.asked.append(f"{method} {kind}{' one' if sid else ''}")
        kept = self.calls if kind == "Calls" else self.messages
        if sid is None and method == "POST":
            return self.post(kind, form)
        if sid is None:
            self.before_list(form["To"])
            listed = [
                one for one in reversed(kept) if one["to"] == form["To"] and one["sid"] not in self.hidden
            ]
            return {kind.lower(): listed, "next_page_uri": None}
        one = next(one for one in kept if one["sid"] == sid)
        if method == "POST":
            self.before_change(one)
        if method == "POST" and one["status"] in ("queued", "ringing"):
            one["status"] = form["Status"]
        return one


class _Handler(BaseHTTPRequestHandler):
    carrier: SmallCarrier

    def do_POST(self) -> None:
        self._reply(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

    def do_GET(self) -> None:
        self._reply("")

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass

    def _reply(self, body: str) -> None:
        try:
            status, text = 200, json.dumps(self.carrier.answer(self.command, self.path, body))
        except Cut:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        except Refuse as refusal:
            status, text = refusal.status, refusal.body
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def small_carrier() -> Generator[SmallCarrier]:
    """A carrier that listens."""
    carrier = SmallCarrier()
    handler = type("Handler", (_Handler,), {"carrier": carrier})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    carrier.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield carrier
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
