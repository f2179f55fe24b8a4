"""What differs between two plans is said in words, rule by rule, in both languages."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from incident.plan import words
from incident.plan.diff import differences
from incident.plan.plan import OCCASIONS, Do, Rule, read_plan
from incident.plan.tables import Calls, Desk, Help, Languages, Quiet, Round
from schemas.incident import DispatchKind, Language

JA, EN = Language.JA, Language.EN
DEFAULT = resources.files("incident.plan").joinpath("default.toml").read_text(encoding="utf-8")
ROUNDS_JA = "引き受けた担当者、または空いている担当者・空いている担当者全員・責任者"
ROUNDS_EN = "whoever took it, or the operator free for longest, all free operators, the supervisors"


def lines(*pairs: tuple[str, str], language: Language = EN) -> list[str]:
    toml = DEFAULT
    for old, new in pairs:
        assert old in toml, old
        toml = toml.replace(old, new, 1)
    return differences(read_plan(DEFAULT), read_plan(toml), language)


@pytest.mark.parametrize("language", Language)
def test_a_plan_does_not_differ_from_itself(language: Language) -> None:
    assert lines(language=language) == []
    assert lines(("# The escalation plan", "# Our escalation plan"), language=language) == []


def test_steps_of_a_rule() -> None:
    general = DEFAULT.index('name = "severe"\n')
    toml = DEFAULT[:general] + DEFAULT[general:].replace(
        '{ after_s = 60, do = "call_contact" },\n  { after_s = 90, do = "send_help" }',
        '{ after_s = 45, do = "call_contact" },\n  { after_s = 45, do = "sms", wait_until_stopped = true }',
        1,
    )
    rule = words.title(read_plan(DEFAULT).rule("severe"), EN)
    assert differences(read_plan(DEFAULT), read_plan(toml), EN) == [
        f"{rule} [severe] — + SMS 45 s once stopped; call to the emergency contact 60 s → 45 s; − sending help 90 s"
    ]
    rule = words.title(read_plan(DEFAULT).rule("severe"), JA)
    assert differences(read_plan(DEFAULT), read_plan(toml), JA) == [
        f"{rule} [severe] — + SMS 45秒(停車後) / 緊急連絡先への電話 60秒 → 45秒 / − 出動 90秒"
    ]


@pytest.mark.parametrize(
    ("old", "new", "ja", "en"),
    [
        ("ring_s = 14 ", "ring_s = 12 ", "電話 — 呼び出し: 14秒 → 12秒", "Calls — rings: 14 s → 12 s"),
        (
            "[30, 80, 150]",
            "[20, 80]",
            "現場への応援 — 探す範囲 (km): [30・80・150] → [20・80]",
            "Help on the spot — searched within (km): [30, 80, 150] → [20, 80]",
        ),
        (
            '"supervisor", "second_site"]',
            '"supervisor"]',
            f"担当者の呼び出し — 呼び出す順: [{ROUNDS_JA}・第二拠点] → [{ROUNDS_JA}]",
            f"Operators' telephones — rung in turn: [{ROUNDS_EN}, the second site] → [{ROUNDS_EN}]",
        ),
        (
            "connect = true",
            "connect = false",
            "[severe] — 応答したら担当者を呼ぶ: はい → いいえ",
            "an operator is rung on answer: yes → no",
        ),
        (
            "contacts = 2",
            "contacts = 3",
            "(高速道路) [severe_expressway] — 緊急連絡先の人数: 2 → 3",
            "(expressway) [severe_expressway] — contacts tried: 2 → 3",
        ),
        (
            'drives_on = "light"\n',
            "",
            "中程度の衝撃 [moderate] — 走り続けた場合の規則: light → なし",
            "Moderate impact [moderate] — rule when it drives on: light → none",
        ),
        ("take_by_s = 20\nconnect", "connect", "", ""),
        (
            "[languages]",
            '[quiet]\nfrom = "22:00"\nto = "07:00"\n[languages]',
            "夜間の見送り — + 開始 22:00、終了 07:00、対象 [軽い衝撃]",
            "Quiet hours — + from 22:00, to 07:00, for [Light impact]",
        ),
    ],
)
def test_what_else_a_plan_says(old: str, new: str, ja: str, en: str) -> None:
    for language, line in ((JA, ja), (EN, en)):
        said = lines((old, new), language=language)
        assert len(said) == (1 if line else 0)
        assert all(one.endswith(line) for one in said), said


def test_rules_that_come_go_and_change_places() -> None:
    renamed = ('name = "call"', 'name = "inbound"')
    assert lines(renamed) == [
        "− Somebody rings us [call]",
        "+ Somebody rings us [inbound] — alarm of the operators 0 s; call-back list 60 s",
        "Somebody rings us: rule call → inbound",
    ]
    assert lines(renamed, language=JA) == [
        "− お客様からの電話 [call]",
        "+ お客様からの電話 [inbound] — 担当者への警報 0秒 / 折り返し電話の一覧に追加 60秒",
        "お客様からの電話: 規則 call → inbound",
    ]
    plan = read_plan(DEFAULT)
    head, *rules = DEFAULT.split("[[rules]]\n")
    swapped = read_plan("[[rules]]\n".join([head, *rules[:-2], rules[-1] + "\n", rules[-2]]))
    assert differences(plan, swapped, EN)[0].startswith("weight: severe_expressway > severe > ")
    assert differences(plan, swapped, JA)[0].startswith("重い順: severe_expressway > severe > ")


def test_an_occasion_on_an_expressway_that_goes_elsewhere() -> None:
    without = DEFAULT.replace('for = ["late"]\nroad = "expressway"', 'for = ["call"]\nroad = "expressway"')
    said = differences(read_plan(DEFAULT), read_plan(without), EN)
    assert "Late message (expressway): rule late_expressway → late" in said
    assert "Somebody rings us (expressway): rule call → late_expressway" in said
    said = differences(read_plan(DEFAULT), read_plan(without), JA)
    assert "遅れて届いた知らせ (高速道路): 規則 late_expressway → late" in said


@pytest.mark.parametrize("language", Language)
def test_every_key_and_value_of_a_plan_has_words(language: Language) -> None:
    japanese = re.compile(r"[ぁ-んァ-ヶ一-龠]")
    said: list[str] = []
    for table in (Calls, Help, Desk, Languages, Quiet, Rule):
        for name, field in table.model_fields.items():
            if name not in ("name", "steps"):
                said.append(words.KEYS[field.alias or name][language])
    for key, values in {
        "for": OCCASIONS,
        "road": ("expressway", "general"),
        "help": tuple(DispatchKind),
        "fine": ("close", "call_back"),
        "rounds": tuple(Round),
        "default": tuple(Language),
    }.items():
        said += [words.value(key, value, language) for value in values]
    said += [words.step(do, language) for do in Do if do is not Do.SMS]
    assert all(bool(japanese.search(one)) is (language is JA) for one in said)
    assert not any("_" in one for one in said)
