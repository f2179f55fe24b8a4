"""The second factor: codes of an app, each once, and recovery codes for when it is lost."""

from __future__ import annotations

import time
from collections.abc import Generator
from xml.etree import ElementTree

import httpx
import pyotp
import pytest
from support.backend import ADMIN, PASSWORD, Backend, running_backend

STEP_S = 30


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        yield backend


@pytest.fixture
def sato(api: Backend) -> dict[str, str]:
    return api.staff("sato")


def code(secret: str, steps_later: int = 0) -> str:
    return pyotp.TOTP(secret).at(int(time.time()) + steps_later * STEP_S)


def wrong_code(secret: str) -> str:
    near = {code(secret, steps) for steps in range(-3, 4)}
    return next(
        text
        for text in ("000000", "111111", "222222", "333333", "444444", "555555", "666666", "777777")
        if text not in near
    )


def turned_on(api: Backend, headers: dict[str, str]) -> tuple[str, list[str]]:
    """The secret and the recovery codes."""
    begun = api.post("/v1/session/second_factor", {"password": PASSWORD}, headers)
    # The step before: that of now is still to be used.
    confirmed = api.post("/v1/session/second_factor/confirm", {"code": code(begun["secret"], -1)}, headers)
    return begun["secret"], confirmed["recovery_codes"]


def tried(api: Backend, password: str = PASSWORD, **more: str) -> httpx.Response:
    answer = api.client.post("/v1/session", json={"name": "sato", "password": password} | more)
    api.client.cookies.clear()
    return answer


def test_an_app_reads_what_is_shown(api: Backend, sato: dict[str, str]) -> None:
    begun = api.post("/v1/session/second_factor", {"password": PASSWORD}, sato)
    app = pyotp.parse_uri(begun["otpauth_uri"])
    assert (app.name, app.secret) == ("sato", begun["secret"])
    drawn = ElementTree.fromstring(begun["qr_svg"])
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
    assert api.get("/v1/session", sato)["second_factor"] is False
    assert tried(api).status_code == 200, "nothing is asked for before it is confirmed"
    api.post("/v1/session/second_factor", {"password": "some-other-words-here"}, sato, status=403)


def test_it_is_on_once_a_code_was_right(api: Backend, sato: dict[str, str]) -> None:
    api.post("/v1/session/second_factor/confirm", {"code": "000000"}, sato, status=409)
    secret = api.post("/v1/session/second_factor", {"password": PASSWORD}, sato)["secret"]
    api.post("/v1/session/second_factor/confirm", {"code": wrong_code(secret)}, sato, status=403)
    assert tried(api).status_code == 200
    codes = api.post("/v1/session/second_factor/confirm", {"code": code(secret)}, sato)["recovery_codes"]
    assert len(set(codes)) == 10
    assert not {each for each in codes if each in str(api.sql("SELECT * FROM staff_recovery_codes"))}
    view = api.get("/v1/session", sato)
    assert (view["second_factor"], view["recovery_codes_left"]) == (True, 10)
    api.post("/v1/session/second_factor", {"password": PASSWORD}, sato, status=409)
    api.post("/v1/session/second_factor/confirm", {"code": code(secret)}, sato, status=409)


def test_a_code_is_asked_for_only_after_the_right_password(api: Backend, sato: dict[str, str]) -> None:
    secret, _ = turned_on(api, sato)
    for given in ({}, {"code": wrong_code(secret)}):
        asked = tried(api, **given)
        assert (asked.status_code, asked.json()["needs_code"]) == (401, True)
    for given in ({}, {"code": code(secret)}):
        refused = tried(api, "some-other-words-here", **given)
        assert refused.status_code == 401
        assert "needs_code" not in refused.json()
    assert tried(api, code=code(secret)).status_code == 200


def test_a_code_serves_once(api: Backend, sato: dict[str, str]) -> None:
    secret, _ = turned_on(api, sato)
    used = code(secret)
    assert tried(api, code=f"{used[:3]} {used[3:]}").status_code == 200
    assert tried(api, code=used).status_code == 401
    assert tried(api, code=code(secret, -1)).status_code == 401, "nor does an earlier one after it"
    assert tried(api, code=code(secret, 1)).status_code == 200, "a clock may be half a minute wrong"
    assert tried(api, code=code(secret, 3)).status_code == 401, "but not more"


def test_a_recovery_code_serves_once_and_without_the_app(api: Backend, sato: dict[str, str]) -> None:
    _, codes = turned_on(api, sato)
    assert tried(api, code=codes[0].lower().replace("-", " ")).status_code == 200
    assert tried(api, code=codes[0]).status_code == 401
    assert tried(api, code="AAAA-AAAA-AAAA-AAAA").status_code == 401
    headers = api.sign_in("sato", code=codes[1])
    assert api.get("/v1/session", headers)["recovery_codes_left"] == 8
    reasons = api.sql("SELECT reason FROM access_log WHERE action = 'session.begin' ORDER BY id")
    assert [row["reason"] for row in reasons] == ["with password", "with recovery code", "with recovery code"]


def test_guessing_at_codes_has_to_wait_whatever_is_asked_between(api: Backend, sato: dict[str, str]) -> None:
    secret, _ = turned_on(api, sato)
    for _ in range(5):
        assert tried(api, code=wrong_code(secret)).status_code == 401
        if api.sql("SELECT 1 FROM sign_in_tries WHERE failed < 5"):
            assert tried(api).json()["needs_code"], "this gives no wrong try back"
    assert tried(api, code=code(secret)).status_code == 429


def test_an_administrator_takes_it_off_a_lost_telephone(api: Backend, sato: dict[str, str]) -> None:
    turned_on(api, sato)
    api.client.request("DELETE", "/v1/staff/sato/second_factor", headers=ADMIN).raise_for_status()
    api.get("/v1/session", sato, status=401)
    assert tried(api).status_code == 200
    assert api.sql("SELECT 1 FROM staff_recovery_codes") == []
    assert api.get("/v1/staff", ADMIN)["staff"][0]["second_factor"] is False
