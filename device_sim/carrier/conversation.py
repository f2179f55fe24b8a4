"""The part of a call after it is answered: documents are followed verb by verb.

Pure, like its neighbours. What only concerns one call is decided here; `device_sim.carrier.board`
brings calls that meet in a conference together.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar
from urllib.parse import urldefrag

from device_sim.carrier import dialling, fetching, gathering, ringing, twiml, verbs
from device_sim.carrier.calls import Call, Stage, Step, World
from device_sim.carrier.orders import CallChange, TwilioError

VerbT = TypeVar("VerbT", bound=verbs.Verb)


def move(call: Call, at: float, world: World) -> Step:
    """Do the one thing that time alone has made due at `at`, the call's `next_at`."""
    step = Step(call, world)
    if call.leaves_at is not None and at >= call.leaves_at:
        # Whoever rings us and is not answered gives up.
        step.end(at, "completed" if call.answered_at is not None else "canceled", "hung up")
    elif call.detects_at is not None and at >= call.detects_at:
        ringing.detect(step, at)
    else:
        _move(step, at)
    return step


def arrived(step: Step, at: float) -> None:
    """Somebody rings us: what our number says is asked while it rings."""
    fetching.ask(step, at, step.call.order.url, step.call.order.method)


def document_came(call: Call, number: int, document: str, now: float, world: World) -> Step:
    """The answer to fetch `number` is here. An answer to anything but the open fetch changes nothing."""
    step = Step(call, world)
    fetch = call.fetch
    if fetch is None or fetch.number != number:
        return step
    if fetch.is_wait:
        _hear_while_waiting(step, now, document)
        return step
    step.change(now, document=document, document_url=urldefrag(fetch.url).url, verb=0, fetch=None)
    if call.answered_at is None:
        ringing.take(step, now)
    try:
        twiml.parse(document)
    except twiml.TwimlError as error:
        fetching.application_error(step, now, error.code, str(error), was_fallback=fetch.is_fallback)
    else:
        _next_verb(step, now)
    return step


def document_failed(call: Call, number: int, reason: str, now: float, world: World) -> Step:
    """Fetch `number` was given up (Twilio's error 11200): the fallback is asked, if there is one."""
    step = Step(call, world)
    fetch = call.fetch
    if fetch is None or fetch.number != number:
        return step
    step.change(now, fetch=None)
    if fetch.is_wait:
        _leave_unjoined(step, now, 11200, reason)
    else:
        fetching.application_error(step, now, 11200, reason, was_fallback=fetch.is_fallback)
    return step


def update(call: Call, change: CallChange, now: float, world: World) -> Step:
    """Carry out POST Calls/{sid}.

    Raises:
        TwilioError: 21220 where the call's state does not allow it.
    """
    step = Step(call, world)
    if change.status:
        ringing.cancel(step, now, change)
        return step
    if call.status != "in-progress":
        raise TwilioError(400, 21220, "Unable to update record: Call is not in-progress. Cannot redirect.")
    step.note(now, "redirected")
    step.change(now, gathering=None, dialled=None, due_at=None, fetch=None)
    if change.fallback_url:
        order = replace(call.order, fallback_url=change.fallback_url, fallback_method=change.fallback_method)
        step.change(now, order=order)
    if change.twiml:
        step.change(now, document=change.twiml, document_url="", verb=0, stage=Stage.TALKING)
        _next_verb(step, now)
    else:
        fetching.ask(step, now, change.url, change.method)
    return step


def drop(step: Step, at: float, failed: str = "") -> None:
    """The conference has ended around a participant, or never took one: the call goes on."""
    if dialling.over(step, at, failed):
        _next_verb(step, at)


def _move(step: Step, at: float) -> None:
    match step.call.stage:
        case Stage.DIALLING | Stage.RINGING:
            if ringing.ring_on(step, at):
                _greet(step, at)
        case Stage.GATHERING:
            if gathering.listen(step, at, _current(step.call, verbs.Gather)):
                _next_verb(step, at)
        case Stage.BRIDGED | Stage.CONFERENCE:
            if dialling.go_on(step, at):
                _next_verb(step, at)
        case Stage.TALKING:
            _next_verb(step, at)
        case Stage.QUEUED | Stage.FETCHING | Stage.ENDED:
            raise AssertionError(f"nothing is due while {step.call.stage}")


def _greet(step: Step, at: float) -> None:
    order = step.call.order
    step.change(at, due_at=None)
    if order.twiml:
        step.change(at, document=order.twiml, stage=Stage.TALKING)
        _next_verb(step, at)
    else:
        fetching.ask(step, at, order.url, order.method)


def _next_verb(step: Step, at: float) -> None:
    document = twiml.parse(step.call.document)
    while step.call.verb < len(document):
        verb = document[step.call.verb]
        step.change(at, verb=step.call.verb + 1)
        match verb:
            case verbs.Say(text=text, language=language, seconds=seconds):
                step.note(at, "said", text=text, language=language)
                step.change(at, stage=Stage.TALKING, due_at=at + step.scaled(seconds))
            case verbs.Pause(seconds=seconds):
                step.change(at, stage=Stage.TALKING, due_at=at + step.scaled(seconds))
            case verbs.Ignored(verb=name):
                step.note(at, "ignored", verb=name)
                continue
            case verbs.Gather():
                gathering.put(step, at, verb)
            case verbs.Redirect(url=url, method=method):
                fetching.ask(step, at, url, method)
            case verbs.Hangup():
                step.end(at, "completed", "document hung up")
            case verbs.Dial():
                dialling.connect(step, at, verb)
        return
    step.end(at, "completed", "document ended")


def _hear_while_waiting(step: Step, at: float, document: str) -> None:
    try:
        dialling.waiting_document(step, at, document)
    except twiml.TwimlError as error:
        _leave_unjoined(step, at, error.code, str(error))


def _leave_unjoined(step: Step, at: float, code: int, reason: str) -> None:
    """Without its waiting document a conference is not fully established, says Twilio: the Dial has failed."""
    step.note(at, "application_error", code=code, reason=reason)
    drop(step, at, "failed")


def _current(call: Call, kind: type[VerbT]) -> VerbT:
    verb = twiml.parse(call.document)[call.verb - 1]
    assert isinstance(verb, kind), f"call {call.sid} is {call.stage} at a {type(verb).__name__}"  # noqa: S101  our own invariant
    return verb
