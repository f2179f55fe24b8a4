"""The whole queue, and what many consoles ask for at once."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
from support.backend import OPERATOR, Backend, running_backend, until

from api.queue import QueueView

MORI = {"Authorization": "Bearer mori-token"}


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        yield backend


def incident(api: Backend) -> str:
    api.insure()
    return str(api.report())


def last_event(api: Backend) -> int:
    """The position of the last event, once this process has heard of all."""
    until(lambda: not api.sql("SELECT 1 FROM event_queue"))
    end: int = api.sql("SELECT max(position) AS position FROM event_stream")[0]["position"]
    until(lambda: api.app.state.context.hub.position >= end)
    return end


def row(api: Backend, incident_id: str, seen: int | None = None) -> dict[str, Any]:
    asked = f"/v1/queue?ids={incident_id}" + (f"&seen={seen}" if seen is not None else "")
    return api.get(asked)["incidents"][0]


def test_the_queue_is_what_its_description_says(api: Backend) -> None:
    incident_id = incident(api)
    found = QueueView.model_validate(api.get("/v1/queue"))
    assert [str(each.id) for each in found.incidents] == [incident_id]
    assert found == QueueView.model_validate_json(found.model_dump_json())
    api.post(f"/v1/incidents/{incident_id}/close", {"outcome": "accident"})
    assert api.get("/v1/queue")["incidents"] == []
    assert row(api, incident_id)["phase"] == "closed"
    assert api.get("/v1/queue?ids=00000000-0000-0000-0000-000000000001")["incidents"] == []


def test_each_event_is_seen_in_what_is_read_behind_it(api: Backend) -> None:
    incident_id = incident(api)
    for turn in range(6):
        who, headers = (("sato", OPERATOR), ("mori", MORI))[turn % 2]
        api.post(f"/v1/incidents/{incident_id}/take", headers=headers)
        seen = last_event(api)
        # Two consoles: the second is told what was read for the first.
        assert [row(api, incident_id, seen)["taken_by"] for _ in range(2)] == [who, who]


def test_what_was_read_a_moment_ago_serves_all_who_know_no_more(api: Backend) -> None:
    incident_id = incident(api)
    seen = last_event(api)
    assert row(api, incident_id, seen)["flags"] == []
    # Nothing tells of this one, so that it shows which answers are read anew.
    api.sql("UPDATE incidents SET flags = '{late}' WHERE id = %s", incident_id)
    assert row(api, incident_id, seen)["flags"] == []
    assert row(api, incident_id, seen + 1)["flags"] == ["late"]
    api.sql("UPDATE incidents SET flags = '{}' WHERE id = %s", incident_id)
    assert row(api, incident_id)["flags"] == []
    # And by itself before long.
    api.sql("UPDATE incidents SET flags = '{late}' WHERE id = %s", incident_id)
    until(lambda: row(api, incident_id, seen)["flags"] == ["late"])


def test_it_is_compressed_and_the_stream_is_not(api: Backend) -> None:
    incident(api)
    accepting = OPERATOR | {"Accept-Encoding": "gzip"}
    for number in range(2, 8):
        device_id = f"car-{number:04}"
        api.sql("INSERT INTO devices (id, shard) VALUES (%s, '00')", device_id)
        api.report(device_id)
    small = api.client.get("/v1/queue", headers=OPERATOR | {"Accept-Encoding": "identity"})
    assert "content-encoding" not in small.headers
    packed = api.client.get("/v1/queue", headers=accepting)
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json()["incidents"] == small.json()["incidents"]
    assert packed.headers["cache-control"] == "no-store"
    with api.client.stream("GET", "/v1/stream", headers=accepting) as stream:
        assert "content-encoding" not in stream.headers
        assert next(stream.iter_raw()).startswith(b": connected")
