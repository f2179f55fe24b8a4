"""The desk over HTTP: who is there, whose telephone rings, and what operators do on the telephone."""

from __future__ import annotations

import re
from collections.abc import Generator
from copy import deepcopy
from typing import Any

import pytest
from support.backend import ADMIN, OPERATOR, POLICY, Backend, running_backend

from incident.record.members import desk_empty
from runtime.database import connect

MORI = {"Authorization": "Bearer mori-token"}
PHONE = {"phone": "+81 50-0000-0011"}


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        yield backend


def is_empty(api: Backend) -> bool:
    with connect(api.url, name="test") as conn:
        return desk_empty(conn)


def ready(api: Backend) -> float:
    found = re.search(r"^cbutton_operators_ready (\S+)$", api.client.get("/metrics").text, re.MULTILINE)
    assert found is not None
    return float(found[1])


def test_an_empty_desk_says_so_before_anybody_needs_it(
    api: Backend, capsys: pytest.CaptureFixture[str]
) -> None:
    assert api.get("/v1/desk") == {"staffed": False, "members": []}
    assert "no operator is signed in with a telephone" in capsys.readouterr().out
    assert is_empty(api)
    assert ready(api) == 0
    view = api.post("/v1/desk/sign_in", {})
    assert not view["staffed"], "without a telephone nobody can be rung"
    view = api.post("/v1/desk/sign_in", PHONE)
    assert view["staffed"]
    (member,) = view["members"]
    assert (member["name"], member["role"], member["phone"]) == ("sato", "operator", "+815000000011")
    assert (member["ready"], member["on_call"], member["language"]) == (True, False, "ja")
    assert not is_empty(api)
    assert ready(api) == 1
    assert not api.post("/v1/desk/pause")["staffed"]
    assert ready(api) == 0
    assert api.post("/v1/desk/sign_in", {"language": "en"})["members"][0]["phone"] == "+815000000011"
    for _ in range(2):
        view = api.post("/v1/desk/sign_out")
        assert (view["staffed"], view["members"][0]["signed_in_at"]) == (False, None)


def test_who_is_away_cannot_pause(api: Backend) -> None:
    assert "sign in first" in api.post("/v1/desk/pause", status=409)["detail"]


def test_only_operators_sign_in_and_only_for_themselves(api: Backend) -> None:
    for path in ("sign_in", "sign_out", "pause"):
        api.post(f"/v1/desk/{path}", headers=ADMIN, status=403)
        api.post(f"/v1/desk/{path}", headers={"Authorization": "Bearer x"}, status=401)
    api.put("/v1/desk/members/boss", {"role": "supervisor", **PHONE}, headers=OPERATOR, status=403)
    api.delete("/v1/desk/members/boss", headers=OPERATOR, status=403)
    api.post("/v1/desk/sign_in", {"phone": "0312345678"}, status=422)


def test_supervisors_are_administered(api: Backend) -> None:
    body = {"role": "supervisor", "phone": "+815000000013"}
    made = api.put("/v1/desk/members/boss", body, status=201)
    assert (made["ready"], made["language"]) == (True, "ja")
    assert api.put("/v1/desk/members/boss", body | {"language": "en"})["language"] == "en"
    assert not api.get("/v1/desk")["staffed"], "a supervisor is no operator"
    api.put("/v1/desk/members/boss", {"role": "king"}, status=422)
    assert api.delete("/v1/desk/members/boss", headers=ADMIN)["members"] == []
    api.delete("/v1/desk/members/boss", headers=ADMIN, status=404)


def test_an_operator_calls_the_driver_and_their_own_telephone_rings_first(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    path = f"/v1/incidents/{incident_id}/call"
    assert "sign in with a telephone first" in api.post(path, status=409)["detail"]
    api.post("/v1/desk/sign_in", PHONE)
    api.post("/v1/desk/sign_in", {"phone": "+815000000012"}, headers=MORI)
    view = api.post(path)
    assert (view["phase"], view["taken_by"]) == ("helping", "sato")
    (call,) = api.sql("SELECT * FROM calls WHERE party = 'operator'")
    assert (call["operator"], call["number"]) == ("sato", "+815000000011")
    assert api.get("/v1/desk")["members"][1]["on_call"]
    sid = {"CallSid": "CA" + "2" * 32}
    briefing = api.twilio(f"/twilio/voice/{call['id']}", sid | {"CallStatus": "in-progress"})
    assert "引き受ける場合は1を押してください" in briefing.text
    joined = api.twilio(f"/twilio/desk/{call['id']}", sid | {"Digits": "1"})
    assert f"cb-{incident_id}" in joined.text
    assert "ご本人を呼び出しています" in api.twilio(f"/twilio/wait/{call['id']}", sid).text
    api.delete("/v1/desk/members/sato", headers=ADMIN)
    assert api.sql("SELECT operator FROM calls WHERE id = %s", call["id"]) == [{"operator": "sato"}]


def test_the_ambulance_goes_step_by_step(api: Backend) -> None:
    api.insure()
    path = f"/v1/incidents/{api.report()}/ambulance"
    for state in ("asked", "asked", "accepted", "arrived"):
        api.post(path, {"state": state})
    api.post(path, {"state": "refused"}, status=409)
    api.post(path, {"state": "flown"}, status=422)


def test_an_operator_knows_the_road(api: Backend) -> None:
    api.insure()
    incident_id = api.report()
    api.put(f"/v1/incidents/{incident_id}/road", {"road": "expressway"}, headers=OPERATOR)
    (row,) = api.sql("SELECT road, state ->> 'rule' AS rule FROM incidents")
    assert row == {"road": "expressway", "rule": "severe_expressway"}
    api.put(f"/v1/incidents/{incident_id}/road", {"road": "river"}, headers=OPERATOR, status=422)


def policy(**holder: Any) -> dict[str, Any]:
    made = deepcopy(POLICY)
    made["holder"] |= holder
    return made


@pytest.mark.parametrize("reach", ["slow_voice", "text"])
def test_a_special_need_is_kept_only_with_consent(api: Backend, reach: str) -> None:
    refused = api.client.post("/v1/policies", json=policy(reach=reach), headers=ADMIN)
    assert refused.status_code == 422
    assert "reach_consent_at" in refused.text
    agreed = {"reach": reach, "reach_consent_at": "2026-10-01T03:00:00Z"}
    for status in (201, 200):
        made = api.client.post("/v1/policies", json=policy(**agreed), headers=ADMIN)
        assert made.status_code == status, made.text
        assert made.json()["holder"] | agreed == made.json()["holder"]
    back = api.put("/v1/policies/P-0001", policy())
    assert (back["holder"]["reach"], back["holder"]["reach_consent_at"]) == ("voice", None)
    assert api.sql("SELECT reach, reach_consent_at FROM policyholders") == [
        {"reach": "voice", "reach_consent_at": None}
    ]


def test_somebody_rings_our_number(api: Backend) -> None:
    api.insure()
    form = {
        "CallSid": "CA" + "5" * 32,
        "CallStatus": "ringing",
        "From": "+819012345678",
        "To": "+815000000000",
    }
    answer = api.twilio("/twilio/inbound", form)
    assert answer.status_code == 200
    assert "ただいま担当者がまいります" in answer.text
    (incident,) = api.get("/v1/incidents")["incidents"]
    assert incident["trigger"] == "call"
    assert api.twilio("/twilio/inbound/status", form | {"CallStatus": "completed"}).status_code == 204
    assert api.sql("SELECT state FROM calls") == [{"state": "ended"}]
    assert api.twilio("/twilio/inbound", form, token="other").status_code == 403
    written = {"MessageSid": "SM1", "From": "+819012345678", "Body": "助けて"}
    answer = api.twilio("/twilio/inbound_sms", written)
    assert (answer.status_code, answer.text.endswith("<Response />")) == (200, True)
    assert api.get(f"/v1/incidents/{incident['id']}")["answer"] == "help"


def test_somebody_nobody_knows_writes_to_us(api: Backend) -> None:
    written = {"MessageSid": "SM1", "From": "+81311112222", "Body": "助けて"}
    answers = [api.twilio("/twilio/inbound_sms", written).text for _ in range(4)]
    for words in ("この番号にお電話ください", "please call this number", "119", "110"):
        assert words in answers[0]
    assert "<Message>" in answers[0]
    # Two machines must not answer each other for ever.
    assert answers[3].endswith("<Response />")
    assert api.get("/v1/incidents")["incidents"] == []
