"""A call connected with somebody else by Dial: with a number, or in a conference. Pure.

Who is in a conference together, and what follows from that, lies in `device_sim.carrier.conferences`;
here is one participant's side of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from device_sim.carrier import fetching, twiml
from device_sim.carrier.calls import Call, Dialled, Stage, Step, dial_params
from device_sim.carrier.people import reaction
from device_sim.carrier.verbs import Dial, Ignored, Pause, Redirect, Say

SHORTEST_LOOP_S: Final = 1.0
"""A waiting document that asks for itself again takes at least so long (simulated)."""


def connect(step: Step, at: float, verb: Dial) -> None:
    """The Dial begins."""
    room = verb.room
    try:
        action = fetching.absolute(step, verb.action) if verb.action else ""
        if room is not None and room.callback_url:
            room = replace(room, callback_url=fetching.absolute(step, room.callback_url))
    except ValueError as error:
        fetching.application_error(step, at, 11100, f"Dial: {error}", was_fallback=True)
        return
    dialled = Dialled(at, action, verb.method, room)
    if verb.record or (room is not None and room.record):
        step.note(at, "recorded")
    if room is not None:
        step.change(
            at, stage=Stage.CONFERENCE, dialled=replace(dialled, is_connected=True), due_at=None, fetch=None
        )
        return
    lasts_s = verb.timeout_s
    for number in verb.numbers:
        # A number nobody has described is a staffed desk and answers at once.
        person = step.world.people.get(number)
        if person is None or reaction(person).result == "human":
            step.note(at, "bridged", number=number)
            dialled, lasts_s = replace(dialled, is_connected=True), step.world.pace.bridge_s
            break
        step.note(at, "not_bridged", number=number)
    step.change(at, stage=Stage.BRIDGED, dialled=dialled, due_at=at + step.scaled(lasts_s))


def go_on(step: Step, at: float) -> bool:
    """What is due at `at` during a Dial. True when it is over and the document goes on."""
    dialled = _dialled(step.call)
    if dialled.room is not None and not dialled.talks:
        wait(step, at)
        return False
    if dialled.is_connected and step.call.has_person:
        step.end(at, "completed", "talked and hung up")
        return False
    return over(step, at)


def over(step: Step, at: float, failed: str = "") -> bool:
    """The Dial is over while the person is still there: its action is asked. True where the document goes on."""
    dialled = _dialled(step.call)
    if dialled.action:
        fetching.ask(step, at, dialled.action, dialled.method, dial_params(step.call, at, failed))
        return False
    step.change(at, stage=Stage.TALKING, dialled=None, due_at=None, fetch=None)
    return True


def wait(step: Step, at: float) -> None:
    """The conference has not begun: what the document names is played meanwhile."""
    room = _dialled(step.call).room
    if room is None or not room.wait_url:
        step.change(at, due_at=None)
    elif not fetching.ask_for_waiting(step, at, room.wait_url, room.wait_method):
        step.note(at, "application_error", code=11100, reason=f"waitUrl {room.wait_url!r} cannot be asked")
        step.change(at, due_at=None)


def waiting_document(step: Step, at: float, document: str) -> None:
    """What a waiting participant hears. Only its Redirect makes it loop; after anything else comes silence.

    Raises:
        TwimlError: the document cannot be followed.
    """
    seconds = 0.0
    step.change(at, fetch=None, due_at=None)
    for verb in twiml.parse(document):
        match verb:
            case Say(text=text, language=language):
                step.note(at, "said", text=text, language=language)
                seconds += verb.seconds
            case Pause():
                seconds += verb.seconds
            case Ignored(verb="Play"):
                step.note(at, "ignored", verb="Play")
            case Redirect():
                step.change(at, due_at=at + step.scaled(max(seconds, SHORTEST_LOOP_S)))
                return
            case _:
                raise twiml.TwimlError(12200, f"{type(verb).__name__} is not allowed while waiting")


def _dialled(call: Call) -> Dialled:
    if call.dialled is None:
        raise AssertionError(f"call {call.sid} is {call.stage} and dials nobody")
    return call.dialled
