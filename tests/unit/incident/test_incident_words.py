"""What calls say and listen for, and what is written to people, in both languages."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import product
from typing import Final
from xml.etree import ElementTree

import pytest
from support.scene import default_plan

from incident import twiml, wording
from incident.plan import Do
from incident.wording import Facts
from schemas.incident import Answer, CallParty, Language, Trigger

JA, EN = Language.JA, Language.EN
FACTS: Final = Facts(
    "つながる損保",
    "Tsunagaru Insurance",
    "佐藤花子",
    "白 フィット 品川500あ1234",
    "14:05",
    "品川警備",
    "14:25",
)
PARTIES: Final = tuple(CallParty)
WHO: Final = {JA: "つながる損保の事故受付", EN: "the accident desk of Tsunagaru Insurance"}


def menu(party: CallParty = CallParty.DRIVER, language: Language = JA, trigger: str = "impact") -> str:
    return twiml.menu(party, FACTS, trigger, language, action_url="/gather", silent_url="/silent")


def verbs(document: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(document))


def spoken(element: ElementTree.Element) -> str:
    return "".join(element.itertext())


@pytest.mark.parametrize("party", PARTIES)
@pytest.mark.parametrize("language", Language)
def test_the_menu_says_who_calls_then_the_keys_and_the_keys_once_more(
    party: CallParty, language: Language
) -> None:
    first, again, redirect = verbs(menu(party, language))
    keys = wording.spoken("keys" if party is CallParty.DRIVER else "contact_keys", language)
    assert (first.tag, again.tag, redirect.tag) == ("Gather", "Gather", "Redirect")
    assert WHO[language] in spoken(first)
    assert spoken(first).endswith(keys)
    assert spoken(again) == keys
    for gather in (first, again):
        assert gather.get("action") == "/gather"
        assert gather.get("numDigits") == "1"
    assert (redirect.text, redirect.get("method")) == ("/silent", "POST")


@pytest.mark.parametrize("language", Language)
def test_the_driver_hears_who_which_car_safety_people_and_then_help(language: Language) -> None:
    words = spoken(verbs(menu(language=language))[0])
    order = {
        JA: [
            "つながる損保",
            "佐藤花子様",
            "白 フィット",
            "安全な場所",
            "けが",
            "救急車",
            "助け",
            "担当者",
            "問題がなければ",
        ],
        EN: [
            "Tsunagaru",
            "your car",
            "白 フィット",
            "safe place",
            "hurt",
            "ambulance",
            "help",
            "talk to us",
            "All".lower(),
        ],
    }[language]
    places = [words.index(word) for word in order]
    assert places == sorted(places)


@pytest.mark.parametrize("party", PARTIES)
@pytest.mark.parametrize("language", Language)
def test_every_key_that_is_announced_means_something_and_the_other_way_round(
    party: CallParty, language: Language
) -> None:
    keys = wording.spoken("keys" if party is CallParty.DRIVER else "contact_keys", language)
    assert set(re.findall(r"\d", keys)) == set(twiml.keys_for(party))


def test_keys() -> None:
    driver, contact = (twiml.keys_for(party) for party in (CallParty.DRIVER, CallParty.CONTACT))
    assert driver == {
        "1": Answer.FINE,
        "2": Answer.HELP,
        "3": Answer.AMBULANCE,
        "0": Answer.OPERATOR,
    }
    assert contact == {"1": Answer.FINE, "0": Answer.OPERATOR}


@pytest.mark.parametrize("trigger", Trigger)
@pytest.mark.parametrize("language", Language)
def test_only_an_impact_is_called_an_impact(trigger: Trigger, language: Language) -> None:
    driver = wording.greeting(FACTS, trigger, language)
    contact = wording.contact_greeting(FACTS, trigger, language)
    impact, button = {JA: ("衝撃", "ボタン"), EN: ("impact", "button")}[language]
    for words in (driver, contact):
        assert (impact in words) is (trigger is Trigger.IMPACT)
        assert (button in words) is (trigger is not Trigger.IMPACT)
    # Pushes know only the rule, and the rule for severe impacts is the one for long presses too.
    assert impact not in wording.text("push", "severe", FACTS, language)
    assert impact not in wording.text("push", "late", FACTS, language)


@pytest.mark.parametrize("language", Language)
def test_the_contact_hears_no_more_than_needed(language: Language) -> None:
    words = wording.contact_greeting(FACTS, "impact", language)
    assert "佐藤花子" in words
    assert "14:05" in words
    assert "フィット" not in words
    assert "品川" not in words


@pytest.mark.parametrize("language", Language)
def test_what_is_not_known_is_left_out(language: Language) -> None:
    bare = Facts("つながる損保", "Tsunagaru Insurance")
    words = wording.greeting(bare, "impact", language)
    assert not re.search(r"\(\)|様|, \.|  ", words)
    for channel in ("push", "sms"):
        unknown = wording.text(channel, "help_accepted", Facts("損保", "Insurer", unit="g1"), language)
        known = wording.text(channel, "help_accepted", FACTS, language)
        assert "g1" in unknown
        assert "14:25" in known
        assert not re.search(r"みはごろ|at about \.", unknown)


@pytest.mark.parametrize("language", Language)
def test_every_text_the_plan_sends_has_words_of_its_own(language: Language) -> None:
    plan = default_plan()
    general = wording.text("push", "no such rule", FACTS, language)
    assert "お困り" in general or "anything" in general
    for rule in plan.rules:
        for step in rule.steps:
            if step.do in (Do.PUSH, Do.SMS):
                words = wording.text(str(step.do), rule.name, FACTS, language)
                assert words != general
                assert "{" not in words


def every_document() -> list[tuple[str, str]]:
    """Everything a call may say, with a name."""
    documents = [
        (f"menu {party} {trigger}", menu(party, language, trigger))
        for party, trigger, language in product(PARTIES, Trigger, Language)
    ]
    for language in Language:
        for party in PARTIES:
            again = twiml.wrong_key(party, language, action_url="/gather", silent_url="/silent")
            documents.append((f"wrong_key {party}", again))
        for sentence in (
            "fine",
            "fine_call_back",
            "help",
            "ambulance",
            "operator",
            "silent",
            "contact_thanks",
        ):
            said = twiml.confirmation(sentence, language, connect_to="", hold_url="/hold")
            documents.append((sentence, said))
        documents += [
            (f"hold {held}", twiml.hold(language, connect_to="", hold_url="/hold", held=held))
            for held in range(5)
        ]
        documents.append(("handled", twiml.handled(language)))
        documents.append(("closed", twiml.closed(language)))
    return documents


def every_text() -> list[str]:
    templates = ("severe", "late", "moderate", "light", "trouble", "help_accepted", "other")
    return [
        wording.text(channel, template, FACTS, language)
        for channel, template, language in product(("push", "sms"), templates, Language)
    ]


def test_nobody_hears_that_an_ambulance_is_coming() -> None:
    everything = [spoken(ElementTree.fromstring(document)) for _, document in every_document()] + every_text()
    promise = re.compile(
        r"救急車(が|は|を)?(向か|出動|手配しました|呼びました)"
        r"|ambulance (is|has been|was) (on|coming|sent|called|dispatched)",
        re.IGNORECASE,
    )
    assert promise.search("救急車が向かっています")
    assert promise.search("An ambulance is on its way")
    for words in everything:
        assert not promise.search(words), words


def test_the_system_never_says_that_it_dials_119_itself() -> None:
    for sentence in ("ambulance", "operator_soon"):
        assert "119番に直接おかけ" in wording.spoken(
            sentence, JA
        ) or "119番または110番におかけ" in wording.spoken(sentence, JA)
        assert "dial 119" in wording.spoken(sentence, EN)


def test_nobody_who_says_nothing_is_hung_up_on() -> None:
    """Menus go on to /silent, waiting goes on to /hold; a call ends only after words that say what follows."""
    for name, document in every_document():
        *_, last = verbs(document)
        if name.startswith(("menu", "wrong_key")):
            assert (last.tag, last.text) == ("Redirect", "/silent")
        elif name in ("ambulance", "operator", "silent", "hold 0", "hold 1", "hold 2"):
            held = int(name.removeprefix("hold ")) if name.startswith("hold") else 0
            assert (last.tag, last.text) == ("Redirect", f"/hold?held={held + 1}")
        else:
            assert last.tag == "Hangup"
            assert spoken(ElementTree.fromstring(document))


@pytest.mark.parametrize("language", Language)
def test_who_was_held_long_enough_is_told_that_a_person_calls_back(language: Language) -> None:
    said = spoken(ElementTree.fromstring(twiml.hold(language, connect_to="", hold_url="/hold", held=3)))
    assert said == wording.spoken("operator_soon", language)


@pytest.mark.parametrize("sentence", ["ambulance", "operator", "silent"])
def test_with_a_number_for_operators_the_call_is_put_through(sentence: str) -> None:
    document = twiml.confirmation(sentence, JA, connect_to="+815011112222", hold_url="/hold")
    say, dial = verbs(document)
    assert say.tag == "Say"
    assert (dial.tag, dial.text, dial.get("action")) == ("Dial", "+815011112222", "/hold?held=1")


def test_speech_is_slow_and_in_one_language() -> None:
    for _, document in every_document():
        said = [element for element in ElementTree.fromstring(document).iter() if element.tag == "Say"]
        assert len({element.get("language") for element in said}) <= 1
        for element in said:
            (prosody,) = element
            assert (prosody.tag, prosody.get("rate")) == ("prosody", "90%")
            assert (element.get("language") == "ja-JP") is bool(re.search("[ぁ-ん]{2}", spoken(element)))


def test_names_cannot_break_a_document() -> None:
    facts = Facts("損保<&>", 'A "B" & <C>', "<Hangup/>", "& <")
    (first, *_) = verbs(
        twiml.menu(CallParty.DRIVER, facts, "impact", JA, action_url="/g?a=1&b=2", silent_url="/s?a=1&b=2")
    )
    assert "<Hangup/>様" in spoken(first)
    assert first.get("action") == "/g?a=1&b=2"


def test_times_are_told_as_in_japan() -> None:
    assert wording.clock_time(datetime(2026, 11, 24, 15, 30, tzinfo=UTC)) == "00:30"
