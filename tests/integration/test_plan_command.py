"""`cbutton plan` beside a database."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from support.insured import Insured, insured_world
from support.scene import DEFAULT_PLAN_TOML
from typer.testing import CliRunner

from cli.__main__ import app
from incident.plan.store import UnknownPlan, stored
from schemas.impact import Severity

SOONER = DEFAULT_PLAN_TOML.replace(
    '{ after_s = 60, do = "call_contact" }', '{ after_s = 45, do = "call_contact" }'
)


@pytest.fixture
def world(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Generator[Insured]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CBUTTON_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("CBUTTON_DATABASE_URL", database_url)
    with insured_world(database_url) as made:
        yield made


def done(*words: str) -> str:
    ran = CliRunner().invoke(app, ["plan", *words])
    assert ran.exit_code == 0, ran.stderr
    return ran.stdout


def refused(*words: str) -> str:
    ran = CliRunner().invoke(app, ["plan", *words])
    assert (ran.exit_code, ran.stdout) == (1, ""), ran.stderr
    return ran.stderr


def write(text: str, name: str = "plan.toml") -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def test_a_plan_is_checked_compared_activated_and_shown(world: Insured) -> None:
    file = write(SOONER)
    assert done("check", file) == "plan.toml: no faults, no warnings; 11 rules, 55 steps\n"
    assert "[severe] — call to the emergency contact 60 s → 45 s\n" in done("diff", "active", file)
    assert "[severe] — 緊急連絡先への電話 60秒 → 45秒\n" in done("diff", "active", file, "--language", "ja")
    assert done("diff", "default", "1") == "they do the same\n"
    assert done("activate", file, "--reason", "sooner") == "version 2 is active\n"
    assert done("show") == SOONER
    assert done("show", "1") == DEFAULT_PLAN_TOML
    noted = world.one("SELECT actor, action, object, reason FROM access_log")
    assert noted.pop("actor").startswith("cli:")
    assert noted == {"action": "activate plan", "object": "plan 2", "reason": "sooner"}
    # Going back makes no third version of it.
    assert done("activate", write(DEFAULT_PLAN_TOML)) == "version 1 is active\n"
    first = done("diff", "active", "2").splitlines()[0]
    assert first.endswith("(expressway) [severe_expressway] — call to the emergency contact 60 s → 45 s")


def test_a_running_incident_keeps_its_plan(world: Insured) -> None:
    incident_id = world.report(world.insure())
    done("activate", write(SOONER))
    again = world.report(world.insure("car-0002"))
    versions = [
        world.one("SELECT plan_version AS v FROM incidents WHERE id = %s", one)["v"]
        for one in (incident_id, again)
    ]
    assert versions == [1, 2]


def test_a_plan_with_faults_is_refused_with_their_lines(world: Insured) -> None:
    broken = write(SOONER.replace('"send_help"', '"send_gurad"').replace("offer_s = 60", "offer_s = 5"))
    lines = Path(broken).read_text(encoding="utf-8").splitlines()
    for command in ("check", "activate"):
        said = refused(command, broken)
        for marker in ("send_gurad", "offer_s = 5 "):
            number = next(number for number, line in enumerate(lines, 1) if marker in line)
            assert f"plan.toml:{number}: " in said
    unwise = write(SOONER.replace("ring_s = 14 ", "ring_s = 31 "))
    assert "plan.toml:10: calls, ring_s: must be 30 or less: voicemail" in refused("activate", unwise)
    assert stored(world.conn).version == 1
    assert world.rows("SELECT 1 FROM access_log") == []


def test_what_is_unwise_is_said_and_allowed(world: Insured) -> None:
    file = write(SOONER.replace("ring_s = 14 ", "ring_s = 20 "))
    assert "plan.toml:10: warning: calls, ring_s: 14 is safer" in done("check", file)
    assert done("activate", file) == "version 2 is active\n"
    assert stored(world.conn, 2).toml == Path(file).read_text(encoding="utf-8")


def test_a_picture_is_drawn(world: Insured) -> None:
    assert world.url
    done("picture", "active", "--out", "a.svg", "--language", "en")
    assert ET.parse("a.svg").getroot().get("lang") == "en"
    assert "no/such/a.svg" in refused("picture", "1", "--out", "no/such/a.svg")


def test_what_is_not_there_is_said(world: Insured) -> None:
    assert "there is no plan of version 7" in refused("show", "7")
    assert "no.toml: No such file" in refused("check", "no.toml")
    Path("a.toml").write_bytes(b"\xff\xfe")
    assert "a.toml is not UTF-8 text" in refused("diff", "a.toml", "active")
    assert "--since yesterday: a day such as" in refused("backtest", "active", "--since", "yesterday")
    with pytest.raises(UnknownPlan):
        stored(world.conn, 99)


def test_a_database_that_is_away_is_said(world: Insured, monkeypatch: pytest.MonkeyPatch) -> None:
    assert world.url
    monkeypatch.setenv("CBUTTON_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert "the database cannot be used" in refused("show")


def test_the_past_is_tried_under_another_plan(world: Insured) -> None:
    incident_id = world.report(world.insure())
    world.report(world.insure("car-0002"), Severity.LIGHT)
    lines = [json.loads(line) for line in done("backtest", write(SOONER), "--json").splitlines()]
    assert [line["incident"] for line in lines[:-1]] == [str(incident_id)]
    assert {"what": "call contact 1", "before_s": 60.0, "after_s": 45.0, "way": "earlier"} in lines[0][
        "changes"
    ]
    assert (lines[-1]["incidents"], lines[-1]["changed"]) == (2, 1)
    words = done("backtest", "plan.toml")
    assert "  call contact 1: 60 s → 45 s, earlier" in words
    assert words.splitlines()[-1].startswith("2 incidents, 1 would have gone otherwise")
    none = [
        json.loads(line)
        for line in done("backtest", "plan.toml", "--since", "2999-01-01", "--json").splitlines()
    ]
    assert none == [{"incidents": 0, "changed": 0, "strayed": 0, "changes": {}}]


def test_the_past_is_tried_with_another_detectors_severities(world: Insured) -> None:
    incident_id = world.report(world.insure())
    impact = world.one(
        "INSERT INTO impacts (device_id, boot_id, uptime_ms, at, severity, delta_v_kmh, delta_v_is_lower_bound, "
        "peak_g, duration_ms, rollover, multiple, reasons, late, incident_id) "
        "SELECT device_id, 1, 1, opened_at, 'severe', 30, false, 20, 100, false, false, '{}', false, id "
        "FROM incidents WHERE id = %s RETURNING id",
        incident_id,
    )["id"]
    file = write(json.dumps({"impact": str(impact), "severity": "none"}) + "\n\n", "other.jsonl")
    found = json.loads(done("backtest", "active", "--severities", file, "--json").splitlines()[-1])
    assert found["changes"]["call driver 1"] == {"never": 1}
    bad = write('{"impact": "1", "severity": "grave"}\n', "bad.jsonl")
    assert "bad.jsonl:1: severity must be one of none, knock, light" in refused(
        "backtest", "active", "--severities", bad
    )
    assert "bad.jsonl:1: a line must be" in refused(
        "backtest", "active", "--severities", write("[]\n", "bad.jsonl")
    )
