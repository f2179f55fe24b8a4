"""The escalation plan in its versions, read through the API."""

from __future__ import annotations

from collections.abc import Generator
from importlib import resources

import pytest
from support.backend import ADMIN, Backend, running_backend

from incident.plan.store import activate, keep
from runtime.database import connect


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        yield backend


def test_versions_are_told_with_who_made_them_active(api: Backend) -> None:
    api.insure()
    api.report()  # the built-in plan comes into the database with the first incident
    default = resources.files("incident.plan").joinpath("default.toml").read_text(encoding="utf-8")
    changed = default.replace("attempts_pause_s = 15", "attempts_pause_s = 18")
    with connect(api.url, name="test") as conn:
        second = activate(conn, default + "\n# again\n", actor="cli:mori", reason="a comment")
        third = activate(conn, changed, actor="cli:sato", reason="a longer pause")
        keep(conn, default + "\n# only tried on the past\n")
    plans = api.get("/v1/plans", ADMIN)["plans"]
    assert [(each["version"], each["active"], each["actor"]) for each in plans[:2]] == [
        (third, True, "cli:sato"),
        (second, False, "cli:mori"),
    ]
    assert plans[0]["reason"] == "a longer pause"
    assert len(plans) == 3
    told = api.get(f"/v1/plans/{third}?compare={second}", ADMIN)
    assert told["toml"] == changed
    assert told["differences"] == [
        {
            "ja": "電話 — 次の電話まであける時間: 15秒 → 18秒",
            "en": "Calls — before the next call: 15 s → 18 s",
        }
    ]
    assert api.get(f"/v1/plans/{second}", ADMIN)["differences"] is None
    for language, word in (("ja", "運転者"), ("en", "driver")):
        drawing = api.client.get(f"/v1/plans/{third}/picture?language={language}", headers=ADMIN)
        assert drawing.headers["content-type"].startswith("image/svg+xml")
        assert word in drawing.text
    api.get("/v1/plans/999", ADMIN, status=404)
    api.get(f"/v1/plans/{third}?compare=999", ADMIN, status=404)
