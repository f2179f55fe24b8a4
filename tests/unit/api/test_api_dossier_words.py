"""Every kind of event that is ever written has words, in both languages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.dossier.events import PHRASES, told
from incident.escalation import evidence
from incident.escalation.state import Light, Task
from incident.plan.tables import Round
from incident.wording import vocabulary as words
from schemas.impact import Severity
from schemas.incident import (
    AmbulanceState,
    Answer,
    CallParty,
    DispatchKind,
    DispatchState,
    Language,
    Outcome,
    Phase,
    RoadKind,
    Trigger,
)

ROOT = Path(__file__).parents[3]
# What the parts in {} of a composed kind can be. A new composition has to be added here.
COMPOSED = {
    "call_{event.stage}": ["call_placed", "call_ringing", "call_answered", "call_detected"],
    "dispatch_{event.state}": [f"dispatch_{state}" for state in DispatchState],
    "ambulance_{event.state}": [f"ambulance_{state}" for state in AmbulanceState],
    "ambulance_{event.ambulance}": [f"ambulance_{state}" for state in AmbulanceState],
    "{channel}_queued": ["push_queued", "sms_queued", "mail_queued"],
    "{event.by}_wrote": ["driver_wrote", "contact_wrote"],
    "row.kind": [],  # read back from a record
    "_KINDS[event.trigger]": sorted(set(evidence._KINDS.values())),
}


def written_kinds() -> Iterator[tuple[str, str]]:
    """Every kind handed to `note`, `Note` or the record's own INSERT, with where."""
    for folder in ("incident", "api", "ingest"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and node.args and _writes(node.func):
                    where = f"{file.relative_to(ROOT)}:{node.lineno}"
                    yield from ((kind, where) for kind in _kinds(node.args[0], where))
                elif isinstance(node, ast.Dict):
                    row = {
                        key.value: value
                        for key, value in zip(node.keys, node.values, strict=True)
                        if isinstance(key, ast.Constant)
                    }
                    if {"actor", "kind", "data"} <= row.keys() and isinstance(row["kind"], ast.Constant):
                        yield str(row["kind"].value), f"{file.relative_to(ROOT)}:{node.lineno}"


def _writes(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute):
        owner = function.value
        return function.attr == "note" and isinstance(owner, ast.Name) and owner.id in {"draft", "hands"}
    return isinstance(function, ast.Name) and function.id == "Note"


def _kinds(node: ast.expr, where: str) -> list[str]:
    match node:
        case ast.Constant(value=str(kind)):
            return [kind]
        case ast.IfExp(_, one, other):
            return [*_kinds(one, where), *_kinds(other, where)]
        case ast.Name(id="kind"):
            return []  # passed on: Draft.note itself
        case _:
            text = re.sub(r"^f['\"]|['\"]$", "", ast.unparse(node))
            assert text in COMPOSED, f"{where}: say in this test what {text} can be"
            return COMPOSED[text]


def test_every_kind_of_event_has_words_in_both_languages() -> None:
    found = dict(written_kinds())
    assert {"opened", "closed", "call_ended", "dispatch_on_scene", "note", "command_done"} <= found.keys()
    missing = {kind: where for kind, where in found.items() if kind not in PHRASES}
    assert missing == {}, "api/dossier/events.py has no words for these"
    assert all(ja and en and ja != en for ja, en in PHRASES.values())


def test_every_reason_of_an_alarm_has_words() -> None:
    reasons = {
        str(keyword.value.value)
        for file in (ROOT / "incident").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).split(".")[-1] in {"alarm", "summon", "_ring"}
        for keyword in node.keywords
        if keyword.arg == "reason" and isinstance(keyword.value, ast.Constant)
    }
    assert "plan" in reasons
    assert reasons <= words.ALARM_REASON.keys()


@pytest.mark.parametrize(
    ("table", "vocabulary"),
    [
        (words.TRIGGER, Trigger),
        (words.PHASE, Phase),
        (words.ANSWER, Answer),
        (words.OUTCOME, Outcome),
        (words.PARTY, CallParty),
        (words.DISPATCH, DispatchKind),
        (words.DISPATCH_STATE, DispatchState),
        (words.TASK, Task),
        (words.LIGHT, Light),
        (words.ROAD, RoadKind),
        (words.ROUND, Round),
        (words.SEVERITY, Severity),
    ],
)
def test_every_word_of_the_vocabulary_has_words(table: words.Words, vocabulary: type[str]) -> None:
    assert {str(name) for name in vocabulary} <= table.keys()  # pyright: ignore[reportGeneralTypeIssues]


def test_an_unknown_kind_is_shown_by_its_name_with_its_data() -> None:
    assert told("drone_sent", {"drone": "d-1", "km": 3}, Language.JA) == "drone_sent drone=d-1 km=3"


def test_values_are_said_in_words_and_moments_in_japan_time() -> None:
    data = {"dispatch": "guard", "unit": "guard-1", "eta_at": "2026-10-01T03:18:00+00:00"}
    assert told("dispatch_accepted", data, Language.JA) == (
        "現場急行サービス: guard-1 が受諾。到着見込み 12:18:00"
    )
    assert told("dispatch_accepted", data, Language.EN) == (
        "Accepted by unit guard-1: a guard, expected at 12:18:00"
    )


def test_what_is_not_on_record_is_left_out_of_a_sentence() -> None:
    assert told("closed", {"outcome": "drop"}, Language.EN) == "Closed: false alarm: the device was dropped"
    assert told("taken", {"operator": "sato", "before": None}, Language.JA) == "担当者 sato が引き受け"
    assert told("answered", {}, Language.EN) == "Answer of ?: ? (by ?)"


def test_an_ambulance_asked_for_is_told_from_one_an_operator_is_asked_to_request() -> None:
    assert told("ambulance_needed", {}, Language.JA) == "担当者に救急車の要請 (119番) を依頼"
    # Incidents of before have it on record under the same name as what an operator did.
    assert told("ambulance_asked", {}, Language.JA) == "担当者に救急車の要請 (119番) を依頼"
    assert told("ambulance_asked", {"operator": "sato"}, Language.JA) == "担当者 sato が消防に救急車を要請"


def test_data_that_looks_like_a_template_stays_as_it_is() -> None:
    data = {"operator": "{before} [x] \\1 {0.__class__}", "before": "mori"}
    assert told("taken", data, Language.EN) == "Taken by operator {before} [x] \\1 {0.__class__}, before mori"


def written(function: str, place: int) -> set[str]:
    """The words handed to a function at one place, wherever it is called."""
    given: list[ast.expr] = [
        node.args[place]
        for folder in ("incident", "api", "ingest", "cli")
        for file in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == function and len(node.args) > place
    ]
    return {str(ast.literal_eval(one)) for one in given if isinstance(one, ast.Constant)}


def test_every_look_at_an_incident_or_an_impact_has_words() -> None:
    actions = written("log_access", 2) | written("log_look_up", 2)
    about = {action for action in actions if action.partition(".")[0] in ("incident", "impact")}
    assert {"incident.read", "incident.events", "incident.dossier", "impact.read"} <= about
    assert about == words.ACTION.keys()


def test_every_actor_and_flag_has_words() -> None:
    assert {
        *map(str, CallParty),
        "device",
        "system",
        "auditor",
        "carrier",
        "unit",
        "provider",
    } <= words.ACTOR.keys()
    assert {"unknown_caller", "contact_rang", "no_position", "no_policy", "policy_lapsed", "late"} <= (
        words.FLAG.keys()
    )
