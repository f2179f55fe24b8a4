"""What calls say and listen for, and what is written to people, in both languages."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import Final
from uuid import UUID
from xml.etree import ElementTree

import pytest
from support.scene import default_plan

from incident import wording
from incident.channels.webhooks import Webhooks
from incident.plan.plan import Do
from incident.voice import twiml
from incident.voice.twiml import Voice
from incident.wording import Brief, Facts
from schemas.impact import Severity
from schemas.incident import AmbulanceState, Answer, CallParty, Language, RoadKind, Trigger

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
CALLED: Final = (CallParty.DRIVER, CallParty.CONTACT)
HOOKS: Final = Webhooks("https://button.example", UUID("0b0f6a54-8d3c-4d58-9a1e-0123456789ab"))
HELD_IN: Final = {
    CallParty.DRIVER: "keys",
    CallParty.CONTACT: "contact_keys",
    CallParty.CALLER: "caller_keys",
}
WHO: Final = {JA: "つながる損保の事故受付", EN: "the accident desk of Tsunagaru Insurance"}


def menu(
    party: CallParty = CallParty.DRIVER,
    language: Language = JA,
    trigger: Trigger = Trigger.IMPACT,
    road: RoadKind = RoadKind.UNKNOWN,
    *,
    slow: bool = False,
    hears: bool = True,
) -> str:
    greeting = (
        wording.greeting(FACTS, trigger, language, road)
        if party is CallParty.DRIVER
        else wording.contact_greeting(FACTS, trigger, language)
    )
    return twiml.menu(party, greeting, Voice(language, slow=slow, hears=hears), HOOKS)


def verbs(document: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(document))


def spoken(element: ElementTree.Element) -> str:
    return "".join(element.itertext())


@pytest.mark.parametrize("party", CALLED)
@pytest.mark.parametrize("language", Language)
def test_the_menu_says_who_calls_then_the_keys_and_the_keys_once_more(
    party: CallParty, language: Language
) -> None:
    first, again, redirect = verbs(menu(party, language))
    keys = wording.spoken(HELD_IN[party], language)
    assert (first.tag, again.tag, redirect.tag) == ("Gather", "Gather", "Redirect")
    assert WHO[language] in spoken(first)
    by_voice = wording.spoken("by_voice", language) if party is CallParty.DRIVER else ""
    assert spoken(first).endswith(keys + by_voice)
    assert spoken(again) == keys
    for gather in (first, again):
        assert gather.get("action") == HOOKS.to("gather")
        assert gather.get("numDigits") == "1"
    assert (redirect.text, redirect.get("method")) == (HOOKS.to("silent"), "POST")


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


@pytest.mark.parametrize("party", HELD_IN)
@pytest.mark.parametrize("language", Language)
def test_every_key_that_is_announced_means_something_and_the_other_way_round(
    party: CallParty, language: Language
) -> None:
    keys = wording.spoken(HELD_IN[party], language)
    # Whoever rings us is on the way to a person anyhow: 0 is understood and need not be said.
    unsaid = {"0"} if party is CallParty.CALLER else set[str]()
    assert set(re.findall(r"\d", keys)) | unsaid == set(twiml.KEYS[party])


def test_keys() -> None:
    assert twiml.KEYS[CallParty.DRIVER] == {
        "1": Answer.FINE,
        "2": Answer.HELP,
        "3": Answer.AMBULANCE,
        "0": Answer.OPERATOR,
    }
    assert twiml.KEYS[CallParty.CONTACT] == {"1": Answer.FINE, "0": Answer.OPERATOR}
    assert twiml.KEYS[CallParty.CALLER] == {"3": Answer.AMBULANCE, "0": Answer.OPERATOR}


@pytest.mark.parametrize("trigger", Trigger)
@pytest.mark.parametrize("language", Language)
def test_only_an_impact_is_called_an_impact(trigger: Trigger, language: Language) -> None:
    driver = wording.greeting(FACTS, trigger, language)
    contact = wording.contact_greeting(FACTS, trigger, language)
    impact, button = {JA: ("衝撃", "ボタン"), EN: ("impact", "button")}[language]
    for words in (driver, contact):
        assert (impact in words) is (trigger in (Trigger.IMPACT, Trigger.PHONE_CRASH))
        assert (button in words) is (trigger in (Trigger.LONG_PRESS, Trigger.SHORT_PRESS))
    # Pushes know only the rule, and the rule for severe impacts is the one for long presses too.
    assert impact not in wording.text("push", "severe", FACTS, language)
    assert impact not in wording.text("push", "late", FACTS, language)


@pytest.mark.parametrize("language", Language)
def test_an_impact_is_called_strong_in_both_languages_or_in_neither(language: Language) -> None:
    strong = {JA: "強い衝撃", EN: "strong impact"}[language]
    for severity in (*Severity, None):
        words = wording.greeting(FACTS, Trigger.IMPACT, language, severity=severity)
        assert (strong in words) is (severity in (Severity.SEVERE, Severity.VERY_SEVERE))
    assert strong in wording.greeting(FACTS, Trigger.PHONE_CRASH, language)


@pytest.mark.parametrize("language", Language)
def test_what_is_written_says_where_the_signal_came_from(language: Language) -> None:
    car, phone = {
        JA: ("お車からの知らせ", "スマートフォンからの知らせ"),
        EN: ("a signal from your car", "a signal from your phone"),
    }[language]
    templates = [("push", "severe"), ("push", "expressway"), ("sms", "expressway"), ("sms", "reach_text")]
    for trigger, (channel, template) in product(Trigger, [*templates, ("sms", "other"), ("mail", "report")]):
        facts = replace(FACTS, trigger=trigger)
        told = [wording.text(channel, template, facts, language)]
        if channel == "mail":
            told.append(wording.subject(template, facts, language))
        for words in told:
            assert (phone in words) is (trigger is Trigger.PHONE_CRASH), words
            assert (car in words) is (trigger not in (Trigger.PHONE_CRASH, Trigger.CALL)), words


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("template", ["severe", "late"])
def test_who_is_never_rung_is_not_told_of_a_call(template: str, language: Language) -> None:
    call = {JA: "お電話します", EN: "are calling you"}[language]
    assert call in wording.text("push", template, FACTS, language)
    words = wording.text("push", template, replace(FACTS, in_writing=True), language)
    assert call not in words
    assert {JA: "文字", EN: "write"}[language] in words


@pytest.mark.parametrize("language", Language)
def test_the_contact_hears_no_more_than_needed(language: Language) -> None:
    words = wording.contact_greeting(FACTS, Trigger.IMPACT, language)
    assert "佐藤花子" in words
    assert "14:05" in words
    assert "フィット" not in words
    assert "品川" not in words


@pytest.mark.parametrize("language", Language)
def test_what_is_not_known_is_left_out(language: Language) -> None:
    bare = Facts("つながる損保", "Tsunagaru Insurance")
    words = wording.greeting(bare, Trigger.IMPACT, language)
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
                words = wording.text(str(step.do), rule.template, FACTS, language)
                assert words != general
                assert "{" not in words


def briefs() -> list[Brief]:
    """Every situation an operator may be told of, one thing at a time."""
    plain = Brief(Trigger.IMPACT, Severity.SEVERE, RoadKind.GENERAL, "箱根町湯本", (), None, False, None)
    return [
        plain,
        *(replace(plain, severity=severity) for severity in Severity),
        *(replace(plain, trigger=trigger, severity=None) for trigger in Trigger),
        *(replace(plain, answer=answer) for answer in Answer),
        *(replace(plain, waiting=(party,)) for party in HELD_IN),
        replace(plain, road=RoadKind.EXPRESSWAY, place=""),
        replace(plain, driver_answered=True, machine=True),
        replace(plain, driver_answered=True, spoke=True),
        replace(plain, ambulance=AmbulanceState.NEEDED),
    ]


def every_document() -> list[tuple[str, str]]:
    """Everything a call may say, with a name."""
    documents = [
        (f"menu {party} {trigger}", menu(party, language, trigger, road, slow=slow))
        for party, trigger, language in product(CALLED, Trigger, Language)
        for road, slow in ((RoadKind.UNKNOWN, False), (RoadKind.EXPRESSWAY, True))
    ]
    for language in Language:
        voice = Voice(language)
        documents += [(f"wrong_key {party}", twiml.wrong_key(party, voice, HOOKS)) for party in CALLED]
        for sentence in (
            "ambulance",
            "operator",
            "silent",
            "spoke",
            "stay",
            "hold",
            "hold_alone",
        ):
            said = twiml.hold([wording.spoken(sentence, language)], voice, HOOKS, 4)
            documents.append((f"hold {sentence}", said))
        for sentence in ("fine", "fine_call_back", "contact_thanks", "handled", "closed"):
            documents.append((sentence, twiml.farewell([wording.spoken(sentence, language)], voice)))
        for place in ("", "箱根町" if language is JA else "Hakone"):
            documents.append(("help", twiml.farewell([wording.help_asked(place, language)], voice)))
        documents.append(("hold welcome", twiml.hold([wording.welcome(FACTS, language)], voice, HOOKS, 4)))
        for brief in briefs():
            briefing = wording.briefing(FACTS, brief, language)
            documents.append(("briefing", twiml.briefing(briefing, voice, HOOKS)))
        for leads in (True, False):
            words = [wording.spoken("connected", language), wording.spoken("recorded", language)]
            document = twiml.conference("cb-1", words, voice, HOOKS, leads=leads, records=True)
            documents.append((f"conference {leads}", document))
        for key in ("ringing", "absent", "coming"):
            documents.append(("wait", twiml.wait([wording.desk(key, language)], voice, HOOKS)))
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
    for sentence in ("ambulance", "hold_alone", "closed", "broken", "broken_inbound"):
        assert "直接おかけ" in wording.spoken(sentence, JA)
        assert "119番" in wording.spoken(sentence, JA)
        assert "dial 119" in wording.spoken(sentence, EN)


def test_nobody_who_says_nothing_is_hung_up_on() -> None:
    """Menus go on to /silent, waiting goes on to /hold; a call ends only after words that say what follows."""
    for name, document in every_document():
        *_, last = verbs(document)
        if name.startswith(("menu", "wrong_key")):
            assert (last.tag, last.text) == ("Redirect", HOOKS.to("silent"))
        elif name.startswith("hold"):
            assert (last.tag, last.text) == ("Redirect", HOOKS.hold(5))
        elif name == "wait":
            assert (last.tag, last.text) == ("Redirect", HOOKS.to("wait"))
        elif name == "conference False":
            assert (last.tag, last.get("action")) == ("Dial", HOOKS.to("left"))
        else:
            assert last.tag == "Hangup"
            assert spoken(ElementTree.fromstring(document))


def test_a_line_may_be_held_for_ever() -> None:
    assert HOOKS.hold(100_000) == HOOKS.hold(99) == HOOKS.to("hold", held=99)


@pytest.mark.parametrize(("hears", "listens"), [(True, "dtmf speech"), (False, "dtmf")])
def test_words_are_listened_for_where_that_is_set(hears: bool, listens: str) -> None:
    for language, code in ((JA, "ja-JP"), (EN, "en-US")):
        first, again, _ = verbs(menu(language=language, hears=hears))
        for gather in (first, again):
            assert gather.get("input") == listens
            assert gather.get("language") == (code if hears else None)
        assert (wording.spoken("by_voice", language) in spoken(first)) is hears
    first, *_ = verbs(menu(CallParty.CONTACT, hears=hears))
    assert first.get("input") == "dtmf"


@pytest.mark.parametrize("language", Language)
def test_who_asked_for_it_hears_every_sentence_twice(language: Language) -> None:
    once, slow = (spoken(verbs(menu(language=language, slow=slow))[0]) for slow in (False, True))
    end = "。" if language is JA else "."
    for sentence in filter(None, re.split(r"(?<=[。?])|(?<=[.?])\s*", once)):
        assert slow.count(sentence) >= 2 * (sentence.endswith(end)), sentence
    assert len(slow) > 1.9 * len(once)


@pytest.mark.parametrize("language", Language)
def test_on_an_expressway_people_are_told_to_leave_the_car_first(language: Language) -> None:
    words = wording.greeting(FACTS, Trigger.IMPACT, language, RoadKind.EXPRESSWAY)
    order = {
        JA: ["衝撃", "ハザードランプ", "ガードレールの外側", "110番", "9910", "発炎筒", "キロポスト", "けが"],
        EN: ["impact", "hazard lights", "guard rail", "110", "9910", "flare", "kilometre post", "hurt"],
    }[language]
    places = [words.index(word) for word in order]
    assert places == sorted(places)
    assert "ハザード" not in wording.greeting(FACTS, Trigger.IMPACT, JA, RoadKind.GENERAL)


@pytest.mark.parametrize("language", Language)
def test_an_operator_hears_what_happened_whose_where_and_who_waits_and_then_the_key(
    language: Language,
) -> None:
    brief = Brief(
        Trigger.IMPACT,
        Severity.VERY_SEVERE,
        RoadKind.EXPRESSWAY,
        "東名 下り 32.5",
        (CallParty.DRIVER,),
        Answer.AMBULANCE,
        True,
        AmbulanceState.NEEDED,
        machine=False,
        spoke=False,
    )
    words = wording.briefing(FACTS, brief, language)
    order = {
        JA: [
            "非常に強い",
            "高速道路",
            "佐藤花子様",
            "フィット",
            "東名",
            "待っています",
            "救急車が必要",
            "1を押して",
        ],
        EN: [
            "very severe",
            "expressway",
            "佐藤花子",
            "フィット",
            "東名",
            "waiting",
            "an ambulance",
            "Press 1",
        ],
    }[language]
    places = [words.index(word) for word in order]
    assert places == sorted(places)


def test_an_operators_briefing_tells_the_situations_apart() -> None:
    for language in Language:
        said = [wording.briefing(FACTS, brief, language) for brief in briefs()[1:]]
        # NONE and KNOCK open no incident, so these two sound like any impact.
        assert len(set(said)) >= len(said) - 3


def test_without_the_key_an_operators_call_ends() -> None:
    first, again, end = verbs(twiml.briefing("x", Voice(JA), HOOKS))
    assert (first.tag, again.tag, end.tag) == ("Gather", "Gather", "Hangup")
    assert first.get("action") == HOOKS.to("desk")


def test_the_fallback_speaks_both_languages_and_needs_nothing() -> None:
    for key in ("broken", "broken_inbound"):
        *said, end = verbs(twiml.fallback(key))
        assert [element.get("language") for element in said] == ["ja-JP", "en-US"]
        assert all("119" in spoken(element) and "110" in spoken(element) for element in said)
        assert end.tag == "Hangup"
    assert "もう一度おかけください" in twiml.fallback("broken_inbound")


def test_speech_is_slow_and_in_one_language() -> None:
    for _, document in every_document():
        said = [element for element in ElementTree.fromstring(document).iter() if element.tag == "Say"]
        assert len({element.get("language") for element in said}) <= 1
        for element in said:
            (prosody,) = element
            assert (prosody.tag, prosody.get("rate")) in (("prosody", "90%"), ("prosody", "70%"))
            assert (element.get("language") == "ja-JP") is bool(re.search("[ぁ-ん]{2}", spoken(element)))


def test_names_cannot_break_a_document() -> None:
    facts = Facts("損保<&>", 'A "B" & <C>', "<Hangup/>", "& <")
    hooks = Webhooks("https://button.example/a&b", HOOKS.call_id)
    greeting = wording.greeting(facts, Trigger.IMPACT, JA)
    (first, *_) = verbs(twiml.menu(CallParty.DRIVER, greeting, Voice(JA), hooks))
    assert "<Hangup/>様" in spoken(first)
    assert first.get("action") == hooks.to("gather")


def test_times_are_told_as_in_japan() -> None:
    assert wording.clock_time(datetime(2026, 11, 24, 15, 30, tzinfo=UTC)) == "00:30"
