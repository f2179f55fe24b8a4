"""Who may ask for what: every route is tried with every token."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from itsdangerous import URLSafeSerializer
from support.backend import ADMIN, OPERATOR, Backend, running_backend

from api import rights
from api import routes as package

OPEN = {"/healthz", "/readyz", "/metrics"}
SIGN_IN = ("POST", "/v1/session")
UUID_TEXT = "7a3c1d9e-6a55-4c1e-9a43-0f6f1b2c3d4e"


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        yield backend


# Who signs in, by role, and the two kinds of tokens that programs have.
STAFF = {"operator", "supervisor", "admin", "auditor"}
OPERATORS = {"operator", "supervisor"}
CHIEFS = {"supervisor", "admin"}
ADMIN_ONLY = {"admin", "admin token"}
TOKENS = {"operator token", "admin token"}
# By the beginning of the path; the first that fits counts.
LOOKS = (
    ("/v1/queue", STAFF | TOKENS),
    ("/v1/map", STAFF | TOKENS),
    ("/v1/incidents/{incident_id}/ambulance", OPERATORS | TOKENS),
    ("/v1/incidents", STAFF | TOKENS),
    ("/v1/impacts", STAFF | TOKENS),
    ("/v1/photos", STAFF | TOKENS),
    ("/v1/stream", STAFF | TOKENS),
    ("/v1/figures/calls", OPERATORS | CHIEFS | TOKENS),
    ("/v1/figures", CHIEFS | TOKENS),
    ("/v1/history.csv", CHIEFS | {"admin token"}),
    ("/v1/history", STAFF | TOKENS),
    ("/v1/device_health", CHIEFS | {"admin token"}),
    ("/v1/dead_letters", CHIEFS | {"admin token"}),
    ("/v1/plans", CHIEFS | {"admin token"}),
    ("/v1/access_log", {"supervisor", "auditor", "admin token"}),
    ("/v1/desk", OPERATORS | CHIEFS | TOKENS),
    ("/v1/units", OPERATORS | CHIEFS | TOKENS),
    ("/v1/devices", CHIEFS | {"admin token"}),
)
CHANGES = (
    ("/v1/incidents/{incident_id}/look", STAFF | TOKENS),
    ("/v1/incidents", OPERATORS | TOKENS),
    ("/v1/desk/members", CHIEFS | {"admin token"}),
    ("/v1/desk", OPERATORS | {"operator token"}),
    ("/v1/units", CHIEFS | {"admin token"}),
)
EITHER = (
    ("/v1/providers", ADMIN_ONLY),
    ("/v1/policies", ADMIN_ONLY),
    ("/v1/devices", ADMIN_ONLY),
    ("/v1/holders", ADMIN_ONLY),
    ("/v1/staff", ADMIN_ONLY),
    ("/v1/session", STAFF),
    ("/v1/provider", {"provider"}),
    ("/v1/unit", {"unit"}),
    ("/v1/driver", {"driver"}),
)
# What goes on while a screen is locked: the picture of the whole, of nobody in particular; and one's own session.
WHILE_LOCKED = {
    "GET /v1/incidents",
    "GET /v1/queue",
    "GET /v1/map",
    "GET /v1/stream",
    "GET /v1/desk",
    "GET /v1/units",
    "GET /v1/figures/calls",
    "GET /v1/figures/false-alarms",
    "GET /v1/figures/live",
    "GET /v1/figures/times",
    "GET /v1/session",
    "DELETE /v1/session",
    "POST /v1/session/lock",
    "POST /v1/session/unlock",
}


def roles_of(method: str, path: str) -> set[str]:
    for prefix, roles in (*(LOOKS if method == "GET" else CHANGES), *EITHER):
        if path.startswith(prefix):
            return roles
    raise AssertionError(f"nobody has said who may ask for {method} {path}")


def routes(api: Backend) -> list[tuple[str, str]]:
    document = api.get("/openapi.json")
    found = [
        (method.upper(), path) for path, operations in document["paths"].items() for method in operations
    ]
    modules = [module.name for module in pkgutil.iter_modules(package.__path__) if module.name != "routers"]
    declared = [
        (method, route.path)
        for name in modules
        for route in importlib.import_module(f"api.routes.{name}").router.routes
        if not route.path.startswith("/a/")  # a page for people, whose address is its right of entry
        for method in route.methods
    ]
    assert sorted(declared) == sorted(found), "every route is included, and none is left out of the document"
    return found


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def askers(api: Backend) -> dict[str, dict[str, str]]:
    made = api.insure()
    return {role: api.staff(f"one-{role}", role) for role in sorted(STAFF)} | {
        "admin token": ADMIN,
        "operator token": OPERATOR,
        "unit": api.unit(),
        "driver": api.driver(made["holder_id"]),
        "provider": api.centre()[0],
    }


def guarded(api: Backend) -> Generator[tuple[str, str, str]]:
    """Every route for which one has to be somebody: method, template, and an address of it."""
    for method, template in routes(api):
        if template in OPEN or template.startswith("/twilio/") or (method, template) == SIGN_IN:
            continue
        path = (
            template.replace("{kind}", "guard")
            .replace("{policy_id}", "P-9999")
            .replace("{unit_id}", "unit-9999")
            .replace("{device_id}", "device-9999")
            .replace("{provider_id}", "provider-9999")
            .replace("{item}", "police")
            .replace("{name}", "nobody")
            .replace("{version}", "9999")
            .replace("{letter_id}", "9999")
        )
        for name in ("incident_id", "impact_id", "dispatch_id", "holder_id", "photo_id"):
            path = path.replace(f"{{{name}}}", UUID_TEXT)
        yield method, template, path


def test_every_route_asks_for_its_role(api: Backend) -> None:
    tokens = askers(api)
    checked = 0
    last = [("POST", "/v1/session/lock"), ("DELETE", "/v1/session")]
    for method, template, path in sorted(
        guarded(api), key=lambda each: each[:2] in last and 1 + last.index(each[:2])
    ):
        for headers in (
            {},
            bearer("nonsense"),
            {"Authorization": "Basic YTpi"},
            {"Cookie": "cb_session=nonsense"},
        ):
            refused = api.client.request(method, path, headers=headers)
            assert refused.status_code == 401, (method, path, headers)
            assert refused.headers["www-authenticate"] == "Bearer"
            assert refused.headers["content-type"] == "application/problem+json"
        for role, headers in tokens.items():
            if role not in roles_of(method, template):
                # Where units, centres and drivers come with their tokens, a session is nothing at all.
                denied = 401 if role in STAFF and not STAFF & roles_of(method, template) else 403
                status = api.client.request(method, path, headers=headers).status_code
                assert status == denied, (method, path, role)
            elif template != "/v1/stream":  # which would not end
                status = api.client.request(method, path, headers=headers).status_code
                # 409: a telephone is needed first.
                assert status in (200, 204, 404, 409, 422), (method, path, role)
        checked += 1
    assert checked == 121


def test_what_changes_something_needs_the_sessions_own_token(api: Backend) -> None:
    sessions = {role: api.staff(f"one-{role}", role) for role in sorted(STAFF)}
    for method, template, path in guarded(api):
        for number, role in enumerate(sorted(STAFF & roles_of(method, template))):
            another = next(headers for name, headers in sessions.items() if name != role)
            wrong = (None, "", "nonsense", another["X-CSRF-Token"]) if number == 0 else (None,)
            for csrf in wrong if method != "GET" else ():
                headers = {"Cookie": sessions[role]["Cookie"]}
                if csrf is not None:
                    headers["X-CSRF-Token"] = csrf
                refused = api.client.request(method, path, headers=headers)
                assert refused.status_code == 403, (method, path, role)
                assert "X-CSRF-Token" in refused.json()["detail"]


def test_a_locked_screen_shows_the_whole_and_nobody_in_particular(api: Backend) -> None:
    sessions = {role: api.staff(f"one-{role}", role) for role in sorted(STAFF)}
    for headers in sessions.values():
        assert api.post("/v1/session/lock", headers=headers)["locked"] is True
    for method, template, path in guarded(api):
        for role in STAFF & roles_of(method, template):
            if f"{method} {template}" in WHILE_LOCKED:
                if method == "GET" and template != "/v1/stream":
                    api.get(path, sessions[role])
            else:
                answer = api.client.request(method, path, headers=sessions[role])
                assert answer.status_code == 423, (method, path, role)
                assert answer.headers["content-type"] == "application/problem+json"
                assert (answer.json()["title"], answer.json()["locked"]) == ("Locked", True)


def test_rights_are_told_as_they_are_written_down(api: Backend) -> None:
    """The console shows what these allow; the routes above prove that they do."""
    told = {role: set(api.get("/v1/session", api.staff(f"one-{role}", role))["rights"]) for role in STAFF}
    shared = {"watch", "read"}
    assert told["auditor"] == shared | {"access_log"}
    assert told["operator"] == shared | {"work", "see_needs", "own_desk", "see_desk", "see_units"}
    assert told["supervisor"] == told["operator"] | {
        "desk",
        "units",
        "figures",
        "export",
        "plan",
        "dead_letters",
        "see_devices",
        "access_log",
    }
    assert told["admin"] == shared | {
        "administer",
        "staff",
        "desk",
        "see_desk",
        "units",
        "see_units",
        "figures",
        "export",
        "plan",
        "dead_letters",
        "see_devices",
    }
    page = (Path(__file__).parents[2] / "docs" / "roles.md").read_text(encoding="utf-8")
    assert page == rights.page(), "run: python -m api.rights > docs/roles.md"


@pytest.mark.parametrize("webhook", ["voice", "gather", "silent", "hold", "status", "sms"])
def test_no_token_opens_a_webhook(api: Backend, webhook: str) -> None:
    for headers in ({}, ADMIN, {"X-Twilio-Signature": ""}, {"X-Twilio-Signature": "aaaa"}):
        answer = api.client.post(f"/twilio/{webhook}/{UUID_TEXT}", headers=headers)
        assert answer.status_code == 403


def forged(value: Any, key: str = "test-secret", salt: str = "cbutton.token") -> str:
    return str(URLSafeSerializer(key, salt=salt).dumps(value))


def test_only_our_own_signature_makes_a_token(api: Backend) -> None:
    api.unit("guard-1")
    genuine = api.post("/v1/units/guard-1/token", headers=ADMIN)["token"]
    assert genuine == forged(["unit", "guard-1", 2])
    api.get("/v1/unit", bearer(genuine))
    for token in (
        forged(["unit", "guard-1"], key="other"),
        forged(["unit", "guard-1"], salt="other"),
        forged(["admin", "admin"]),
        forged(["operator", "sato"]),
        forged(["unit"]),
        forged(["unit", 7]),
        forged(["unit", "guard-1", "2"]),
        forged({"unit": "guard-1"}),
        forged("unit"),
        genuine[:-1],
        genuine + "x",
    ):
        api.get("/v1/unit", bearer(token), status=401)
        api.get("/v1/incidents", bearer(token), status=401)
    for other in (["guard-1"], ["guard-1", 1], ["guard-1", 3], ["guard-9", 2]):
        api.get("/v1/unit", bearer(forged(["unit", *other])), status=401)


def test_a_token_from_before_they_had_numbers_counts_until_another_is_made(api: Backend) -> None:
    place = {"lat_deg": 35.2, "lon_deg": 139.1}
    api.post("/v1/units", {"id": "guard-1", "kind": "guard", "name": "隊", **place}, ADMIN, status=201)
    old = bearer(forged(["unit", "guard-1"]))
    api.get("/v1/unit", old)
    api.post("/v1/units/guard-1/token", headers=ADMIN)
    api.get("/v1/unit", old, status=401)


def test_a_token_counts_until_another_is_made_or_it_is_revoked(api: Backend) -> None:
    holder_id = api.insure()["holder_id"]
    kinds = (
        (f"/v1/holders/{holder_id}", api.driver(holder_id), "/v1/driver/incident"),
        ("/v1/units/guard-1", api.unit("guard-1"), "/v1/unit"),
        ("/v1/providers/centre-1", api.centre()[0], "/v1/provider/dispatches"),
    )
    for path, first, own in kinds:
        api.get(own, first)
        second = bearer(api.post(f"{path}/token", headers=ADMIN)["token"])
        assert first != second
        api.get(own, first, status=401)
        api.get(own, second)
        assert api.client.delete(f"{path}/token", headers=ADMIN).status_code == 204
        api.get(own, second, status=401)
        third = bearer(api.post(f"{path}/token", headers=ADMIN)["token"])
        api.get(own, third)
        api.get(own, first, status=401)
    assert api.sql("SELECT on_shift FROM units") == [{"on_shift": False}]
    logged = [
        row["action"]
        for row in api.sql("SELECT action FROM access_log WHERE action LIKE '%%revoked' ORDER BY 1")
    ]
    assert logged == ["holder.token_revoked", "provider.token_revoked", "unit.token_revoked"]
    for path in ("units/guard-9", "providers/centre-9", "holders/7a3c1d9e-6a55-4c1e-9a43-0f6f1b2c3d4e"):
        assert api.client.delete(f"/v1/{path}/token", headers=ADMIN).status_code == 404


def test_a_provider_that_is_not_active_is_let_in_only_to_finish_its_work(api: Backend) -> None:
    api.insure()
    centre, _ = api.centre()
    incident_id = api.report()
    api.post(f"/v1/incidents/{incident_id}/dispatches", {"kind": "guard"})
    (work,) = api.get("/v1/provider/dispatches", centre)["dispatches"]
    provider = api.get("/v1/providers", ADMIN)["providers"][0]
    api.put("/v1/providers/centre-1", provider | {"active": False})
    api.post(f"/v1/provider/dispatches/{work['id']}/decline", {}, centre)
    api.get("/v1/provider/dispatches", centre, status=401)


def test_a_token_in_the_address_is_not_taken(api: Backend) -> None:
    api.get("/v1/incidents?token=sato-token", {}, status=401)
