"""Browsers in which somebody signed in before: strangers do not hold them up, and they are limited by themselves."""

from __future__ import annotations

from collections.abc import Generator

import httpx
import pyotp
import pytest
from support.backend import ADMIN, PASSWORD, Backend, running_backend

WRONG = "some-other-words-here"
NEW = "seven-green-hills-in-rain"


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        for name in ("sato", "mori"):
            backend.put(f"/v1/staff/{name}", {"role": "operator", "password": PASSWORD}, ADMIN, status=201)
        yield backend


def tried(
    api: Backend, name: str, password: str = PASSWORD, browser: str | None = None, **more: str
) -> httpx.Response:
    headers = {"Cookie": f"cb_browser={browser}"} if browser is not None else {}
    answer = api.client.post("/v1/session", json={"name": name, "password": password} | more, headers=headers)
    api.client.cookies.clear()
    return answer


def browser_of(answer: httpx.Response) -> str:
    (cookie,) = [each for each in answer.headers.get_list("set-cookie") if each.startswith("cb_browser=")]
    return cookie.partition(";")[0].partition("=")[2]


def signed_in(api: Backend, name: str = "sato", browser: str | None = None) -> str:
    """Somebody has signed in; what their browser is known by."""
    answer = tried(api, name, browser=browser)
    assert answer.status_code == 200, answer.text
    return browser_of(answer)


def guess(api: Backend, name: str = "sato", browser: str | None = None) -> list[int]:
    return [tried(api, name, WRONG, browser).status_code for _ in range(6)]


def exhaust_the_address(api: Backend) -> None:
    for number in range(20):
        tried(api, f"nobody-{number}", WRONG)
    assert tried(api, "nobody-x", WRONG).status_code == 429


def test_a_strangers_guessing_at_the_name_does_not_keep_the_known_browser_out(api: Backend) -> None:
    browser = signed_in(api)
    assert guess(api) == [401] * 5 + [429]
    assert tried(api, "sato").status_code == 429, "nobody else is let in meanwhile"
    assert signed_in(api, browser=browser) == browser
    assert tried(api, "sato").status_code == 429, "and the guesser waits on"


def test_a_guesser_behind_the_shared_address_does_not_hold_up_the_desk(api: Backend) -> None:
    browsers = {name: signed_in(api, name) for name in ("sato", "mori")}
    exhaust_the_address(api)
    assert tried(api, "sato").status_code == 429
    for name, browser in browsers.items():
        assert signed_in(api, name, browser) == browser


def test_who_mistypes_at_the_desk_does_not_use_up_what_strangers_there_have(api: Backend) -> None:
    browsers = [signed_in(api) for _ in range(5)]
    for browser in browsers:
        assert guess(api, browser=browser)[:5] == [401] * 5
    assert tried(api, "sato").status_code == 200


def test_guessing_in_a_known_browser_is_limited_too(api: Backend) -> None:
    browser = signed_in(api)
    assert guess(api, browser=browser) == [401] * 5 + [429]
    waits = tried(api, "sato", browser=browser)
    assert (waits.status_code, 5 < waits.json()["wait_s"] <= 30) == (429, True), "the right password as well"
    assert tried(api, "sato").status_code == 200, "elsewhere they are not held up by it"
    api.post("/v1/staff/sato/unlock", headers=ADMIN)
    assert tried(api, "sato", browser=browser).status_code == 200
    refused = api.sql("SELECT count(*) AS n FROM access_log WHERE action = 'session.lock_out'")
    assert refused == [{"n": 1}]


def test_it_is_known_for_its_own_name_only(api: Backend) -> None:
    browser = signed_in(api, "sato")
    assert guess(api, "mori", browser) == [401] * 5 + [429]
    assert tried(api, "mori").status_code == 429, "it counted as any stranger's"
    exhaust_the_address(api)
    assert tried(api, "nobody", WRONG, browser).status_code == 429
    assert signed_in(api, "sato", browser) == browser


def test_two_who_share_a_browser_are_both_known_in_it(api: Backend) -> None:
    browser = signed_in(api, "sato")
    assert signed_in(api, "mori", browser) == browser
    exhaust_the_address(api)
    assert guess(api, "sato", browser) == [401] * 5 + [429]
    assert signed_in(api, "mori", browser) == browser, "each for themself"


@pytest.mark.parametrize("forged", ["", "nonsense", "x" * 3000, "' OR 1=1 --"])
def test_a_forged_one_gives_nothing(api: Backend, forged: str) -> None:
    signed_in(api)
    guess(api)
    assert tried(api, "sato", browser=forged).status_code == 429
    api.post("/v1/staff/sato/unlock", headers=ADMIN)
    given = signed_in(api, browser=forged)
    assert given != forged, "what somebody else put there is not taken over"
    assert len(given) >= 43


def test_a_stolen_one_lets_nobody_in(api: Backend) -> None:
    browser = signed_in(api)
    for cookies in (f"cb_browser={browser}", f"cb_session={browser}"):
        api.get("/v1/session", {"Cookie": cookies}, status=401)
        api.get("/v1/incidents", {"Cookie": cookies}, status=401)
    kept = str(api.sql("SELECT * FROM staff_browsers"))
    assert browser not in kept
    (row,) = api.sql("SELECT encode(id_sha256, 'hex') AS id FROM staff_browsers")
    guess(api)
    assert tried(api, "sato", browser=row["id"]).status_code == 429, "nor does what the database keeps"


def test_it_is_known_for_ninety_days_from_the_last_time(api: Backend) -> None:
    browser = signed_in(api)
    guess(api)
    api.sql("UPDATE staff_browsers SET signed_in_at = signed_in_at - interval '89 days'")
    assert signed_in(api, browser=browser) == browser
    api.sql("UPDATE staff_browsers SET signed_in_at = signed_in_at - interval '90 days'")
    assert tried(api, "sato", browser=browser).status_code == 429
    api.post("/v1/staff/sato/unlock", headers=ADMIN)
    assert signed_in(api, browser=browser) != browser
    assert len(api.sql("SELECT * FROM staff_browsers")) == 1, "those that are over are cleared away"


def test_of_many_the_last_twenty_are_known(api: Backend) -> None:
    first = signed_in(api)
    others = [signed_in(api) for _ in range(20)]
    guess(api)
    assert tried(api, "sato", browser=first).status_code == 429
    assert signed_in(api, browser=others[0]) == others[0]


def test_signing_out_leaves_it_known(api: Backend) -> None:
    begun = tried(api, "sato")
    browser = browser_of(begun)
    session = begun.headers.get_list("set-cookie")[0].partition(";")[0]
    headers = {"Cookie": f"{session}; cb_browser={browser}", "X-CSRF-Token": begun.json()["csrf_token"]}
    ended = api.client.delete("/v1/session", headers=headers)
    assert ended.status_code == 204
    assert "cb_browser" not in ended.headers["set-cookie"]
    guess(api)
    assert signed_in(api, browser=browser) == browser


def test_a_new_password_makes_every_other_browser_a_stranger(api: Backend) -> None:
    other = signed_in(api)
    begun = tried(api, "sato")
    here = browser_of(begun)
    session = begun.headers.get_list("set-cookie")[0].partition(";")[0]
    headers = {"Cookie": f"{session}; cb_browser={here}", "X-CSRF-Token": begun.json()["csrf_token"]}
    api.put("/v1/session/password", {"password": PASSWORD, "new_password": NEW}, headers)
    guess(api)
    assert tried(api, "sato", NEW, other).status_code == 429
    assert tried(api, "sato", NEW, here).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "password", {"password": PASSWORD}),
        ("DELETE", "sessions", None),
        ("DELETE", "second_factor", None),
        ("POST", "disable", None),
    ],
)
def test_what_an_administrator_ends_is_ended_for_browsers_as_well(
    api: Backend, method: str, path: str, body: dict[str, str] | None
) -> None:
    browser, mine = signed_in(api), signed_in(api, "mori")
    answer = api.client.request(method, f"/v1/staff/sato/{path}", json=body, headers=ADMIN)
    assert answer.is_success, answer.text
    if path == "disable":
        api.post("/v1/staff/sato/enable", headers=ADMIN)
    guess(api)
    guess(api, "mori")
    assert tried(api, "sato", browser=browser).status_code == 429
    assert signed_in(api, "mori", mine) == mine


def test_only_who_got_all_the_way_in_is_known(api: Backend) -> None:
    assert "set-cookie" not in tried(api, "sato", WRONG).headers
    query = "UPDATE staff SET totp_secret = %s, totp_confirmed_at = now() WHERE name = 'sato'"
    api.sql(query, pyotp.random_base32())
    for more in ({}, {"code": "000000"}):
        asked = tried(api, "sato", **more)
        assert (asked.status_code, asked.json().get("needs_code")) == (401, True), asked.text
        assert "set-cookie" not in asked.headers
    assert api.sql("SELECT * FROM staff_browsers") == []
