"""Answering-machine detection: a hint that comes later, and may be wrong."""

from dataclasses import replace

import pytest
from support.carrier_story import ORDER, Calls

from device_sim.carrier.detection import Detection, Luck, Mode, Verdict, verdict
from device_sim.carrier.nastiness import Nastiness, luck
from device_sim.carrier.people import Person, Result, Temperament

TO = ORDER.to
ASKED = Detection("Enable", "https://insurer.example/amd")
DETECTING = replace(ORDER, ring_s=30, detection=ASKED)


@pytest.mark.parametrize(
    ("temperament", "by", "mode", "how", "expected"),
    [
        ("answers_fine", "human", "Enable", "right", Verdict("human", 3)),
        ("answers_fine", "human", "Enable", "wrong", Verdict("machine_start", 4)),
        ("answers_fine", "human", "DetectMessageEnd", "right", Verdict("human", 3)),
        ("answers_fine", "human", "Enable", "unknown", Verdict("unknown", 5)),
        ("silent", "human", "Enable", "right", Verdict("unknown", 5)),
        ("silent", "human", "Enable", "wrong", Verdict("machine_start", 4)),
        ("voicemail", "machine", "Enable", "right", Verdict("machine_start", 4)),
        ("voicemail", "machine", "DetectMessageEnd", "right", Verdict("machine_end_beep", 12)),
        ("voicemail", "machine", "Enable", "wrong", Verdict("human", 3)),
    ],
)
def test_what_is_said_of_whom(temperament: str, by: Result, mode: Mode, how: Luck, expected: Verdict):
    person = Person(temperament=Temperament(temperament))

    assert verdict(Detection(mode), person, by, how) == expected


def test_the_callback_comes_after_the_answer_while_the_call_goes_on():
    calls = Calls({TO: "answers_fine"}, scale=0.1)
    calls.place("CA1", DETECTING)
    calls.give("CA1", "<Response><Pause length='20'/></Response>", 0.5)
    calls.at(0.79)
    assert not calls.sent("detection")
    calls.at(5)

    (told,) = calls.sent("detection")
    assert told == {
        "CallSid": "CA1",
        "AccountSid": "AC1",
        "AnsweredBy": "human",
        "MachineDetectionDuration": "3000",
    }
    assert (calls.known["CA1"].status, calls.known["CA1"].detected) == ("completed", "human")


def test_a_call_that_ends_before_is_not_detected():
    calls = Calls({TO: "hangs_up_at_once"})
    calls.place("CA1", DETECTING)
    calls.at(100)

    assert (calls.known["CA1"].status, calls.known["CA1"].detected) == ("completed", "")
    assert not calls.sent("detection")


def test_a_person_may_be_taken_for_a_machine():
    calls = Calls({TO: "answers_fine"})
    calls.place("CA1", DETECTING, luck="wrong")
    calls.give("CA1", "<Response><Pause length='20'/></Response>", 5)
    calls.at(100)

    (told,) = calls.sent("detection")
    assert (told["AnsweredBy"], calls.known["CA1"].answered_by) == ("machine_start", "human")


def test_without_an_address_nothing_is_told():
    calls = Calls({TO: "voicemail"})
    calls.place("CA1", replace(DETECTING, detection=Detection("Enable")))
    calls.give("CA1", "<Response><Pause length='20'/></Response>", 18)
    calls.at(100)

    assert not calls.sent("detection")
    assert calls.known["CA1"].detected == "machine_start"


def test_errors_are_drawn_by_their_rates():
    from random import Random

    human, machine = (Person(temperament=Temperament(name)) for name in ("answers_fine", "voicemail"))
    nasty = Nastiness(human_taken_for_machine_p=0.2, machine_taken_for_human_p=0.6)
    chance = Random(1)
    wrong = [sum(luck(nasty, chance, person) == "wrong" for _ in range(1000)) for person in (human, machine)]

    assert 150 < wrong[0] < 250
    assert 540 < wrong[1] < 660
    assert luck(Nastiness(detection_unknown_p=1), chance, human) == "unknown"
    assert luck(Nastiness(), chance, human) == "right"
