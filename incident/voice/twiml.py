"""What a call says and listens for, as TwiML documents.

One key is gathered at a time. Whoever presses nothing hears the keys once more, and is
then held for a person: a call is never ended on somebody who stays silent.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from twilio.twiml.messaging_response import MessagingResponse
from twilio.twiml.voice_response import Dial, Gather, Say, VoiceResponse

from incident import wording
from incident.channels.webhooks import Webhooks
from schemas.incident import Answer, CallParty, Language

_DRIVER_KEYS: Final = {"1": Answer.FINE, "2": Answer.HELP, "3": Answer.AMBULANCE, "0": Answer.OPERATOR}
_CONTACT_KEYS: Final = {"1": Answer.FINE, "0": Answer.OPERATOR}
# Whoever rings us may be anybody: nobody but the driver and their contacts can call help off.
_CALLER_KEYS: Final = {"3": Answer.AMBULANCE, "0": Answer.OPERATOR}
KEYS: Final = {
    CallParty.DRIVER: _DRIVER_KEYS,
    CallParty.CONTACT: _CONTACT_KEYS,
    CallParty.CALLER: _CALLER_KEYS,
    CallParty.OPERATOR: {},
}
_KEY_WORDS: Final = {
    CallParty.DRIVER: "keys",
    CallParty.CONTACT: "contact_keys",
    CallParty.CALLER: "caller_keys",
}
_LANGUAGES: Final = {Language.JA: "ja-JP", Language.EN: "en-US"}
_VOICES: Final = {Language.JA: "Polly.Tomoko-Neural", Language.EN: "Polly.Joanna-Neural"}
_HINTS: Final = {
    Language.JA: "はい,いいえ,助けて,大丈夫です,問題ありません,救急車,けが,人をはねた,ひいた,担当者",
    Language.EN: "yes,no,help,I'm fine,ambulance,hurt,I hit someone,pedestrian,operator",
}
_SENTENCE_END: Final = re.compile(r"(?<=[。?])|(?<=[.?])\s+")
_WAIT_FOR_KEY_S: Final = 6
_WAIT_FOR_SLOW_KEY_S: Final = 12
_HOLD_PAUSE_S: Final = 5
HOLD_ROUND_S: Final = 2 * _HOLD_PAUSE_S


@dataclass(frozen=True, slots=True)
class Voice:
    """How one call is spoken. `slow`: slower, every sentence twice, more time to answer; `hears`: words count too."""

    language: Language
    slow: bool = False
    hears: bool = True

    def spoken(self, key: str) -> str:
        """A fixed sentence in this language."""
        return wording.spoken(key, self.language)


def menu(party: CallParty, greeting: str, voice: Voice, hooks: Webhooks) -> str:
    """The first document of a call: who we are, the keys, and the keys again."""
    return _ask([greeting], party, voice, hooks)


def wrong_key(party: CallParty, voice: Voice, hooks: Webhooks) -> str:
    """A key without meaning was pressed: say so and ask again."""
    return _ask([voice.spoken("wrong_key")], party, voice, hooks)


def farewell(words: Sequence[str], voice: Voice) -> str:
    """Say this and end the call."""
    response = VoiceResponse()
    for sentence in words:
        _say(response, sentence, voice)
    response.hangup()
    return str(response)


def reply(words: str = "") -> str:
    """What a text is answered with; nothing without words."""
    response = MessagingResponse()
    if words:
        response.message(words)
    return str(response)


def goodbye() -> str:
    """All has been said."""
    response = VoiceResponse()
    response.hangup()
    return str(response)


def hold(
    words: Sequence[str],
    voice: Voice,
    hooks: Webhooks,
    held: int = 0,
    *,
    also: Sequence[tuple[Voice, str]] = (),
) -> str:
    """Keep somebody on the line for a person; keys still count. `held` is how often it was held before.

    `also` is said after the words, each by a voice of its own.
    """
    response = VoiceResponse()
    gather = Gather(
        input="dtmf", num_digits=1, timeout=_HOLD_PAUSE_S, action=hooks.to("gather"), method="POST"
    )
    for sentence in words:
        _say(gather, sentence, voice)
    for other, sentence in also:
        _say(gather, sentence, other)
    gather.pause(length=_HOLD_PAUSE_S)
    response.append(gather)
    response.redirect(hooks.hold(held + 1), method="POST")
    return str(response)


def conference(
    room: str,
    words: Sequence[str],
    voice: Voice,
    hooks: Webhooks,
    *,
    leads: bool,
    records: bool,
) -> str:
    """Bring a call into a conference; it ends when somebody who `leads` it leaves."""
    response = VoiceResponse()
    for sentence in words:
        _say(response, sentence, voice)
    dial = Dial() if leads else Dial(action=hooks.to("left"), method="POST")
    more = {"recording_status_callback": hooks.to("recorded")} if records else {}
    dial.conference(
        room,
        start_conference_on_enter=True,
        end_conference_on_exit=leads,
        beep="false",
        wait_url=hooks.to("wait"),
        wait_method="POST",
        record="record-from-start" if records else "do-not-record",
        **more,
    )
    response.append(dial)
    if leads:
        response.hangup()
    return str(response)


def wait(words: Sequence[str], voice: Voice, hooks: Webhooks) -> str:
    """What is heard in a conference until somebody else is there."""
    response = VoiceResponse()
    for sentence in words:
        _say(response, sentence, voice)
    response.pause(length=_HOLD_PAUSE_S)
    response.redirect(hooks.to("wait"), method="POST")
    return str(response)


def briefing(words: str, voice: Voice, hooks: Webhooks) -> str:
    """Ask an operator whether they take it, twice. Without the key nobody has taken anything: it may be voicemail."""
    response = VoiceResponse()
    for _ in range(2):
        gather = Gather(
            input="dtmf", num_digits=1, timeout=_WAIT_FOR_KEY_S, action=hooks.to("desk"), method="POST"
        )
        _say(gather, words, voice)
        response.append(gather)
    response.hangup()
    return str(response)


def fallback(key: Literal["broken", "broken_inbound"]) -> str:
    """What is said when nothing else can be, in every language, since nobody can look up whose call it is."""
    response = VoiceResponse()
    for language in Language:
        _say(response, wording.spoken(key, language), Voice(language))
    response.hangup()
    return str(response)


def _ask(words: Sequence[str], party: CallParty, voice: Voice, hooks: Webhooks) -> str:
    keys = voice.spoken(_KEY_WORDS[party])
    hears = voice.hears and party is CallParty.DRIVER
    more = {"language": _LANGUAGES[voice.language], "hints": _HINTS[voice.language], "speech_timeout": "auto"}
    response = VoiceResponse()
    for sentences in ([*words, keys, *([voice.spoken("by_voice")] if hears else [])], [keys]):
        gather = Gather(
            input="dtmf speech" if hears else "dtmf",
            num_digits=1,
            timeout=_WAIT_FOR_SLOW_KEY_S if voice.slow else _WAIT_FOR_KEY_S,
            action=hooks.to("gather"),
            method="POST",
            **(more if hears else {}),
        )
        for sentence in sentences:
            _say(gather, sentence, voice)
        response.append(gather)
    response.redirect(hooks.to("silent"), method="POST")
    return str(response)


def _say(verb: VoiceResponse | Gather, sentence: str, voice: Voice) -> None:
    # Slower than usual: the listener may be shocked, hurt, or standing beside a road.
    say = Say(voice=_VOICES[voice.language], language=_LANGUAGES[voice.language])
    if voice.slow:
        parts = [part for part in _SENTENCE_END.split(sentence) if part]
        between = "" if voice.language is Language.JA else " "
        sentence = between.join(part for part in parts for _ in range(2))
    say.prosody(sentence, rate="70%" if voice.slow else "90%")
    verb.append(say)
