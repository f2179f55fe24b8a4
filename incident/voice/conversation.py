"""What customers hear on a call and what their keys and words lead to: the driver, a contact, whoever rings us.

A machine only bridges the seconds until a person is there. Whoever is silent, is not understood or asks
for a person is held and never hung up on; what somebody asks for is confirmed only after it is recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from incident import wording
from incident.channels.webhooks import Webhooks
from incident.escalation.events import Answered, LineWaits
from incident.escalation.state import OPEN_DISPATCH, State
from incident.service import Incidents, UnknownIncident
from incident.voice import speech, twiml
from incident.voice.bridge import Bridge, place_words
from incident.voice.calls import CALLS, Call, Calls
from incident.voice.twiml import Voice
from incident.wording import Facts
from runtime.database import Connection
from runtime.settings import Settings
from schemas.incident import Answer, CallParty, Language, Phase, Reach

# After so many rounds on hold without words they are repeated.
_SPEAK_EACH: Final = 2


class Conversation:
    """The carrier's webhooks of every call. Each method is one transaction's work, and gives TwiML.

    The caller commits before the words go out. Each raises UnknownCall.
    """

    def __init__(self, settings: Settings, incidents: Incidents, calls: Calls) -> None:
        self._incidents, self._calls = incidents, calls
        self._bridge = Bridge(settings, incidents, calls)
        self._api_url, self._hears = settings.api_url, settings.speech

    def greet(self, conn: Connection, call_id: UUID, sid: str) -> str:
        """Somebody or something picked up: the first words of the call."""
        call, state = self._calls.move(conn, call_id, sid, "answered", None)
        if call.party is CallParty.OPERATOR:
            return self._bridge.brief(conn, call, state, self._facts(conn, call))
        voice = self._voice(call, state)
        if state.on_line is not None and call.party is CallParty.DRIVER:
            return self._bridge.join(conn, call, voice)
        if state.phase in (Phase.CLOSED, Phase.SETTLING):
            return twiml.farewell([voice.spoken("handled")], voice)
        return twiml.menu(call.party, self._greeting(conn, call, state), voice, self._hooks(call))

    def welcome(self, conn: Connection, call_id: UUID, sid: str, languages: Sequence[Language]) -> str:
        """Somebody rings us: an operator is rung for them, and they are held. Said in each of the languages."""
        call, state = self._calls.move(conn, call_id, sid, "answered", None)
        if state.phase is not Phase.CLOSED:
            state = self._wait_for_person(conn, call, state, "rang_us")
        voice, facts = self._voice(call, state), self._facts(conn, call)
        if state.on_line is not None:
            return self._bridge.join(conn, call, voice)
        said = [
            (replace(voice, language=language), wording.welcome(facts, language)) for language in languages
        ]
        return twiml.hold([], voice, self._hooks(call), also=said)

    def press(self, conn: Connection, call_id: UUID, sid: str, digit: str) -> str:
        """A key was pressed: record what it means, then confirm it."""
        call, state = self._calls.move(conn, call_id, sid, "answered", None)
        answer = twiml.KEYS[call.party].get(digit)
        if answer is None:
            voice = self._voice(call, state)
            if call.party in state.waiting:
                return self._hold(call, state, voice)
            return twiml.wrong_key(call.party, voice, self._hooks(call))
        conn.execute(CALLS["call_pressed"], {"id": call_id, "digit": digit})
        return self._answered(conn, call, state, answer, "key")

    def say(self, conn: Connection, call_id: UUID, sid: str, words: str, confidence: float) -> str:
        """Words were spoken: what they mean counts as a key, and whatever is not understood is for a person."""
        call, state = self._calls.move(conn, call_id, sid, "answered", None)
        conn.execute(CALLS["call_spoken"], {"id": call_id, "spoken": words})
        answer = (
            speech.understand(words, confidence, call.language) if call.party is CallParty.DRIVER else None
        )
        if answer is None:
            return self._put_through(conn, call, state, "spoke", ["spoke"])
        return self._answered(conn, call, state, answer, "voice")

    def stay_silent(self, conn: Connection, call_id: UUID, sid: str) -> str:
        """Nothing was pressed or said: call a person to the line, and hold it for them."""
        call, state = self._calls.move(conn, call_id, sid, "answered", None)
        return self._put_through(conn, call, state, "silent_on_line", ["silent"])

    def hold(self, conn: Connection, call_id: UUID, sid: str, held: int) -> str:
        """Keep the line a little longer; who stays is not hung up on, however long it takes."""
        call, state = self._calls.move(conn, call_id, sid, "answered", None)
        if state.phase is not Phase.CLOSED and state.on_line is None and call.party in state.waiting:
            return self._hold(call, state, self._voice(call, state), held)
        return self._put_through(conn, call, state, "stayed", [])

    def connect(self, conn: Connection, call_id: UUID, sid: str) -> str:
        """The line was taken out of what it heard, because an operator is there for it."""
        call, state = self._calls.move(conn, call_id, sid, "answered", None)
        if state.on_line is not None:
            return self._bridge.join(conn, call, self._voice(call, state))
        return self._put_through(conn, call, state, "operator_left", ["hold"])

    def leave(self, conn: Connection, call_id: UUID, sid: str, *, failed: bool = False) -> str:
        """The conference has ended around somebody who stays on the line, or could not be joined at all."""
        call, state = self._calls.move(conn, call_id, sid, "answered", None)
        if not failed and conn.execute(CALLS["talked"], {"id": call_id}).fetchone() is not None:
            return twiml.goodbye()
        return self._put_through(conn, call, state, "operator_left", ["hold"])

    def wait(self, conn: Connection, call_id: UUID, sid: str) -> str:
        """What is heard in a conference in which nobody else is yet."""
        call, state = self._calls.move(conn, call_id, sid, "answered", None)
        if call.party is CallParty.OPERATOR:
            return self._bridge.wait(call, state)
        if state.on_line is not None:
            self._bridge.look_for(conn, call, state)
        elif state.phase is not Phase.CLOSED:
            state = self._wait_for_person(conn, call, state, "operator_left")
        voice = self._voice(call, state)
        return twiml.wait([voice.spoken("hold")], voice, self._hooks(call))

    def take(self, conn: Connection, call_id: UUID, sid: str, digit: str) -> str:
        """An operator pressed a key: 1 takes the incident."""
        call, state = self._calls.move(conn, call_id, sid, "answered", None)
        return self._bridge.take(conn, call, state, digit, self._facts(conn, call))

    def recorded(self, conn: Connection, call_id: UUID, recording: str, seconds: str) -> None:
        """A conversation was recorded; `recording` is the carrier's id for it, `seconds` its length in its words."""
        self._bridge.recorded(conn, self._calls.read(conn, call_id), recording, seconds)

    def _answered(self, conn: Connection, call: Call, state: State, answer: Answer, via: str) -> str:
        was_closed = state.phase is Phase.CLOSED
        after = self._incidents.handle(
            conn, call.incident_id, lambda at: Answered(at, answer, call.party, via), actor=call.party
        )
        voice = self._voice(call, after)
        if was_closed:
            key = "handled" if answer is Answer.FINE else "closed"
            return twiml.farewell([voice.spoken(key)], voice)
        if answer is Answer.FINE:
            if call.party is CallParty.CONTACT:
                return twiml.farewell([voice.spoken("contact_thanks")], voice)
            key = "fine" if after.phase is Phase.CLOSED else "fine_call_back"
            return twiml.farewell([voice.spoken(key)], voice)
        if answer is Answer.HELP and after.dispatches:
            words = wording.help_asked(place_words(conn, call), call.language)
            sent = any(stands in OPEN_DISPATCH for stands in after.dispatches.values())
            if sent and after.desk_round is None and after.on_line is None:
                return twiml.farewell([words], voice)
            return self._put_through(conn, call, after, "help", [], words, voice.spoken("stay"))
        key = "ambulance" if answer is Answer.AMBULANCE else "operator"
        return self._put_through(conn, call, after, str(answer), [key])

    def _put_through(
        self, conn: Connection, call: Call, state: State, why: str, keys: list[str], *more: str
    ) -> str:
        """Have a person come to the line, and hold it for them; or join the one who is there."""
        voice = self._voice(call, state)
        if state.phase is Phase.CLOSED:
            return twiml.farewell([voice.spoken("handled")], voice)
        state = self._wait_for_person(conn, call, state, why)
        words = [*(voice.spoken(key) for key in keys), *more]
        if state.on_line is not None:
            return self._bridge.join(conn, call, voice)
        return twiml.hold(words, voice, self._hooks(call))

    def _wait_for_person(self, conn: Connection, call: Call, state: State, why: str) -> State:
        if call.party in state.waiting:
            return state  # webhooks come twice, and a key is pressed again: they wait already
        return self._incidents.handle(
            conn, call.incident_id, lambda at: LineWaits(at, call.party, why), actor=call.party
        )

    def _hold(self, call: Call, state: State, voice: Voice, held: int = 0) -> str:
        # Without a round that rings, the desk has overflowed: the machine is alone, and says so.
        alone = state.desk_round is None
        words = [voice.spoken("hold_alone" if alone else "hold")]
        if call.party is not CallParty.CONTACT:
            words.append(voice.spoken("caller_keys"))
        return twiml.hold(words if held % _SPEAK_EACH == 0 else [], voice, self._hooks(call), held)

    def _greeting(self, conn: Connection, call: Call, state: State) -> str:
        facts = self._facts(conn, call)
        if call.party is CallParty.CONTACT:
            return wording.contact_greeting(facts, state.trigger, call.language)
        return wording.greeting(facts, state.trigger, call.language, state.road, severity=state.severity)

    def _voice(self, call: Call, state: State) -> Voice:
        # The stated preference is the driver's, nobody else's.
        slow = state.reach is Reach.SLOW_VOICE and call.party is CallParty.DRIVER
        return Voice(call.language, slow=slow, hears=self._hears)

    def _hooks(self, call: Call) -> Webhooks:
        return Webhooks(self._api_url, call.id)

    def _facts(self, conn: Connection, call: Call) -> Facts:
        hands = self._incidents.hands(conn, call.incident_id)
        if hands is None:
            raise UnknownIncident(call.incident_id)
        return hands.facts()
