"""Several operators on one incident: who looks at it, and what is refused to whoever has not seen the newest."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
from support.backend import OPERATOR, Backend, running_backend


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        backend.insure()
        yield backend


def seen(api: Backend, incident_id: object, who: dict[str, str]) -> dict[str, str]:
    """The headers of somebody whose screen shows the incident as it stands."""
    return {**who, "X-Seen-At": api.get(f"/v1/incidents/{incident_id}", who)["events"][-1]["at"]}


def test_those_who_look_are_told_of_each_other(api: Backend) -> None:
    incident_id = api.report()
    sato, mori = api.staff("sato"), api.staff("mori")
    look = f"/v1/incidents/{incident_id}/look"
    assert api.post(look, headers=sato) == {"lookers": []}
    assert api.post(look, headers=mori) == {"lookers": ["sato"]}
    assert api.post(look, headers=sato) == {"lookers": ["mori"]}
    assert api.post(look, headers={"Authorization": "Bearer admin-token"}) == {"lookers": ["mori", "sato"]}
    # At another one, away for long enough, or signed out: none of them looks any more.
    api.post("/v1/incidents/7a3c1d9e-6a55-4c1e-9a43-0f6f1b2c3d4e/look", headers=mori)
    assert api.post(look, headers=sato) == {"lookers": []}
    api.post(look, headers=mori)
    api.sql("UPDATE staff_sessions SET looked_at = looked_at - interval '16 s' WHERE name = 'mori'")
    assert api.post(look, headers=sato) == {"lookers": []}
    api.post(look, headers=mori)
    api.client.delete("/v1/session", headers=mori).raise_for_status()
    assert api.post(look, headers=sato) == {"lookers": []}
    # The log of who looked up what is not filled with it.
    assert api.sql("SELECT 1 FROM access_log WHERE object = %s", str(incident_id)) == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("take", {}),
        ("close", {"outcome": "mistake"}),
        ("answer", {"answer": "fine"}),
        ("dispatches", {"kind": "guard"}),
        ("ambulance", {"state": "asked"}),
    ],
)
def test_what_others_decided_meanwhile_is_told_and_refuses(api: Backend, path: str, body: Any) -> None:
    incident_id = api.report()
    mori = seen(api, incident_id, api.staff("mori"))
    api.post(f"/v1/incidents/{incident_id}/take")
    refused = api.post(f"/v1/incidents/{incident_id}/{path}", body, mori, status=409)
    assert refused["changed"] == [{"ja": "担当者 sato が引き受け", "en": "Taken by operator sato"}]
    assert refused["detail"] == "meanwhile: Taken by operator sato"
    assert api.get(f"/v1/incidents/{incident_id}")["taken_by"] == "sato"
    # With the newest in sight it is done.
    api.post(f"/v1/incidents/{incident_id}/{path}", body, seen(api, incident_id, mori))


def test_ones_own_and_the_machines_doing_is_nothing_new(api: Backend) -> None:
    incident_id = api.report()
    sato = seen(api, incident_id, OPERATOR)
    api.post(f"/v1/incidents/{incident_id}/take", headers=sato)
    api.post(f"/v1/incidents/{incident_id}/notes", {"text": "後続車に注意"}, api.staff("mori"))
    api.sql(
        "INSERT INTO incident_events (incident_id, at, actor, kind) VALUES (%s, now(), 'system', 'placed')",
        incident_id,
    )
    api.post(f"/v1/incidents/{incident_id}/answer", {"answer": "help"}, sato)


def test_the_drivers_own_answer_is_something_new(api: Backend) -> None:
    incident_id = api.report()
    sato = seen(api, incident_id, OPERATOR)
    holder_id = api.sql("SELECT holder_id FROM policies")[0]["holder_id"]
    api.post(f"/v1/driver/incidents/{incident_id}/answer", {"answer": "ambulance"}, api.driver(holder_id))
    refused = api.post(f"/v1/incidents/{incident_id}/answer", {"answer": "fine"}, sato, status=409)
    assert [each["en"] for each in refused["changed"]] == [
        "Answer of the driver: an ambulance is needed (by the app)"
    ]
