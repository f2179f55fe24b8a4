"""What a call says and listens for, as TwiML documents.

One key is gathered at a time. Whoever presses nothing hears the keys once more, and is
then held for a person: a call is never ended on somebody who stays silent.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from twilio.twiml.voice_response import Gather, Say, VoiceResponse

from incident import wording
from incident.wording import Facts
from schemas.incident import Answer, CallParty, Language

KEYS: Final = {"1": Answer.FINE, "2": Answer.HELP, "3": Answer.AMBULANCE, "0": Answer.OPERATOR}
CONTACT_KEYS: Final = {"1": Answer.FINE, "0": Answer.OPERATOR}

_VOICE: Final = {
    Language.JA: {"language": "ja-JP", "voice": "Polly.Tomoko-Neural"},
    Language.EN: {"language": "en-US", "voice": "Polly.Joanna-Neural"},
}
_WAIT_FOR_KEY_S: Final = 6
_HOLD_ROUNDS: Final = 3


def keys_for(party: CallParty) -> dict[str, Answer]:
    """The keys that mean something on a call to this party."""
    return KEYS if party is CallParty.DRIVER else CONTACT_KEYS


def menu(
    party: CallParty, facts: Facts, trigger: str, language: Language, *, action_url: str, silent_url: str
) -> str:
    """The first document of a call: who we are, the keys, and the keys again."""
    greeting = (
        wording.greeting(facts, trigger, language)
        if party is CallParty.DRIVER
        else wording.contact_greeting(facts, trigger, language)
    )
    return _ask([greeting], party, language, action_url=action_url, silent_url=silent_url)


def wrong_key(party: CallParty, language: Language, *, action_url: str, silent_url: str) -> str:
    """A key without meaning was pressed: say so and ask again."""
    return _ask(
        [wording.spoken("wrong_key", language)], party, language, action_url=action_url, silent_url=silent_url
    )


def confirmation(sentence: str, language: Language, *, connect_to: str, hold_url: str) -> str:
    """What is said once an answer is recorded; with a person on the line where one is wanted.

    `sentence` names the wording. Help, ambulance and operator go on to a person.
    """
    response = VoiceResponse()
    _say(response, wording.spoken(sentence, language), language)
    if sentence in ("ambulance", "operator", "silent"):
        return _to_a_person(response, language, connect_to=connect_to, hold_url=hold_url, held=0)
    response.hangup()
    return str(response)


def hold(language: Language, *, connect_to: str, hold_url: str, held: int) -> str:
    """Keep somebody on the line while operators are called to it."""
    return _to_a_person(VoiceResponse(), language, connect_to=connect_to, hold_url=hold_url, held=held)


def handled(language: Language) -> str:
    """The incident is over, so a call that still came through is harmless."""
    response = VoiceResponse()
    _say(response, wording.spoken("handled", language), language)
    response.hangup()
    return str(response)


def closed(language: Language) -> str:
    """Tell who asks for help too late where to get it: nobody of ours looks at a closed matter any more."""
    response = VoiceResponse()
    _say(response, wording.spoken("closed", language), language)
    response.hangup()
    return str(response)


def goodbye() -> str:
    """All has been said."""
    response = VoiceResponse()
    response.hangup()
    return str(response)


def _ask(
    sentences: list[str], party: CallParty, language: Language, *, action_url: str, silent_url: str
) -> str:
    keys = wording.spoken("keys" if party is CallParty.DRIVER else "contact_keys", language)
    response = VoiceResponse()
    for round_sentences in ([*sentences, keys], [keys]):
        gather = Gather(
            input="dtmf",
            num_digits=1,
            timeout=_WAIT_FOR_KEY_S,
            action=action_url,
            method="POST",
        )
        for sentence in round_sentences:
            _say(gather, sentence, language)
        response.append(gather)
    response.redirect(silent_url, method="POST")
    return str(response)


def _to_a_person(
    response: VoiceResponse, language: Language, *, connect_to: str, hold_url: str, held: int
) -> str:
    next_url = urlsplit(hold_url)._replace(query=f"held={held + 1}").geturl()
    if connect_to:
        response.dial(connect_to, timeout=20, answer_on_bridge=True, action=next_url)
        return str(response)
    if held < _HOLD_ROUNDS:
        response.pause(length=10)
        response.redirect(next_url, method="POST")
        return str(response)
    _say(response, wording.spoken("operator_soon", language), language)
    response.hangup()
    return str(response)


def _say(verb: VoiceResponse | Gather, sentence: str, language: Language) -> None:
    # Slower than usual: the listener may be shocked, hurt, or standing beside a road.
    say = Say(**_VOICE[language])
    say.prosody(sentence, rate="90%")
    verb.append(say)
