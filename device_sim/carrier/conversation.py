"""The part of a call after it is answered: documents are followed verb by verb, keys are heard.

Pure, like `device_sim.carrier.calls`, whose `Step` it moves on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, TypeVar
from urllib.parse import urldefrag, urljoin

from device_sim.carrier import twiml, webhooks
from device_sim.carrier.calls import (
    Call,
    Fetch,
    Gathering,
    Stage,
    Step,
    World,
    cancel,
    ring_on,
    webhook_params,
)
from device_sim.carrier.orders import CallChange, TwilioError
from device_sim.carrier.people import key_for, reaction

VerbT = TypeVar("VerbT", bound=twiml.Verb)

MOST_FETCHES: Final = 100
"""A call that asks for more documents than this runs in a circle; it ends with an application error."""


def advance(call: Call, now: float, world: World) -> Step:
    """Do everything that time alone has made due by `now`, each at its own time."""
    step = Step(call, world)
    while (at := step.call.next_at) is not None and at <= now:
        _move(step, at)
    return step


def document_came(call: Call, number: int, document: str, now: float, world: World) -> Step:
    """The answer to fetch `number` is here. An answer to anything but the open fetch changes nothing."""
    step = Step(call, world)
    fetch = call.fetch
    if fetch is None or fetch.number != number:
        return step
    step.change(now, document=document, document_url=urldefrag(fetch.url).url, verb=0, fetch=None)
    try:
        twiml.parse(document)
    except twiml.TwimlError as error:
        _application_error(step, now, error.code, str(error), was_fallback=fetch.is_fallback)
    else:
        _next_verb(step, now)
    return step


def document_failed(call: Call, number: int, reason: str, now: float, world: World) -> Step:
    """Fetch `number` was given up (Twilio's error 11200): the fallback is asked, if there is one."""
    step = Step(call, world)
    fetch = call.fetch
    if fetch is not None and fetch.number == number:
        step.change(now, fetch=None)
        _application_error(step, now, 11200, reason, was_fallback=fetch.is_fallback)
    return step


def update(call: Call, change: CallChange, now: float, world: World) -> Step:
    """Carry out POST Calls/{sid}.

    Raises:
        TwilioError: 21220 where the call's state does not allow it.
    """
    step = Step(call, world)
    if change.status:
        cancel(step, now, change)
        return step
    if call.status != "in-progress":
        raise TwilioError(400, 21220, "Unable to update record: Call is not in-progress. Cannot redirect.")
    step.note(now, "redirected")
    step.change(now, gathering=None, due_at=None)
    if change.twiml:
        step.change(now, document=change.twiml, document_url="", verb=0, stage=Stage.TALKING, fetch=None)
        _next_verb(step, now)
    else:
        _ask(step, now, change.url, change.method)
    return step


def _move(step: Step, at: float) -> None:
    call = step.call
    if call.leaves_at is not None and at >= call.leaves_at:
        step.end(at, "completed", "hung up")
        return
    match call.stage:
        case Stage.DIALLING | Stage.RINGING:
            if ring_on(step, at):
                _greet(step, at)
        case Stage.GATHERING:
            _listen(step, at)
        case Stage.BRIDGED:
            _unbridge(step, at)
        case Stage.TALKING:
            _next_verb(step, at)
        case Stage.QUEUED | Stage.FETCHING | Stage.ENDED:
            raise AssertionError(f"nothing is due while {call.stage}")


def _greet(step: Step, at: float) -> None:
    order = step.call.order
    step.change(at, due_at=None)
    if order.twiml:
        step.change(at, document=order.twiml, stage=Stage.TALKING)
        _next_verb(step, at)
    else:
        _ask(step, at, order.url, order.method)


def _ask(step: Step, at: float, url: str, method: str, *, fallback: bool = False, **more: str) -> None:
    """Fetch the document to go on with; relative addresses are taken from the present one."""
    call = step.call
    try:
        target = urljoin(call.document_url, url)
        webhooks.split(target, webhooks.Policy())
    except ValueError as error:
        _application_error(step, at, 11100, f"{url!r} cannot be asked: {error}", was_fallback=True)
        return
    if call.fetches >= MOST_FETCHES:
        _application_error(step, at, 12400, f"more than {MOST_FETCHES} documents", was_fallback=True)
        return
    fetch = Fetch(
        call.fetches + 1, target, method, webhook_params(call, "in-progress") | more, is_fallback=fallback
    )
    step.note(
        at, "fetching", url=urldefrag(target).url, **({"digits": more["Digits"]} if "Digits" in more else {})
    )
    step.change(at, stage=Stage.FETCHING, fetch=fetch, fetches=fetch.number, due_at=None, gathering=None)


def _application_error(step: Step, at: float, code: int, reason: str, *, was_fallback: bool) -> None:
    step.note(at, "application_error", code=code, reason=reason)
    order = step.call.order
    if order.fallback_url and not was_fallback:
        _ask(
            step,
            at,
            order.fallback_url,
            order.fallback_method,
            fallback=True,
            ErrorCode=str(code),
            ErrorUrl=step.call.document_url or order.url,
        )
    else:
        # Twilio says that an application error has occurred, and hangs up; the call counts as completed.
        step.end(at, "completed", "application error")


def _next_verb(step: Step, at: float) -> None:
    verbs = twiml.parse(step.call.document)
    while step.call.verb < len(verbs):
        verb = verbs[step.call.verb]
        step.change(at, verb=step.call.verb + 1)
        match verb:
            case twiml.Say(text=text, language=language, seconds=seconds):
                step.note(at, "said", text=text, language=language)
                step.change(at, stage=Stage.TALKING, due_at=at + step.scaled(seconds))
            case twiml.Pause(seconds=seconds):
                step.change(at, stage=Stage.TALKING, due_at=at + step.scaled(seconds))
            case twiml.Ignored(verb=name):
                step.note(at, "ignored", verb=name)
                continue
            case twiml.Gather():
                _gather(step, at, verb)
            case twiml.Redirect(url=url, method=method):
                _ask(step, at, url, method)
            case twiml.Hangup():
                step.end(at, "completed", "document hung up")
            case twiml.Dial():
                _bridge(step, at, verb)
        return
    step.end(at, "completed", "document ended")


def _gather(step: Step, at: float, verb: twiml.Gather) -> None:
    call, scaled = step.call, step.scaled
    for part in verb.prompt:
        if isinstance(part, twiml.Say):
            step.note(at, "said", text=part.text, language=part.language)
    key = key_for(step.owner(), call.questions) if verb.hears_keys else None
    gathering = Gathering(
        digits="",
        press_at=None if key is None else at + scaled(step.owner().press_after_s),
        press_key=key or "",
        closes_at=at + scaled(verb.prompt_s + verb.timeout_s),
    )
    step.change(at, stage=Stage.GATHERING, questions=call.questions + 1)
    _wait_for_keys(step, at, gathering)


def _wait_for_keys(step: Step, at: float, gathering: Gathering) -> None:
    times = [gathering.closes_at] if gathering.press_at is None else [gathering.closes_at, gathering.press_at]
    step.change(at, gathering=gathering, due_at=min(times))


def _listen(step: Step, at: float) -> None:
    """A key is pressed, or the waiting for keys is over."""
    verb, gathering = _current(step.call, twiml.Gather), step.call.gathering
    if gathering is None:
        raise AssertionError("gathering without a state of it")
    if gathering.press_at is None or at < gathering.press_at:
        if gathering.digits or verb.action_on_empty:
            _submit(step, at, verb, gathering.digits, "")
        else:
            step.note(at, "heard_nothing")
            step.change(at, gathering=None)
            _next_verb(step, at)
        return
    key = gathering.press_key
    step.note(at, "pressed", key=key)
    if key == verb.finish_on_key:
        _submit(step, at, verb, gathering.digits, key)
        return
    digits = gathering.digits + key
    if verb.num_digits is not None and len(digits) >= verb.num_digits:
        _submit(step, at, verb, digits, "")
        return
    # After a key the prompt is silent and the waiting begins anew.
    closes_at = at + step.scaled(verb.timeout_s)
    _wait_for_keys(step, at, replace(gathering, digits=digits, press_at=None, closes_at=closes_at))


def _submit(step: Step, at: float, verb: twiml.Gather, digits: str, finished_on: str) -> None:
    _ask(step, at, verb.action, verb.method, Digits=digits, FinishedOnKey=finished_on, msg="Gather End")


def _bridge(step: Step, at: float, verb: twiml.Dial) -> None:
    """Connect with whoever answers. A number nobody has described is a staffed desk and answers at once."""
    for number in verb.numbers:
        person = step.world.people.get(number)
        if person is None or reaction(person).result == "human":
            step.note(at, "bridged", number=number)
            step.change(at, stage=Stage.BRIDGED, due_at=at + step.scaled(step.world.pace.bridge_s))
            return
        step.note(at, "not_bridged", number=number)
    step.change(at, stage=Stage.BRIDGED, due_at=at + step.scaled(verb.timeout_s))


def _unbridge(step: Step, at: float) -> None:
    verb = _current(step.call, twiml.Dial)
    answered = any(
        (person := step.world.people.get(number)) is None or reaction(person).result == "human"
        for number in verb.numbers
    )
    if answered and step.call.answered_by == "human":
        step.end(at, "completed", "talked with the operator and hung up")
        return
    if not verb.action:
        _next_verb(step, at)
        return
    _ask(
        step,
        at,
        verb.action,
        verb.method,
        DialCallStatus="completed" if answered else "no-answer",
        DialCallDuration=str(int(step.world.pace.bridge_s)) if answered else "0",
    )


def _current(call: Call, kind: type[VerbT]) -> VerbT:
    verb = twiml.parse(call.document)[call.verb - 1]
    assert isinstance(verb, kind), f"call {call.sid} is {call.stage} at a {type(verb).__name__}"  # noqa: S101  our own invariant
    return verb
