import pytest
from pydantic import ValidationError

from device_sim.carrier.people import Person, Reaction, Temperament, key_for, reaction


@pytest.mark.parametrize(
    ("temperament", "expected"),
    [
        ("answers_fine", Reaction("human", 4)),
        ("asks_help", Reaction("human", 4)),
        ("asks_ambulance", Reaction("human", 4)),
        ("wants_operator", Reaction("human", 4)),
        ("silent", Reaction("human", 4)),
        ("wrong_key", Reaction("human", 4)),
        ("voicemail", Reaction("machine", 17)),
        ("never_answers", Reaction("nothing")),
        ("busy", Reaction("busy", rings=False)),
        ("declines", Reaction("busy", 2)),
        ("unreachable", Reaction("failed", rings=False)),
    ],
)
def test_each_temperament_takes_a_call_its_way(temperament: str, expected: Reaction):
    assert reaction(Person(temperament=Temperament(temperament))) == expected


def test_a_person_may_be_slower_than_usual():
    person = Person(temperament=Temperament.VOICEMAIL, answer_after_s=9)

    assert reaction(person) == Reaction("machine", 9)
    assert reaction(Person(temperament=Temperament.ANSWERS_FINE, answer_after_s=0)) == Reaction("human", 0)


@pytest.mark.parametrize(
    ("temperament", "keys"),
    [
        ("answers_fine", ["1", "1"]),
        ("asks_help", ["2", "2"]),
        ("asks_ambulance", ["3", "3"]),
        ("wants_operator", ["0", "0"]),
        ("wrong_key", ["9", "1"]),
        ("silent", [None, None]),
        ("voicemail", [None, None]),
        ("never_answers", [None, None]),
    ],
)
def test_keys_follow_the_temperament(temperament: str, keys: list[str | None]):
    person = Person(temperament=Temperament(temperament))

    assert [key_for(person, question) for question in range(2)] == keys


def test_a_temperament_alone_describes_a_person():
    assert Person.model_validate("busy") == Person(temperament=Temperament.BUSY)


@pytest.mark.parametrize("written", ["sleepy", {"temperament": "busy", "mood": 1}, {"answer_after_s": 3}])
def test_a_person_nobody_can_be_is_refused(written: object):
    with pytest.raises(ValidationError):
        Person.model_validate(written)
