"""The API on a database of one's own, and a small insured world for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx
import psycopg
import uvicorn
from fastapi import FastAPI
from psycopg import sql as psycopg_sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import ConnectionPool
from pydantic import SecretStr
from twilio.request_validator import RequestValidator

from api.app import create_app
from incident.service import Incidents, Report
from runtime.database import Connection, connect, open_pool
from runtime.settings import Settings
from runtime.state import free_port
from schemas.impact import Position, Severity
from schemas.incident import Trigger

ADMIN = {"Authorization": "Bearer admin-token"}
OPERATOR = {"Authorization": "Bearer sato-token"}
PUBLIC_URL = "https://button.example.jp/api"
PASSWORD = "nine-small-boats-at-sea"
SCENE = Position(35.2324, 139.1069)
POLICY: dict[str, Any] = {
    "id": "P-0001",
    "holder": {
        "name": "佐藤 太郎",
        "language": "ja",
        "phones": ["+81 90-1234-5678"],
        "emergency_contacts": [
            {"name": "佐藤 花子", "relation": "妻", "number": "+819087654321", "language": "ja"}
        ],
    },
    "valid_from": "2020-04-01",
    "valid_to": "2099-03-31",
    "vehicles": [{"plate": "品川 300 あ 12-34", "model": "Prius", "colour": "白"}],
}


def settings_for(database_url: str, **changes: Any) -> Settings:
    """Settings of an API that the outside reaches at another address than it listens on."""
    return Settings(
        _env_file=None,  # pyright: ignore[reportCallIssue] pydantic-settings
        **{
            "database_url": SecretStr(database_url),
            "secret_key": SecretStr("test-secret"),
            "admin_token": SecretStr("admin-token"),
            "operator_tokens": {"sato": SecretStr("sato-token"), "mori": SecretStr("mori-token")},
            "twilio_auth_token": SecretStr("carrier-token"),
            "public_url": PUBLIC_URL,
            **changes,
        },
    )


@dataclass
class Backend:
    """A running API: `client` for requests, `sql` and `report` to reach behind it."""

    url: str
    settings: Settings
    app: FastAPI
    pool: ConnectionPool[Connection]
    client: httpx.Client

    def get(self, path: str, headers: Mapping[str, str] = OPERATOR, status: int = 200) -> Any:
        return self._checked(self.client.get(path, headers=headers), status)

    def post(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] = OPERATOR,
        status: int = 200,
    ) -> Any:
        return self._checked(self.client.post(path, json=body or {}, headers=headers), status)

    def put(
        self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] = ADMIN, status: int = 200
    ) -> Any:
        return self._checked(self.client.put(path, json=body, headers=headers), status)

    def delete(self, path: str, headers: Mapping[str, str] = OPERATOR, status: int = 200) -> Any:
        return self._checked(self.client.delete(path, headers=headers), status)

    @staticmethod
    def _checked(response: httpx.Response, status: int) -> Any:
        assert response.status_code == status, response.text
        return response.json()

    def sql(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """Rows of a statement, committed."""
        with connect(self.url, name="test", autocommit=True) as conn:
            cursor = conn.execute(statement, values)  # pyright: ignore[reportArgumentType, reportCallIssue] tests
            return cursor.fetchall() if cursor.description else []

    def insure(self, device_id: str = "car-0001", policy: Mapping[str, Any] = POLICY) -> dict[str, Any]:
        """A policy with one device; the policy's view."""
        made = self._checked(self.client.post("/v1/policies", json=policy, headers=ADMIN), 201)
        self.post(
            "/v1/devices", {"id": device_id, "vehicle_id": made["vehicles"][0]["id"]}, ADMIN, status=201
        )
        return made

    def driver(self, holder_id: str) -> dict[str, str]:
        """The headers of a driver's app."""
        return _bearer(self.post(f"/v1/holders/{holder_id}/token", headers=ADMIN)["token"])

    def unit(self, unit_id: str = "guard-1", kind: str = "guard", *, km_north: float = 5.0) -> dict[str, str]:
        """A unit on shift so far from the scene; its headers."""
        place = {"lat_deg": SCENE.lat_deg + km_north / 111.2, "lon_deg": SCENE.lon_deg}
        self.post("/v1/units", {"id": unit_id, "kind": kind, "name": f"隊 {unit_id}", **place}, ADMIN, 201)
        headers = _bearer(self.post(f"/v1/units/{unit_id}/token", headers=ADMIN)["token"])
        self.put("/v1/unit/position", place | {"on_shift": True}, headers)
        return headers

    def centre(
        self, provider_id: str = "centre-1", url: str = "http://127.0.0.1:1/offers", **changes: Any
    ) -> tuple[dict[str, str], str]:
        """A provider whose control centre is asked; its headers, and the secret of what is posted to it."""
        area = {"lat_deg": SCENE.lat_deg, "lon_deg": SCENE.lon_deg, "radius_km": 50, "arrival_s": 600}
        body = {
            "id": provider_id,
            "name": "見守り警備",
            "mode": "centre",
            "url": url,
            "skills": ["guard"],
        } | area
        self.put(f"/v1/providers/{provider_id}", body | changes, ADMIN, status=201)
        access = self.post(f"/v1/providers/{provider_id}/token", headers=ADMIN)
        return _bearer(access["token"]), access["secret"]

    def staff(self, name: str, role: str = "operator", password: str = PASSWORD) -> dict[str, str]:
        """Somebody with an account who has just signed in; the headers of their browser."""
        body = {"role": role, "password": password}
        self._checked(self.client.put(f"/v1/staff/{name}", json=body, headers=ADMIN), 201)
        return self.sign_in(name, password)

    def sign_in(self, name: str, password: str = PASSWORD, **more: str) -> dict[str, str]:
        """Sign in from another browser; its headers."""
        answer = self.client.post("/v1/session", json={"name": name, "password": password} | more)
        body = self._checked(answer, 200)
        # Kept by hand: the cookie is for https only, and each browser has its own.
        self.client.cookies.clear()
        cookie = answer.headers["set-cookie"].partition(";")[0]
        return {"Cookie": cookie, "X-CSRF-Token": body["csrf_token"]}

    def report(
        self,
        device_id: str = "car-0001",
        severity: Severity | None = Severity.SEVERE,
        *,
        trigger: Trigger = Trigger.IMPACT,
    ) -> UUID:
        """A press or impact of a device, as ingest files it; the incident."""
        report = Report(device_id, trigger, severity, datetime.now(UTC), late=False, position=SCENE)
        with connect(self.url, name="test") as conn:
            return Incidents(self.settings).report(conn, report).incident_id

    def twilio(
        self,
        path: str,
        form: Mapping[str, str],
        *,
        token: str = "carrier-token",
        signed_path: str | None = None,
    ) -> httpx.Response:
        """A webhook as the carrier sends it, signed for the public address."""
        address = PUBLIC_URL + (signed_path or path)
        signature = RequestValidator(token).compute_signature(address, dict(form))
        return self.client.post(
            path,
            content=urlencode(form),
            headers={
                "X-Twilio-Signature": str(signature),
                "Content-Type": "application/x-www-form-urlencoded",
            },
        )


@contextmanager
def running_backend(database_url: str, **changes: Any) -> Generator[Backend]:
    """The application in a thread of this process, on a port of 127.0.0.1."""
    settings = settings_for(database_url, **changes)
    with open_pool(database_url, name="test api", size=8) as pool:
        app = create_app(settings, pool)
        with (
            listening(app) as address,
            httpx.Client(base_url=address, timeout=30.0, trust_env=False) as client,
        ):
            yield Backend(database_url, settings, app, pool, client)


@contextmanager
def listening(app: FastAPI, port: int | None = None) -> Generator[str]:
    """Serve the application, on a free port unless one is named; its address."""
    port = port or free_port()
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, timeout_graceful_shutdown=2)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        app.state.context.hub.close_soon()
        server.should_exit = True
        thread.join(10)


def until(happened: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Wait for something; what it was. Fails after a while."""
    deadline = datetime.now(UTC) + timedelta(seconds=seconds)
    while not (found := happened()):
        assert datetime.now(UTC) < deadline, "it did not happen"
        time.sleep(0.01)
    return found


def terminate_connections(database_url: str) -> None:
    """End every connection to a database and let no new one in: what its clients see when it is gone."""
    name = str(conninfo_to_dict(database_url)["dbname"])
    with psycopg.connect(_other(database_url), autocommit=True) as conn:
        conn.execute(
            psycopg_sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(psycopg_sql.Identifier(name))
        )
        conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])


def allow_connections(database_url: str) -> None:
    """The database is back."""
    name = str(conninfo_to_dict(database_url)["dbname"])
    with psycopg.connect(_other(database_url), autocommit=True) as conn:
        conn.execute(
            psycopg_sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(psycopg_sql.Identifier(name))
        )


def _other(database_url: str) -> str:
    return make_conninfo(database_url, dbname="postgres")


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
