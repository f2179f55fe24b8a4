"""Who may ask for what: every route is tried with every token."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Generator
from typing import Any

import pytest
from itsdangerous import URLSafeSerializer
from support.backend import ADMIN, OPERATOR, Backend, running_backend

import api as package

OPEN = {"/healthz", "/readyz", "/metrics"}
UUID_TEXT = "7a3c1d9e-6a55-4c1e-9a43-0f6f1b2c3d4e"


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url) as backend:
        yield backend


def roles_of(path: str) -> set[str]:
    for prefix, roles in (
        ("/v1/incidents", {"operator", "admin"}),
        ("/v1/impacts", {"operator", "admin"}),
        ("/v1/stream", {"operator", "admin"}),
        ("/v1/figures", {"operator", "admin"}),
        ("/v1/photos", {"operator", "admin"}),
        ("/v1/desk/members", {"admin"}),
        ("/v1/desk/", {"operator"}),
        ("/v1/desk", {"operator", "admin"}),
        ("/v1/units", {"admin"}),
        ("/v1/providers", {"admin"}),
        ("/v1/provider", {"provider"}),
        ("/v1/unit", {"unit"}),
        ("/v1/driver", {"driver"}),
        ("/v1/", {"admin"}),
    ):
        if path.startswith(prefix):
            return roles
    raise AssertionError(f"nobody has said who may ask for {path}")


def routes(api: Backend) -> list[tuple[str, str]]:
    document = api.get("/openapi.json")
    found = [
        (method.upper(), path) for path, operations in document["paths"].items() for method in operations
    ]
    modules = [module.name for module in pkgutil.iter_modules(package.__path__) if "routes_" in module.name]
    declared = [
        (method, route.path)
        for name in modules
        for route in importlib.import_module(f"api.{name}").router.routes
        if not route.path.startswith("/a/")  # a page for people, whose address is its right of entry
        for method in route.methods
    ]
    assert sorted(declared) == sorted(found), "every route is included, and none is left out of the document"
    return found


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_every_route_asks_for_its_role(api: Backend) -> None:
    made = api.insure()
    tokens = {
        "admin": ADMIN,
        "operator": OPERATOR,
        "unit": api.unit(),
        "driver": api.driver(made["holder_id"]),
        "provider": api.centre()[0],
    }
    checked = 0
    for method, template in routes(api):
        if template in OPEN or template.startswith("/twilio/"):
            continue
        path = (
            template.replace("{kind}", "guard")
            .replace("{policy_id}", "P-9999")
            .replace("{unit_id}", "unit-9999")
            .replace("{device_id}", "device-9999")
            .replace("{provider_id}", "provider-9999")
            .replace("{item}", "police")
        )
        for name in ("incident_id", "impact_id", "dispatch_id", "holder_id", "photo_id"):
            path = path.replace(f"{{{name}}}", UUID_TEXT)
        for headers in ({}, bearer("nonsense"), {"Authorization": "Basic YTpi"}):
            refused = api.client.request(method, path, headers=headers)
            assert refused.status_code == 401, (method, path, headers)
            assert refused.headers["www-authenticate"] == "Bearer"
            assert refused.headers["content-type"] == "application/problem+json"
        for role, headers in tokens.items():
            if role not in roles_of(template):
                assert api.client.request(method, path, headers=headers).status_code == 403, (
                    method,
                    path,
                    role,
                )
            elif template != "/v1/stream":  # which would not end
                status = api.client.request(method, path, headers=headers).status_code
                # 409: a telephone is needed first.
                assert status in (200, 404, 409, 422), (method, path, role)
        checked += 1
    assert checked == 78


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
