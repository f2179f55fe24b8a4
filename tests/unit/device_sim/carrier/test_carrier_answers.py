"""What people press and say when they are asked."""

from dataclasses import replace

import pytest
from support.carrier_story import ORDER, Story

from device_sim.carrier.calls import Stage
from device_sim.carrier.people import Person, Temperament, key_for, words_for

WORDS = "けがをされた方はいますか。"
ASK = (
    '<Response><Gather action="/gather/7" input="dtmf speech" language="ja-JP" numDigits="1" timeout="5"'
    f' speechTimeout="2"><Say>{WORDS}</Say></Gather><Say>聞こえません</Say></Response>'
)


def heard(story: Story) -> dict[str, str]:
    """What the action is told of the answer."""
    fetch = story.call.fetch
    assert fetch is not None
    return {
        name: fetch.params[name] for name in ("Digits", "SpeechResult", "Confidence") if name in fetch.params
    }


@pytest.mark.parametrize(
    ("temperament", "result"),
    [
        ("speaks_fine", {"SpeechResult": "大丈夫です", "Confidence": "0.92"}),
        ("speaks_help", {"SpeechResult": "助けて", "Confidence": "0.92"}),
        ("speaks_yes", {"SpeechResult": "はい", "Confidence": "0.92"}),
        ("speaks_no", {"SpeechResult": "いいえ", "Confidence": "0.92"}),
        ("mumbles", {"SpeechResult": "えーと", "Confidence": "0.31"}),
        ("answers_fine", {"Digits": "1"}),
        ("asks_help", {"Digits": "2"}),
        ("takes_call", {"Digits": "1"}),
    ],
)
def test_an_answer_is_spoken_or_pressed(temperament: str, result: dict[str, str]):
    story = Story(temperament)
    story.give(ASK, 5)
    story.at(14)

    assert heard(story) == result


def test_words_are_understood_once_the_person_has_stopped_speaking():
    story = Story("speaks_fine")
    story.give(ASK, 5)

    assert story.at(10 + 5 / 5 + 1.9).stage is Stage.GATHERING
    assert story.at(10 + 5 / 5 + 2).stage is Stage.FETCHING
    assert (10, "spoke") in story.lines


def test_who_begins_to_speak_in_time_is_heard_out():
    closes_s = len(WORDS) / 5 + 5
    story = Story(Person(temperament=Temperament.SPEAKS_HELP, press_after_s=closes_s - 0.1))
    story.give(ASK, 5)
    story.at(5 + closes_s + 5)

    assert heard(story)["SpeechResult"] == "助けて"


def test_words_are_not_heard_where_only_keys_are_and_keys_not_where_only_words_are():
    spoken = Story("speaks_fine")
    spoken.give(ASK.replace("dtmf speech", "dtmf"), 5)
    pressed = Story("answers_fine")
    pressed.give(ASK.replace("dtmf speech", "speech"), 5)

    assert spoken.at(40).status == pressed.at(40).status == "completed"
    for story in (spoken, pressed):
        assert [kind for _, kind in story.lines if kind in {"spoke", "pressed", "heard_nothing"}] == [
            "heard_nothing"
        ]


def test_words_follow_the_questions():
    story = Story(Person(temperament=Temperament.SILENT, says=("", "はい", "助けて"), confidence=0.6))
    story.give(ASK + "", 5)
    assert (14, "spoke") not in story.lines
    assert story.at(13).stage is Stage.TALKING

    person = Person(temperament=Temperament.SILENT, says=("", "はい", "助けて"))
    assert [words_for(person, question, "ja-JP") for question in range(4)] == [
        *(None, "はい", "助けて", "助けて"),
    ]


def test_people_speak_the_language_that_is_listened_for():
    person = Person(temperament=Temperament.SPEAKS_FINE)

    assert words_for(person, 0, "ja-JP") == "大丈夫です"
    assert words_for(person, 0, "en-US") == "I'm fine"


def test_words_win_over_the_temperaments_key():
    story = Story(Person(temperament=Temperament.ANSWERS_FINE, says=("助けて",)))
    story.give(ASK, 5)
    story.at(14)

    assert heard(story)["SpeechResult"] == "助けて"


def test_a_pocket_presses_one_useless_key_and_then_nothing():
    story = Story("pocket")
    story.give(ASK, 5)
    story.at(10)
    assert heard(story)["Digits"] in {"5", "7", "*"}

    story.give(ASK, 10)
    assert story.at(100).status == "completed"
    assert [kind for _, kind in story.lines].count("pressed") == 1


def test_pockets_differ_by_number():
    person = Person(temperament=Temperament.POCKET)

    assert {key_for(person, 0, f"+8190111122{n:02}") for n in range(20)} == {"5", "7", "*"}
    assert key_for(person, 1, "+819011112200") is None


def test_who_presses_late_is_heard_by_a_later_question_only():
    story = Story("presses_late")
    story.give(ASK.replace("<Say>聞こえません</Say>", "<Redirect>/again</Redirect>"), 5)
    story.at(13)
    story.give(ASK.replace("<Say>聞こえません</Say>", "<Redirect>/again</Redirect>"), 13)
    story.at(21)
    story.give(ASK, 21)
    story.at(25)

    assert heard(story) == {"Digits": "1"}
    assert [at for at, kind in story.lines if kind == "pressed"] == [25]


def test_who_is_slow_answers_when_asked_again():
    story = Story("slow_then_fine")
    story.give(ASK.replace("<Say>聞こえません</Say>", "<Redirect>/again</Redirect>"), 5)
    story.at(13)
    story.give(ASK, 13)
    story.at(18)

    assert heard(story) == {"Digits": "1"}


HOLD = '<Response><Gather action="/gather/7" numDigits="1"><Say>{}</Say></Gather></Response>'


@pytest.mark.parametrize(
    ("prompt", "pressed"),
    [
        ("お待ちください。すぐにつながらない場合は、119番に直接おかけください。", 1),
        ("3分ほどで到着します。", 1),
        ("救急車が必要な場合は3、助けが必要な場合は2を押してください。", 2),
        ("救急車は3を押してください。", 2),
        ("For an ambulance press 3.", 2),
        ("For help press 2", 1),
    ],
)
def test_who_has_answered_presses_again_only_where_the_key_is_named(prompt: str, pressed: int):
    story = Story("asks_ambulance")
    story.give(ASK, 5)
    story.at(10)
    story.give(HOLD.format(prompt), 10)
    story.at(100)

    assert [kind for _, kind in story.lines].count("pressed") == pressed


def test_who_was_too_slow_presses_at_the_next_question():
    story = Story("answers_fine")
    story.give(
        '<Response><Gather timeout="1"><Say>痛い</Say></Gather><Redirect>/again</Redirect></Response>', 5
    )
    story.at(7)
    story.give(HOLD.format("大丈夫ですか"), 7)
    story.at(12)

    assert heard(story) == {"Digits": "1"}


def test_keys_may_be_told_question_by_question():
    person = Person(temperament=Temperament.ANSWERS_FINE, presses=("", "4", "2"))

    assert [key_for(person, question) for question in range(4)] == [None, "4", "2", "2"]
    assert [key_for(person, question, again=False) for question in range(4)] == [None, "4", "2", None]


def test_who_hangs_up_at_once_hears_two_seconds():
    story = Story("hangs_up_at_once")
    story.give(ASK, 5)

    assert (story.at(100).status, story.call.ended_at) == ("completed", 7)


def test_a_machine_says_and_presses_nothing():
    story = Story(Person(temperament=Temperament.VOICEMAIL, says=("はい",)), replace(ORDER, ring_s=30))
    story.give(ASK, 18)
    story.at(100)

    assert not {"spoke", "pressed"} & {kind for _, kind in story.lines}
