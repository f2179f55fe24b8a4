"""Questions put to the person on the line: keys are pressed, words are said, or nothing comes. Pure.

Whoever has something to say says it where words are listened for, and otherwise presses a key. A key
that was pressed is pressed again only where a prompt names it: who is on hold has answered already.
"""

from __future__ import annotations

from dataclasses import replace

from device_sim.carrier import fetching
from device_sim.carrier.calls import Call, Gathering, Stage, Step
from device_sim.carrier.people import Person, Temperament, is_named, key_for, words_for
from device_sim.carrier.verbs import Gather, Say, speech_s


def put(step: Step, at: float, verb: Gather) -> None:
    """The prompt begins, and the waiting for an answer."""
    call, owner = step.call, step.owner()
    for part in verb.prompt:
        if isinstance(part, Say):
            step.note(at, "said", text=part.text, language=part.language)
    asked_at = at if call.asked_at is None else call.asked_at
    is_late = owner.temperament is Temperament.PRESSES_LATE
    reacts_at = max(at, (asked_at if is_late else at) + step.scaled(owner.reacts_after_s))
    listens = call.has_person
    words = words_for(owner, call.questions, verb.language) if verb.hears_speech and listens else None
    key = _key(call, owner, verb) if verb.hears_keys and listens else None
    gathering = Gathering(
        digits="",
        press_at=reacts_at if key and not words else None,
        press_key=key or "",
        closes_at=at + step.scaled(verb.prompt_s + verb.timeout_s),
        speak_at=reacts_at if words else None,
        words=words or "",
    )
    step.change(at, stage=Stage.GATHERING, questions=call.questions + 1, asked_at=asked_at)
    _wait(step, at, gathering)


def listen(step: Step, at: float, verb: Gather) -> bool:
    """What is due at `at`: a key, a word, or the end of the waiting. True when the document goes on."""
    gathering = step.call.gathering
    if gathering is None:
        raise AssertionError("gathering without a state of it")
    if gathering.press_at is not None and at >= gathering.press_at:
        _press(step, at, verb, gathering)
    elif gathering.speak_at is not None and at >= gathering.speak_at:
        _speak(step, at, verb, gathering)
    elif gathering.is_speaking:
        confidence = str(step.owner().understood)
        _submit(step, at, verb, SpeechResult=gathering.words, Confidence=confidence)
    elif gathering.digits or verb.action_on_empty:
        _submit(step, at, verb, Digits=gathering.digits, FinishedOnKey="")
    else:
        step.note(at, "heard_nothing")
        step.change(at, gathering=None)
        return True
    return False


def _key(call: Call, owner: Person, verb: Gather) -> str | None:
    key = key_for(owner, call.questions, call.party)
    if key is None or not call.pressed:
        return key
    named = any(isinstance(part, Say) and is_named(key, part.text) for part in verb.prompt)
    return key_for(owner, call.questions, call.party, again=named)


def _wait(step: Step, at: float, gathering: Gathering) -> None:
    times = (gathering.closes_at, gathering.press_at, gathering.speak_at)
    step.change(at, gathering=gathering, due_at=min(time for time in times if time is not None))


def _press(step: Step, at: float, verb: Gather, gathering: Gathering) -> None:
    key = gathering.press_key
    step.note(at, "pressed", key=key)
    step.change(at, pressed=step.call.pressed + key)
    if key == verb.finish_on_key:
        _submit(step, at, verb, Digits=gathering.digits, FinishedOnKey=key)
        return
    digits = gathering.digits + key
    if verb.num_digits is not None and len(digits) >= verb.num_digits:
        _submit(step, at, verb, Digits=digits, FinishedOnKey="")
        return
    # After a key the prompt is silent and the waiting begins anew.
    closes_at = at + step.scaled(verb.timeout_s)
    _wait(step, at, replace(gathering, digits=digits, press_at=None, closes_at=closes_at))


def _speak(step: Step, at: float, verb: Gather, gathering: Gathering) -> None:
    step.note(at, "spoke", words=gathering.words)
    understood_at = at + step.scaled(speech_s(gathering.words) + verb.speech_timeout_s)
    _wait(step, at, replace(gathering, speak_at=None, is_speaking=True, closes_at=understood_at))


def _submit(step: Step, at: float, verb: Gather, **heard: str) -> None:
    fetching.ask(step, at, verb.action, verb.method, heard | {"msg": "Gather End"})
