"""Engine and senders at work against the simulated carrier, with the webhooks the API would take."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from support.insured import ACCOUNT_SID, AUTH_TOKEN, Insured, insured_world
from support.telephone import CarrierProcess, Customer, carrier

from incident.channels.push import PushSender
from incident.channels.sms import SmsSender
from incident.channels.twilio_carrier import TwilioCarrier
from incident.engine.engine import Engine
from incident.voice import twiml
from incident.voice.calls import Calls
from incident.voice.conversation import Conversation
from incident.voice.dialer import Dialer
from runtime.database import Connection

SCALE: Final = 0.1


class Webhooks(Customer):
    """What the API does with the carrier's webhooks, without the API."""

    world: Insured

    def answer(self, request: BaseHTTPRequestHandler, body: str) -> None:
        path = urlsplit(request.path).path
        self.documents.setdefault(path, partial(self.words, path))
        super().answer(request, body)

    def words(self, path: str, form: Mapping[str, str]) -> str:
        """The TwiML for a webhook, once it is recorded."""
        _, _, what, call, *_ = path.split("/")
        if what == "fallback":
            return twiml.fallback("broken")
        sid, call_id, calls = form.get("CallSid", ""), UUID(call), Calls(self.world.incidents)
        talk = Conversation(self.world.settings, self.world.incidents, calls)
        with self.world.connection() as conn:
            match what:
                case "voice":
                    return talk.greet(conn, call_id, sid)
                case "gather" if form.get("SpeechResult"):
                    return talk.say(conn, call_id, sid, form["SpeechResult"], float(form["Confidence"]))
                case "gather":
                    return talk.press(conn, call_id, sid, form["Digits"])
                case "silent":
                    return talk.stay_silent(conn, call_id, sid)
                case "hold":
                    return talk.hold(conn, call_id, sid, 1)
                case "desk":
                    return talk.take(conn, call_id, sid, form["Digits"])
                case "connect":
                    return talk.connect(conn, call_id, sid)
                case "wait" | "left":
                    return (talk.wait if what == "wait" else talk.leave)(conn, call_id, sid)
                case "status":
                    calls.report(conn, call_id, sid, form["CallStatus"])
                case "amd":
                    calls.detected(conn, call_id, form["AnsweredBy"])
                case _:
                    pass
            return ""


@contextmanager
def running(world: Insured, *steps: Callable[[Connection], Any]) -> Generator[None]:
    """Each step in a thread of its own, again and again, as the engine role does."""
    stop, failed = threading.Event(), list[BaseException]()

    def work(step: Callable[[Connection], Any]) -> None:
        try:
            with world.connection(autocommit=True) as conn:
                while not stop.is_set():
                    if not step(conn):
                        stop.wait(0.02)
        except BaseException as error:  # noqa: BLE001 - told at the end
            failed.append(error)

    threads = [threading.Thread(target=work, args=[step]) for step in steps]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
    assert failed == []


@contextmanager
def telephone_world(
    folder: Path, database_url: str, people: dict[str, Any], *, senders: int = 2, **nasty: float
) -> Generator[tuple[Insured, CarrierProcess]]:
    """A world whose engine and senders run, with a simulated carrier and its webhooks."""
    hooks = Webhooks()
    hooks.start()
    config = {"account_sid": ACCOUNT_SID, "auth_token": AUTH_TOKEN, "time_scale": SCALE, "calls_per_s": 50}
    reached = {"public_url": hooks.url, "time_scale": SCALE, "twilio_timeout_s": 1.0}
    try:
        with (
            carrier(folder, **config, people=people, nasty=nasty) as process,
            insured_world(database_url, twilio_base_url=process.url, **reached) as world,
        ):
            hooks.world = world
            one = TwilioCarrier(world.settings)
            steps = [Engine(world.incidents).step, PushSender(world.incidents, None).step]
            steps += [Dialer(world.settings, world.incidents, one).step for _ in range(senders)]
            steps.append(SmsSender(world.settings, world.incidents, one).step)
            with running(world, *steps):
                yield world, process
    finally:
        hooks.stop()
