"""`cbutton incident` beside a running API, and its dossier without one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from uuid import UUID

import pytest
from support.backend import Backend, allow_connections, running_backend, terminate_connections
from support.paper import attachments, text_of

NOBODY = UUID(int=7)


@pytest.fixture
def api(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        monkeypatch.setenv("CBUTTON_STATE_DIR", str(tmp_path / "state"))
        monkeypatch.setenv("CBUTTON_DATABASE_URL", database_url)
        monkeypatch.setenv("CBUTTON_MQTT_URL", "mqtt://127.0.0.1:1")
        monkeypatch.setenv("CBUTTON_API_PORT", str(backend.client.base_url.port))
        monkeypatch.setenv("CBUTTON_ADMIN_TOKEN", "admin-token")
        backend.insure()
        yield backend


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli", "incident", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def said(*words: str) -> str:
    done = run(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(*words: str) -> str:
    done = run(*words)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    return done.stderr


def test_incidents_are_listed_and_told(api: Backend) -> None:
    incident_id = api.report()
    listed = said("list").splitlines()
    assert {str(incident_id), "impact", "severe", "reaching"} <= set(listed[1].split())
    told = said("show", str(incident_id))
    assert "severity: severe" in told
    assert "incident opened: impact severe" in told
    api.post(f"/v1/incidents/{incident_id}/close", {"outcome": "accident"})
    assert len(said("list", "--open").splitlines()) == 1
    assert "no such incident" in refused("show", str(NOBODY))


def test_a_dossier_is_written_straight_from_the_database(api: Backend, tmp_path: Path) -> None:
    incident_id = str(api.report())
    found = json.loads(said("dossier", incident_id, "--json", "--reason", "警察からの照会"))
    assert found["generated"]["reason"] == "警察からの照会"
    assert found["record"]["contract"]["holder"]["phones"] == ["+819012345678"]

    wrote = said("dossier", incident_id, "--language", "en", "--masked")
    pdf = (tmp_path / f"dossier-{incident_id}.pdf").read_bytes()
    kept = json.loads(attachments(pdf)["dossier.json"])
    assert kept["digest"] in wrote
    assert kept["masked"] is True
    assert "Incident dossier" in text_of(pdf)
    logged = api.sql(
        "SELECT actor, action, object, reason FROM access_log WHERE actor <> 'operator:sato' ORDER BY id"
    )
    assert [(row["action"], row["object"], row["reason"]) for row in logged] == [
        ("incident.dossier", incident_id, "警察からの照会"),
        ("incident.dossier", incident_id, "incident work"),
    ]


def test_what_cannot_be_done_is_said(api: Backend, tmp_path: Path) -> None:
    incident_id = str(api.report())
    assert "there is no incident" in refused("dossier", str(NOBODY))
    assert "No such file or directory" in refused(
        "dossier", incident_id, "--json", "--out", str(tmp_path / "none" / "a.json")
    )
    assert run("dossier", "no-uuid").returncode == 2
    terminate_connections(api.url)
    try:
        assert "the database does not answer" in refused("dossier", incident_id)
    finally:
        allow_connections(api.url)
