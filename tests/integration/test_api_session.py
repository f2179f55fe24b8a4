"""Signing in: who is let in, who has to wait, what a locked screen shows, and when a session ends."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from support.api_process import Process
from support.backend import (
    ADMIN,
    OPERATOR,
    PASSWORD,
    Backend,
    allow_connections,
    running_backend,
    terminate_connections,
    until,
)
from support.servers import Databases

from api import passwords

WRONG = "some-other-words-here"


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        yield backend


def tried(api: Backend, name: str, password: str = PASSWORD, **more: str) -> httpx.Response:
    answer = api.client.post("/v1/session", json={"name": name, "password": password} | more)
    api.client.cookies.clear()
    return answer


def log(api: Backend) -> list[tuple[str, str, str]]:
    rows = api.sql("SELECT actor, action, object FROM access_log ORDER BY id")
    return [(row["actor"], row["action"], row["object"]) for row in rows]


def wait_over(api: Backend) -> None:
    api.sql("UPDATE sign_in_tries SET waits_until = clock_timestamp()")


# In and out.


def test_a_session_is_begun_told_of_and_ended(api: Backend) -> None:
    headers = api.staff("sato")
    view = api.get("/v1/session", headers)
    assert (view["name"], view["role"], view["language"]) == ("sato", "operator", "ja")
    assert (view["locked"], view["second_factor"], view["lock_after_s"]) == (False, False, 600)
    assert view["csrf_token"] == headers["X-CSRF-Token"]
    assert api.get("/v1/incidents", headers) == {"incidents": []}
    assert api.client.delete("/v1/session", headers=headers).status_code == 204
    for path in ("/v1/session", "/v1/incidents"):
        assert "sign in" in api.get(path, headers, status=401)["detail"]
    assert log(api)[-2:] == [
        ("operator:sato", "session.begin", "address 127.0.0.1"),
        ("operator:sato", "session.end", "sato"),
    ]


@pytest.mark.parametrize(
    ("public_url", "secure"), [("https://a.example", True), ("http://127.0.0.1:8080", False)]
)
def test_the_cookies_are_out_of_reach_of_scripts_and_other_sites(
    database_url: str, public_url: str, secure: bool
) -> None:
    with running_backend(database_url, public_url=public_url) as api:
        api.staff("sato")
        given = tried(api, "sato").headers.get_list("set-cookie")
        assert len(given) == 2
        expected = {"httponly", "path=/", "samesite=strict"} | ({"secure"} if secure else set[str]())
        # The session's ends with the browser; the other's is to outlast it.
        for cookie, begins, lasts in zip(given, ("cb_session=", "cb_browser="), (None, 7776000), strict=True):
            name, *attributes = cookie.lower().split("; ")
            assert name.startswith(begins)
            assert set(attributes) == expected | ({f"max-age={lasts}"} if lasts else set[str]())


def test_the_database_cannot_tell_who_may_come(api: Backend) -> None:
    cookie = api.staff("sato")["Cookie"].partition("=")[2]
    kept = str(
        [
            api.sql(f"SELECT * FROM {table}")
            for table in ("staff", "staff_sessions", "staff_browsers", "sign_in_tries")
        ]
    )
    assert cookie not in kept
    assert PASSWORD not in kept
    (row,) = api.sql("SELECT password_hash FROM staff")
    assert row["password_hash"].startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_a_hash_of_other_parameters_is_renewed_at_sign_in(api: Backend) -> None:
    api.staff("sato")
    weak = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    api.sql("UPDATE staff SET password_hash = %s", weak)
    assert tried(api, "sato", WRONG).status_code == 401
    assert api.sql("SELECT password_hash FROM staff")[0]["password_hash"] == weak
    assert tried(api, "sato").status_code == 200
    renewed = api.sql("SELECT password_hash FROM staff")[0]["password_hash"]
    assert not passwords.is_outdated(renewed)
    assert tried(api, "sato").status_code == 200


# Wrong tries.


def test_nothing_tells_whether_there_is_such_a_name(api: Backend) -> None:
    api.staff("sato")
    api.staff("gone")
    api.post("/v1/staff/gone/disable", headers=ADMIN)
    took: dict[str, list[float]] = {}
    said: set[str] = set()
    for name, password in [("sato", WRONG), ("nobody", WRONG), ("gone", PASSWORD)] * 3:
        began_s = time.perf_counter()
        answer = tried(api, name, password)
        took.setdefault(name, []).append(time.perf_counter() - began_s)
        assert answer.status_code == 401
        said.add(answer.text)
    assert said == {
        '{"type":"about:blank","title":"Unauthorized","status":401,"detail":"name or password is wrong"}'
    }
    # Without hashing it would be a hundredth.
    assert min(took["nobody"]) > 0.3 * min(took["sato"]), took
    refused = [entry[2] for entry in log(api) if entry[1] == "session.refused"]
    assert refused == ["sato", "an unknown name", "gone"] * 3


@pytest.mark.parametrize("name", ["sato", "nobody"])
def test_after_five_wrong_ones_each_has_to_wait_and_longer_each_time(api: Backend, name: str) -> None:
    api.staff("sato")
    for _ in range(5):
        assert tried(api, name, WRONG).status_code == 401
    for longest_s in (30, 60, 120):
        # The right password as well: it must not be found out meanwhile.
        waits = tried(api, name)
        assert waits.status_code == 429
        assert longest_s - 25 < waits.json()["wait_s"] <= longest_s
        assert waits.headers["retry-after"] == str(waits.json()["wait_s"])
        wait_over(api)
        assert tried(api, name, WRONG).status_code == 401
    known = name if name == "sato" else "an unknown name"
    assert [entry for entry in log(api) if entry[1] == "session.lock_out"] == [
        ("address:127.0.0.1", "session.lock_out", known)
    ] * 4
    if name == "sato":
        api.post("/v1/staff/sato/unlock", headers=ADMIN)
        assert tried(api, name).status_code == 200
        assert [tried(api, name, WRONG).status_code for _ in range(5)] == [401] * 5, "counted from none again"


def test_a_wait_ends_and_is_never_longer_than_a_quarter_of_an_hour(api: Backend) -> None:
    api.staff("sato")
    tried(api, "sato", WRONG)
    api.sql("UPDATE sign_in_tries SET failed = 1000000")
    assert tried(api, "sato", WRONG).status_code == 401
    assert 800 < tried(api, "sato").json()["wait_s"] <= 900
    wait_over(api)
    assert tried(api, "sato").status_code == 200


def test_many_at_once_are_no_way_round(api: Backend) -> None:
    api.staff("sato")
    with ThreadPoolExecutor(12) as workers:
        answers = list(workers.map(lambda _: tried(api, "sato", WRONG).status_code, range(12)))
    assert sorted(answers) == [401] * 5 + [429] * 7


def test_an_address_that_tries_many_names_has_to_wait(api: Backend) -> None:
    api.staff("sato")
    answers = [tried(api, f"nobody-{number}", WRONG).status_code for number in range(21)]
    assert answers == [401] * 20 + [429]
    assert tried(api, "sato").status_code == 429
    assert api.get("/v1/incidents", OPERATOR) == {"incidents": []}, "programs are not held up"


@pytest.mark.parametrize("password", ["", "x" * 1001, None, 7])
def test_what_is_no_password_is_not_repeated(api: Backend, password: Any) -> None:
    refused = api.client.post("/v1/session", json={"name": "sato", "password": password})
    assert refused.status_code == 422
    assert "xxx" not in refused.text


# Locked.


def test_a_locked_screen_opens_for_its_own_password_only(api: Backend) -> None:
    headers = api.staff("sato")
    elsewhere = api.sign_in("sato")
    for _ in range(2):
        assert api.post("/v1/session/lock", headers=headers)["locked"]
    api.post("/v1/desk/sign_in", headers=headers, status=423)
    assert api.get("/v1/desk", headers)["members"] == []
    api.post("/v1/desk/sign_in", headers=elsewhere)
    wrong = api.post("/v1/session/unlock", {"password": WRONG}, headers, status=403)
    assert wrong["detail"] == "the password is wrong"
    assert api.get("/v1/session", headers)["locked"]
    assert not api.post("/v1/session/unlock", {"password": PASSWORD}, headers)["locked"]
    api.post("/v1/desk/pause", headers=headers)
    assert [entry[1] for entry in log(api) if entry[1].startswith("session")] == [
        "session.begin",
        "session.begin",
        "session.lock",
        "session.refused",
        "session.unlock",
    ]


def test_guessing_at_a_locked_screen_has_to_wait_too(api: Backend) -> None:
    headers = api.staff("sato")
    api.post("/v1/session/lock", headers=headers)
    for _ in range(5):
        api.post("/v1/session/unlock", {"password": WRONG}, headers, status=403)
    assert api.post("/v1/session/unlock", {"password": PASSWORD}, headers, status=429)["wait_s"] > 5
    assert api.get("/v1/incidents", headers) == {"incidents": []}, "the shift still sees the screen"


def test_nobody_outside_keeps_somebody_from_their_locked_screen(api: Backend) -> None:
    headers = api.staff("sato")
    api.post("/v1/session/lock", headers=headers)
    assert [tried(api, "sato", WRONG).status_code for _ in range(6)] == [401] * 5 + [429]
    for number in range(16):
        tried(api, f"nobody-{number}", WRONG)
    assert tried(api, "mori").status_code == 429, "the address as well"
    assert not api.post("/v1/session/unlock", {"password": PASSWORD}, headers)["locked"]
    assert tried(api, "sato").status_code == 429


def test_a_browser_that_was_away_finds_its_session_locked_and_then_ended(api: Backend) -> None:
    headers = api.staff("sato")
    api.sql("UPDATE staff_sessions SET seen_at = seen_at - interval '9 minutes'")
    assert not api.get("/v1/session", headers)["locked"]
    api.sql("UPDATE staff_sessions SET seen_at = seen_at - interval '11 minutes'")
    api.post("/v1/desk/sign_in", headers=headers, status=423)
    assert api.get("/v1/session", headers)["locked"], "also once it was heard of again"
    api.post("/v1/session/unlock", {"password": PASSWORD}, headers)
    api.post("/v1/desk/sign_in", headers=headers)
    api.sql("UPDATE staff_sessions SET seen_at = seen_at - interval '61 minutes'")
    api.get("/v1/session", headers, status=401)


# The end of a session.


def test_nobody_stays_signed_in_for_longer_than_a_shift(api: Backend) -> None:
    headers = api.staff("sato")
    api.sql("UPDATE staff_sessions SET began_at = began_at - interval '11 hours 59 minutes'")
    api.get("/v1/session", headers)
    api.sql("UPDATE staff_sessions SET began_at = began_at - interval '2 minutes'")
    api.get("/v1/session", headers, status=401)
    api.sign_in("sato")
    assert len(api.sql("SELECT 1 FROM staff_sessions")) == 1, "those that have ended are cleared away"


def test_who_is_shut_out_is_out_at_once(api: Backend) -> None:
    headers = api.staff("sato")
    api.post("/v1/staff/sato/disable", headers=ADMIN)
    api.get("/v1/session", headers, status=401)
    assert tried(api, "sato").status_code == 401
    api.post("/v1/staff/sato/enable", headers=ADMIN)
    api.get("/v1/session", headers, status=401)
    assert tried(api, "sato").status_code == 200


def test_another_role_counts_at_once(api: Backend) -> None:
    headers = api.staff("sato")
    api.get("/v1/staff", headers, status=403)
    api.put("/v1/staff/sato", {"role": "admin"})
    assert [each["role"] for each in api.get("/v1/staff", headers)["staff"]] == ["admin"]
    assert tried(api, "sato").status_code == 200, "the password stays"
    api.put("/v1/staff/sato", {"role": "admin", "password": WRONG}, status=409)


def test_a_new_password_ends_the_other_sessions(api: Backend) -> None:
    here, there = api.staff("sato"), api.sign_in("sato")
    body = {"password": WRONG, "new_password": "seven-green-hills-in-rain"}
    api.put("/v1/session/password", body, here, status=403)
    for bad in ("short", "sato-sato-sato", "ababababababab", "x" * 129):
        api.put("/v1/session/password", body | {"password": PASSWORD, "new_password": bad}, here, status=422)
    api.put("/v1/session/password", body | {"password": PASSWORD}, here)
    api.get("/v1/session", here)
    api.get("/v1/session", there, status=401)
    assert [tried(api, "sato", each).status_code for each in (PASSWORD, body["new_password"])] == [401, 200]
    api.put("/v1/staff/sato/password", {"password": PASSWORD})
    api.get("/v1/session", here, status=401)
    assert tried(api, "sato").status_code == 200


def test_the_stream_ends_with_the_session_and_keeps_it_alive_until_then(api: Backend) -> None:
    headers = api.staff("sato")
    api.post("/v1/session/lock", headers=headers)
    ended = threading.Event()

    def listen() -> None:
        with httpx.stream(
            "GET", f"{str(api.client.base_url).rstrip('/')}/v1/stream", headers=headers, timeout=60
        ) as stream:
            assert stream.status_code == 200
            for _ in stream.iter_bytes():
                pass
        ended.set()

    listener = threading.Thread(target=listen)
    listener.start()
    until(lambda: api.app.state.context.hub.listeners)
    api.sql("UPDATE staff_sessions SET seen_at = seen_at - interval '1 minute'")
    until(lambda: api.sql("SELECT 1 FROM staff_sessions WHERE seen_at > now() - interval '30 seconds'"), 20)
    assert not ended.is_set()
    terminate_connections(api.url)
    time.sleep(6)
    assert not ended.is_set(), "nobody is put out because the database is away"
    allow_connections(api.url)
    until(lambda: api.client.get("/readyz").status_code == 200)
    api.post("/v1/staff/sato/disable", headers=ADMIN)
    assert ended.wait(20)
    listener.join(10)


# The other way round.


def test_a_token_goes_before_a_cookie_and_needs_no_other(api: Backend) -> None:
    session = api.staff("sato", "auditor")
    both = {"Cookie": session["Cookie"]} | OPERATOR
    assert api.post("/v1/desk/sign_in", headers=both)["members"][0]["name"] == "sato"
    api.get("/v1/incidents", {"Cookie": session["Cookie"], "Authorization": "Bearer nonsense"}, status=401)
    api.get("/v1/session", both, status=403)


def test_a_killed_api_forgets_nobody(database_url: str, tmp_path: Path) -> None:
    with running_backend(database_url) as api:
        api.staff("sato")
        for _ in range(4):
            tried(api, "sato", WRONG)
    with Process(database_url, tmp_path).await_ready() as first:
        body = {"name": "sato", "password": PASSWORD}
        begun = httpx.post(f"{first.address}/v1/session", json=body, trust_env=False)
        headers = {
            "Cookie": begun.headers["set-cookie"].partition(";")[0],
            "X-CSRF-Token": begun.json()["csrf_token"],
        }
        # Killed in the middle of a wrong try: it counts.
        wrong = threading.Thread(target=lambda: _try_in_vain(first.address))
        wrong.start()
        with running_backend(database_url) as api:
            until(lambda: api.sql("SELECT 1 FROM sign_in_tries WHERE failed = 1"))
            first.process.kill()
            wrong.join(10)
            assert api.sql("SELECT failed FROM sign_in_tries") == [{"failed": 1}]
    with Process(database_url, tmp_path).await_ready() as second:
        asked = httpx.get(f"{second.address}/v1/session", headers=headers, trust_env=False)
        assert asked.json()["csrf_token"] == headers["X-CSRF-Token"]
        assert httpx.post(
            f"{second.address}/v1/desk/sign_in", json={}, headers=headers, trust_env=False
        ).is_success


def _try_in_vain(address: str) -> None:
    try:
        httpx.post(f"{address}/v1/session", json={"name": "sato", "password": WRONG}, trust_env=False)
    except httpx.HTTPError:
        return


def test_without_a_database_nobody_is_let_in_and_nobody_put_out(api: Backend, databases: Databases) -> None:
    headers = api.staff("sato")
    terminate_connections(api.url)
    for method, path, body in (
        ("POST", "/v1/session", {"name": "sato", "password": PASSWORD}),
        ("GET", "/v1/session", None),
        ("GET", "/v1/incidents", None),
        ("POST", "/v1/session/unlock", {"password": PASSWORD}),
        ("POST", "/v1/desk/sign_in", {}),
    ):
        sent = {} if path == "/v1/session" and method == "POST" else headers
        answer = api.client.request(method, path, json=body, headers=sent)
        assert answer.status_code == 503, path
        assert answer.headers["retry-after"]
        assert "set-cookie" not in answer.headers
    allow_connections(api.url)
    until(lambda: api.client.get("/readyz").status_code == 200)
    assert api.get("/v1/session", headers)["name"] == "sato"
    assert tried(api, "sato").status_code == 200


def test_no_log_tells_a_password(api: Backend, capsys: pytest.CaptureFixture[str]) -> None:
    api.staff("sato")
    tried(api, "sato", WRONG)
    tried(api, WRONG, WRONG)
    written = (
        capsys.readouterr().out + str(api.sql("SELECT * FROM access_log")) + api.client.get("/metrics").text
    )
    assert not re.search(f"{WRONG}|{PASSWORD}", written)


def test_an_administrator_ends_somebodys_sessions(api: Backend) -> None:
    first = api.staff("sato")
    second = api.sign_in("sato")
    other = api.staff("mori")
    assert {row["name"]: row["sessions"] for row in api.get("/v1/staff", ADMIN)["staff"]} == {
        "mori": 1,
        "sato": 2,
    }
    assert api.delete("/v1/staff/sato/sessions", ADMIN)["sessions"] == 0
    for headers in (first, second):
        api.get("/v1/session", headers, status=401)
    api.get("/v1/session", other)
    api.get("/v1/session", api.sign_in("sato"))
    logged = api.sql("SELECT object FROM access_log WHERE action = 'staff.sessions_ended'")
    assert logged == [{"object": "sato"}]
    api.delete("/v1/staff/nobody/sessions", ADMIN, status=404)
