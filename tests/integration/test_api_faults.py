"""What goes wrong is said in one form; what is measured is told; what is too much is refused."""

from __future__ import annotations

import re
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs
from support.backend import (
    ADMIN,
    OPERATOR,
    POLICY,
    Backend,
    allow_connections,
    running_backend,
    terminate_connections,
    until,
)
from support.servers import Databases


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        yield backend


def figures(api: Backend) -> dict[tuple[str, ...], float]:
    text = api.client.get("/metrics").text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("DELETE", "/v1/incidents", 405),
        ("GET", "/docs", 404),
        ("GET", "/redoc", 404),
    ],
)
def test_the_frameworks_own_errors_are_problems_too(
    api: Backend, method: str, path: str, status: int
) -> None:
    answer = api.client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json().keys() == {"type", "title", "status", "detail"}
    assert answer.json()["status"] == status


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b'"x"', b"\xff\xfe", b'{"text": "\\ud800"}', b'{"text": 1e999}'],
)
def test_a_body_that_cannot_be_read_is_a_problem(api: Backend, body: bytes) -> None:
    answer = api.client.post(
        f"/v1/incidents/{uuid4()}/notes",
        content=body,
        headers=OPERATOR | {"Content-Type": "application/json"},
    )
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"]


def test_a_body_nested_beyond_reason_is_a_problem(api: Backend) -> None:
    answer = api.client.post(
        "/v1/devices", content=b"[" * 60_000, headers=ADMIN | {"Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_fault_of_ours_is_a_problem_without_its_details(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    api.sql("ALTER TABLE incident_notes DROP COLUMN author")
    problem = api.post(f"/v1/incidents/{incident_id}/notes", {"text": "secret words"}, status=500)
    assert problem["detail"] == "something is wrong on our side; the log says what"


def test_a_large_request_is_refused_whether_announced_or_not(api: Backend) -> None:
    path = f"/v1/incidents/{uuid4()}/notes"
    headers = OPERATOR | {"Content-Type": "application/json"}
    announced = api.client.post(path, content=b"x" * (64 * 1024 + 1), headers=headers)

    def pieces() -> Generator[bytes]:
        for _ in range(65):
            yield b"x" * 1024

    assert announced.status_code == 413
    assert announced.headers["content-type"] == "application/problem+json"
    assert api.client.post(path, content=pieces(), headers=headers).status_code == 413
    assert api.client.post(path, content=b" " * (64 * 1024), headers=headers).status_code == 422


def test_answers_are_not_kept_by_anybody_in_between(api: Backend) -> None:
    answer = api.client.get("/v1/incidents", headers=OPERATOR)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_without_a_database_every_answer_is_a_quick_503_and_then_all_is_well(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    assert api.get("/readyz") == {"status": "ok"}
    terminate_connections(api.url)
    asked: list[tuple[str, str, Any]] = [
        ("GET", "/v1/incidents", None),
        ("POST", f"/v1/incidents/{incident_id}/close", {"outcome": "accident"}),
        ("POST", "/v1/policies", POLICY),
        ("GET", "/readyz", None),
    ]
    with ThreadPoolExecutor(8) as people:
        answers = list(
            people.map(
                lambda ask: api.client.request(
                    ask[0], ask[1], json=ask[2], headers=ADMIN if "policies" in ask[1] else OPERATOR
                ),
                asked * 2,
            )
        )
    assert {answer.status_code for answer in answers} == {503}
    assert {answer.headers["retry-after"] for answer in answers} == {"1"}
    assert max(answer.elapsed.total_seconds() for answer in answers) < 8
    assert api.get("/healthz") == {"status": "ok"}
    assert figures(api)[("cbutton_database_up",)] == 0
    allow_connections(api.url)
    closed = api.post(f"/v1/incidents/{incident_id}/close", {"outcome": "accident"})
    assert closed["phase"] == "closed"
    assert api.get("/readyz") == {"status": "ok"}


def test_a_database_without_its_migrations_is_not_ready(databases: Databases) -> None:
    with databases.empty() as url, running_backend(url) as api:
        assert "0001" in api.get("/readyz", status=503)["detail"]


def test_a_database_of_newer_code_is_not_ready(api: Backend) -> None:
    api.sql("INSERT INTO schema_migrations (number, name, sha256) VALUES (9999, 'later', 'x')")
    assert "newer than this code" in api.get("/readyz", status=503)["detail"]


def test_figures_tell_of_requests_and_of_the_whole_system(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    api.get(f"/v1/incidents/{incident_id}")
    api.get(f"/v1/incidents/{uuid4()}", status=404)
    api.client.request("BREW", "/v1/nowhere")
    api.sql("INSERT INTO dead_letter_days VALUES ('?', (now() AT TIME ZONE 'UTC')::date, 3, 30, 4)")
    api.sql("UPDATE timers SET due_at = now() - interval '1 minute' WHERE name = 'remind'")
    seen = figures(api)
    route = "/v1/incidents/{incident_id}"
    assert seen[("cbutton_http_requests_total", "GET", route, "200")] == 1
    assert seen[("cbutton_http_requests_total", "GET", route, "404")] == 1
    assert seen[("cbutton_http_requests_total", "any", "unmatched", "404")] == 1
    assert seen[("cbutton_http_request_seconds_count", "GET", route)] == 2
    assert seen[("cbutton_open_incidents", "reaching")] == 1
    assert seen[("cbutton_open_incidents", "helping")] == 0
    assert seen[("cbutton_timers_overdue",)] == 1
    assert seen[("cbutton_outbox_waiting",)] == 3
    assert seen[("cbutton_dead_letters",)] == 7
    assert seen[("cbutton_event_queue",)] >= 0
    assert seen[("cbutton_database_up",)] == 1


def test_the_log_names_routes_and_neither_tokens_nor_words(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    with capture_logs() as lines:
        api.post(f"/v1/incidents/{incident_id}/notes?x=hidden", {"text": "首が痛い"})
        api.get("/v1/incidents", {"Authorization": "Bearer wrong-token"}, status=401)
        until(lambda: len([line for line in lines if line["event"] == "request"]) == 2)
    requests = [line for line in lines if line["event"] == "request"]
    assert [(line["method"], line["route"], line["status"]) for line in requests] == [
        ("POST", "/v1/incidents/{incident_id}/notes", 200),
        ("GET", "/v1/incidents", 401),
    ]
    assert all(line["ms"] > 0 for line in requests)
    assert not re.search(r"token|首|hidden|" + str(incident_id), str(lines))
