"""Whoever is refused something is told why in their language, whatever it was."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from incident.dispatch.checklist import FIRST, Item
from incident.escalation.refusal import CommandRefused
from incident.plan.plan import Do
from incident.wording import refusals
from incident.wording.refusals import Called, Refusal, incident
from schemas.incident import AmbulanceState, Answer, DispatchKind, DispatchState, Phase

ROOT = Path(__file__).parents[3]
JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")
# What a value in {} can be. A new one has to be added here.
VALUES: dict[str, tuple[Any, ...]] = {
    "phase": tuple(Phase),
    "who": ("kenji",),
    "answer": tuple(Answer),
    "seconds": (61.4,),
    "minutes": (11.2,),
    "dispatch": tuple(DispatchKind),
    "state": tuple(DispatchState),
    "wanted": tuple(DispatchState),
    "ambulance": tuple(AmbulanceState),
    "becomes": tuple(AmbulanceState),
    "incident": (incident("0b0f6a54-8d3c-4d58-9a1e-0123456789ab"),),
    "until": (datetime(2026, 11, 26, 3, 30, 10, tzinfo=UTC),),
    "rule": (Called("severe", "強い衝撃", "Severe impact"),),
    "step": tuple(Do),
    "unit": (Called("guard-1", "品川警備1号", "Shinagawa 1"),),
    "skills": (list(DispatchKind),),
    # A person's own words, in whichever language they wrote.
    "why": ("119",),
    "status": ("off shift", "asked", "working"),
    "item": (FIRST, *((item,) for item in Item)),
    "most": (1000,),
    "least": (2,),
}


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("refusal", Refusal)
def test_every_reason_is_said_in_both_languages_with_its_values(refusal: Refusal) -> None:
    ja, en = refusal.value[:2]
    assert fields(ja) >= fields(en) == fields(refusal.value[-1])
    for number in range(max(len(VALUES[name]) for name in fields(ja) | {"most"})):
        values = {name: VALUES[name][number % len(VALUES[name])] for name in fields(ja)}
        why = refusal.of(**values)
        assert JAPANESE.search(why.ja)
        assert re.search(r"[a-z]{2}", why.en)
        assert re.search(r"[a-z]{2}", why.detail)
        assert not JAPANESE.search(why.en + why.detail)
        assert not re.search(r"[{}_]|None", why.ja + why.en), "a name of the vocabulary without words"
        plain = re.sub(r"119|110|JPEG|SMS|kenji|0b0f6a54|[0-9:]", "", why.ja)
        assert not re.search(r"[A-Za-z]", plain), f"English in Japanese: {why.ja}"


def test_values_have_the_words_of_each_language_and_their_names_for_programs() -> None:
    why = Refusal.HELP_COMES.of(dispatch=DispatchKind.TOW, state=DispatchState.EN_ROUTE)
    assert why.ja == "その後、レッカーが「移動中」になりました。必要なら派遣を取り消してください"
    assert why.en == 'a tow truck is "on the way" since: call it off instead'
    assert why.detail == "a tow is en_route since: call it off instead"
    why = Refusal.PAUSED_BY.of(who="akiko", until=VALUES["until"][0])
    assert (why.ja, why.en) == ("担当者 akiko が 12:30 まで一時停止しています", "akiko paused it until 12:30")
    assert why.detail == "akiko paused it until 03:30:10 UTC"
    why = Refusal.CAR_HAS_ANOTHER.of(incident=VALUES["incident"][0])
    assert why.ja.endswith(": 0b0f6a54")
    assert why.detail.endswith(": 0b0f6a54-8d3c-4d58-9a1e-0123456789ab")
    why = Refusal.NOT_SEEN_TO.of(item=FIRST)
    assert "人の安全、三角表示板とハザードランプ、二次事故の防止" in why.ja
    why = Refusal.OTHER_HAS_IT.of(who="{akiko}")
    assert why.en == "{akiko} has it"


def test_a_command_is_named_for_programs_only() -> None:
    refused = CommandRefused("Close", Phase.CLOSED, Refusal.INCIDENT_IS.of(phase=Phase.CLOSED))
    assert str(refused) == "Close is refused: the incident is closed"
    assert (refused.why.ja, refused.why.en) == ("この案件は終了しています", "the incident is closed")


def raised() -> Iterator[tuple[str, set[str], str]]:
    """Each reason that is given somewhere, with the names of its values."""
    for folder in ("incident", "api"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and node.func.attr == "of"
                ):
                    of = node.func.value
                    if isinstance(of, ast.Attribute) and ast.unparse(of.value) == "Refusal":
                        where = f"{file.relative_to(ROOT)}:{node.lineno}"
                        yield of.attr, {str(word.arg) for word in node.keywords}, where


def test_every_reason_is_given_the_values_it_names() -> None:
    found = list(raised())
    assert len(found) > 30
    for name, given, where in found:
        assert fields(Refusal[name].value[0]) == given, where


def test_every_reason_is_given_by_somebody() -> None:
    text = "".join(
        file.read_text(encoding="utf-8")
        for folder in ("incident", "api")
        for file in (ROOT / folder).rglob("*.py")
        if file != Path(refusals.__file__)
    )
    assert [name for name in Refusal.__members__ if f"Refusal.{name}" not in text] == []
