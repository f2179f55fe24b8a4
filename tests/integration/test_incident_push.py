"""Web push against a push service in this process, opened with the phone's own key."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import http_ece
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import SecretStr
from support.backend import Backend, running_backend
from support.insured import Insured, insured_world

from incident.channels.push import Push, PushSender, Subscription, public_key, push_service, topic_of

VAPID = base64.urlsafe_b64encode((42).to_bytes(32, "big")).rstrip(b"=").decode()


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Phone:
    """A browser: its key pair and secret."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = b"0123456789abcdef"

    @property
    def keys(self) -> dict[str, str]:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"p256dh": b64(point), "auth": b64(self.auth)}

    def open(self, body: bytes) -> Any:
        return json.loads(http_ece.decrypt(body, private_key=self.key, auth_secret=self.auth))


@dataclass
class Service:
    """A push service: what came to each path, and what it answers there."""

    port: int = 0
    heard: list[tuple[str, dict[str, str], bytes]] = field(
        default_factory=list[tuple[str, dict[str, str], bytes]]
    )
    answers: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def push_server() -> Generator[Service]:
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            service.heard.append((self.path, headers, body))
            self.send_response(service.answers.get(self.path, 201))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    service.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.fixture
def service() -> Generator[Service]:
    with push_server() as made:
        yield made


@pytest.fixture
def world(database_url: str, service: Service) -> Generator[Insured]:
    changes = {"vapid_private_key": SecretStr(VAPID), "push_services": (service.origin,)}
    with insured_world(database_url, vapid_contact="mailto:desk@example.jp", **changes) as made:
        yield made


def subscribe(world: Insured, service: Service, phone: Phone, path: str = "/one") -> None:
    world.conn.execute(
        "INSERT INTO push_subscriptions (holder_id, endpoint, p256dh, auth) "
        "SELECT id, %s, %s, %s FROM policyholders",
        [service.origin + path, phone.keys["p256dh"], phone.keys["auth"]],
    )


def sender(world: Insured) -> PushSender:
    return PushSender(world.incidents, push_service(world.settings))


def push(world: Insured) -> dict[str, Any]:
    return world.one(
        "SELECT m.id, m.state, m.code, m.body, o.state AS queued FROM messages m JOIN outbox o USING (id) "
        "WHERE channel = 'push'"
    )


@pytest.fixture
def incident_id(world: Insured) -> UUID:
    return world.report(world.insure())


def test_a_push_wakes_the_app_and_only_it_can_read_it(
    world: Insured, service: Service, incident_id: UUID
) -> None:
    phone = Phone()
    subscribe(world, service, phone)
    assert sender(world).step(world.conn)
    ((path, headers, body),) = service.heard
    row = push(world)
    assert path == "/one"
    assert phone.open(body) == {
        "id": str(row["id"]),
        "incident_id": str(incident_id),
        "template": "severe",
        "body": row["body"],
    }
    assert row["body"].encode() not in body
    assert (headers["ttl"], headers["urgency"]) == ("600", "high")
    assert headers["topic"] == topic_of(incident_id)
    assert headers["content-encoding"] == "aes128gcm"
    assert (row["state"], row["queued"]) == ("sent", "done")


def test_the_service_can_check_who_we_are(world: Insured, service: Service, incident_id: UUID) -> None:
    subscribe(world, service, Phone())
    sender(world).step(world.conn)
    scheme, _, words = service.heard[0][1]["authorization"].partition(" ")
    parts = dict(part.strip().split("=", 1) for part in words.split(","))
    assert scheme == "vapid"
    assert parts["k"] == public_key(world.settings)
    point = base64.urlsafe_b64decode(parts["k"] + "==")
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    claims = jwt.decode(parts["t"], key, algorithms=["ES256"], audience=service.origin)
    assert claims["sub"] == "mailto:desk@example.jp"


@pytest.mark.parametrize("status", [404, 410])
def test_a_subscription_that_is_gone_is_forgotten(
    world: Insured, service: Service, incident_id: UUID, status: int
) -> None:
    subscribe(world, service, Phone(), "/gone")
    subscribe(world, service, Phone(), "/here")
    service.answers["/gone"] = status
    assert sender(world).step(world.conn)
    assert [row["endpoint"] for row in world.rows("SELECT endpoint FROM push_subscriptions")] == [
        f"{service.origin}/here"
    ]
    assert push(world)["state"] == "sent"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_service_that_is_busy_gets_it_later(
    world: Insured, service: Service, incident_id: UUID, status: int
) -> None:
    subscribe(world, service, Phone())
    service.answers["/one"] = status
    assert sender(world).step(world.conn)
    assert push(world)["queued"] == "pending"
    service.answers.clear()
    world.run_out_leases()
    assert sender(world).step(world.conn)
    assert push(world)["state"] == "sent"
    assert (
        len({headers["topic"] for _, headers, _ in service.heard}) == 1
    )  # the second takes the first one's place


def test_a_push_whose_moment_has_passed_is_not_sent(
    world: Insured, service: Service, incident_id: UUID
) -> None:
    subscribe(world, service, Phone())
    world.conn.execute("UPDATE messages SET created_at = created_at - interval '11 minutes'")
    assert sender(world).step(world.conn)
    assert service.heard == []
    row = push(world)
    assert (row["state"], row["code"], row["queued"]) == ("failed", "outdated", "expired")


def test_a_refused_push_is_kept_with_its_code(world: Insured, service: Service, incident_id: UUID) -> None:
    subscribe(world, service, Phone())
    service.answers["/one"] = 413
    assert sender(world).step(world.conn)
    assert (push(world)["state"], push(world)["code"]) == ("failed", "413")
    assert "effect_failed" in world.events(incident_id)


def test_one_phone_that_was_woken_is_enough(world: Insured, service: Service, incident_id: UUID) -> None:
    subscribe(world, service, Phone(), "/busy")
    subscribe(world, service, Phone(), "/here")
    service.answers["/busy"] = 503
    assert sender(world).step(world.conn)
    assert push(world)["state"] == "sent"


def test_keys_that_are_none_hold_nothing_up(world: Insured, service: Service, incident_id: UUID) -> None:
    phone = Phone()
    subscribe(world, service, phone)
    world.conn.execute("UPDATE push_subscriptions SET p256dh = 'AAAA'")
    assert sender(world).step(world.conn)
    assert push(world)["state"] == "failed"
    assert service.heard == []


def test_nobody_but_push_services_is_called(world: Insured, service: Service, incident_id: UUID) -> None:
    """An app names the address: it must not make us call just anybody."""
    subscribe(world, service, Phone())
    world.conn.execute("UPDATE push_subscriptions SET endpoint = replace(endpoint, '127.0.0.1', 'localhost')")
    assert sender(world).step(world.conn)
    assert service.heard == []
    assert push(world)["code"] == "unknown_service"


def test_without_a_subscription_or_a_key_it_waits_for_the_app(
    world: Insured, service: Service, incident_id: UUID
) -> None:
    assert sender(world).step(world.conn)
    assert push(world)["state"] == "sent"
    world.conn.execute("UPDATE outbox SET state = 'pending' WHERE kind = 'push'")
    world.conn.execute("UPDATE messages SET state = 'waiting' WHERE channel = 'push'")
    assert PushSender(world.incidents, None).step(world.conn)
    assert push(world)["state"] == "sent"


def test_a_service_whose_code_stumbles_ends_no_process(
    world: Insured, service: Service, incident_id: UUID
) -> None:
    class Stumbling:
        def send(self, subscription: Subscription, push: Push) -> None:
            raise KeyError("p256dh")

    subscribe(world, service, Phone())
    assert PushSender(world.incidents, Stumbling()).step(world.conn)
    assert push(world)["queued"] == "sending"
    world.run_out_leases()
    assert sender(world).step(world.conn)
    assert push(world)["state"] == "sent"


# Subscribing.


@pytest.fixture
def api(database_url: str) -> Generator[Backend]:
    with running_backend(database_url, vapid_private_key=SecretStr(VAPID)) as backend:
        yield backend


def test_an_app_subscribes_and_unsubscribes(api: Backend) -> None:
    headers = api.driver(api.insure()["holder_id"])
    key = api.get("/v1/driver/push/key", headers)["public_key"]
    assert len(base64.urlsafe_b64decode(key + "==")) == 65
    endpoint = "https://updates.push.services.mozilla.com/wpush/v2/abc"
    body = {"endpoint": endpoint, "expirationTime": None, "keys": Phone().keys}
    first = api.post("/v1/driver/push/subscriptions", body, headers)["id"]
    assert api.post("/v1/driver/push/subscriptions", body, headers)["id"] == first
    assert len(api.sql("SELECT 1 FROM push_subscriptions")) == 1
    assert api.client.delete(f"/v1/driver/push/subscriptions/{first}", headers=headers).status_code == 204
    assert api.client.delete(f"/v1/driver/push/subscriptions/{first}", headers=headers).status_code == 404
    assert api.sql("SELECT 1 FROM push_subscriptions") == []


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://updates.push.services.mozilla.com/x",
        "https://169.254.169.254/latest",
        "https://evil.example/x",
        "https://fcm.googleapis.com.evil.example/x",
        "https://fcm.googleapis.com:8443/x",
        "https://user@fcm.googleapis.com/x",
        "file:///etc/passwd",
        "x",
    ],
)
def test_only_known_push_services_are_taken(api: Backend, endpoint: str) -> None:
    headers = api.driver(api.insure()["holder_id"])
    body = {"endpoint": endpoint, "keys": Phone().keys}
    assert api.client.post("/v1/driver/push/subscriptions", json=body, headers=headers).status_code == 422


def test_the_newest_five_of_a_holder_are_kept(api: Backend) -> None:
    headers = api.driver(api.insure()["holder_id"])
    for number in range(7):
        endpoint = f"https://fcm.googleapis.com/fcm/send/{number}"
        api.post("/v1/driver/push/subscriptions", {"endpoint": endpoint, "keys": Phone().keys}, headers)
    kept = {row["endpoint"][-1] for row in api.sql("SELECT endpoint FROM push_subscriptions")}
    assert kept == {"2", "3", "4", "5", "6"}
