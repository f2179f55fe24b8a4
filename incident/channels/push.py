"""Waking the driver's app, behind a seam: web push (RFC 8030, 8291, 8292) today.

A push only wakes the app sooner: what is to be said waits for the app in any case. A service of another
kind (FCM, APNs) is another PushService, chosen by the subscription it is for.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any, Final, Protocol, cast
from urllib.parse import urlsplit
from uuid import UUID

import requests
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid
from pywebpush import WebPushException
from pywebpush import webpush as _webpush  # pyright: ignore[reportUnknownVariableType] its mappings

from incident.channels.deliveries import LIFETIME, SQL, Deliveries, wait_s
from incident.channels.outbox import Outbox, guarded
from incident.service import Incidents
from runtime.database import Connection
from runtime.settings import Settings

_TIMEOUT_S: Final = 5.0
_WAITS_S: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
# One push to each of a holder's apps, connecting and answering as late as may be.
MOST_SUBSCRIPTIONS: Final = 5
LONGEST_STEP_S: Final = 2 * _TIMEOUT_S * MOST_SUBSCRIPTIONS + 5
_LEASE: Final = timedelta(seconds=LONGEST_STEP_S)


class Unsubscribed(Exception):
    """The browser or phone has withdrawn this subscription, or it never was one."""


class PushRefused(Exception):
    """The service will not take this push. `code` is its HTTP status or a word of ours."""

    def __init__(self, code: str, words: str) -> None:
        self.code = code
        super().__init__(words)


class PushUnsent(Exception):
    """The service was not reached, or is busy."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where an app listens, and its keys (base64url, as browsers give them)."""

    endpoint: str
    p256dh: str
    auth: str


@dataclass(frozen=True, slots=True)
class Push:
    """What the app is told. A newer push of the same incident takes the place of one not yet delivered."""

    id: UUID
    incident_id: UUID
    template: str
    body: str


class PushService(Protocol):
    """Whatever can wake an app."""

    def send(self, subscription: Subscription, push: Push) -> None:
        """Hand a push over. Raises Unsubscribed, PushRefused and PushUnsent."""
        ...


class WebPush:
    """Push services of browsers, to which we are known by a VAPID key."""

    def __init__(self, private_key: str, contact: str, services: tuple[str, ...]) -> None:
        self._vapid = Vapid.from_string(private_key)
        self._contact = contact
        self._services = services
        self._session = requests.Session()
        self._session.trust_env = False

    def send(self, subscription: Subscription, push: Push) -> None:
        """Hand a push over. Raises Unsubscribed, PushRefused and PushUnsent."""
        if not is_push_service(subscription.endpoint, self._services):
            raise PushRefused("unknown_service", "the endpoint belongs to no push service that is allowed")
        words = {
            "id": str(push.id),
            "incident_id": str(push.incident_id),
            "template": push.template,
            "body": push.body,
        }
        keys = {"p256dh": subscription.p256dh, "auth": subscription.auth}
        try:
            _webpush(
                {"endpoint": subscription.endpoint, "keys": keys},
                data=json.dumps(words, ensure_ascii=False),
                vapid_private_key=self._vapid,
                vapid_claims={"sub": self._contact},
                ttl=int(LIFETIME.total_seconds()),
                headers={"Urgency": "high", "Topic": topic_of(push.incident_id)},
                timeout=_TIMEOUT_S,
                requests_session=self._session,
            )
        except WebPushException as error:
            raise _meaning(error) from error
        except requests.RequestException as error:
            raise PushUnsent(type(error).__name__) from error
        except (ValueError, TypeError) as error:
            raise PushRefused("unusable_keys", str(error)) from error


class PushSender:
    """Drains the outbox of pushes; used by one thread with its own autocommit connection.

    Without a service, or for a holder without a subscription, a push counts as sent: it waits for the app.
    """

    def __init__(self, incidents: Incidents, service: PushService | None) -> None:
        self._service = service
        self._outbox = Outbox(_LEASE)
        self._deliveries = Deliveries(incidents, self._outbox)

    def step(self, conn: Connection) -> bool:
        """Send a push that is due; false if there is none."""
        return guarded(self._step, conn, "push")

    def _step(self, conn: Connection) -> bool:
        effect = self._outbox.claim(conn, "push")
        if effect is None:
            return False
        message = self._deliveries.message(conn, effect)
        if message is None:
            return True
        if message["outdated"]:
            self._deliveries.failed(conn, effect, "outdated")
            return True
        try:
            self._wake(conn, message)
        except PushRefused as error:
            self._deliveries.failed(conn, effect, error.code, error)
        except PushUnsent as error:
            self._outbox.put_back(conn, effect["id"], wait_s(_WAITS_S, effect), error)
        else:
            self._deliveries.sent(conn, message["id"], None)
        return True

    def _wake(self, conn: Connection, message: dict[str, Any]) -> None:
        """Wake every app of the holder; one is enough.

        Raises PushUnsent and PushRefused when there are some and none could be woken.
        """
        if self._service is None:
            return
        push = Push(message["id"], message["incident_id"], message["template"], message["body"])
        woken, trouble = False, None
        key = {"holder_id": message["holder_id"]}
        for row in conn.execute(SQL["subscriptions"], key).fetchall():
            try:
                self._service.send(Subscription(row["endpoint"], row["p256dh"], row["auth"]), push)
            except Unsubscribed:
                conn.execute(SQL["drop_subscription"], {"id": row["id"]})
            except (PushRefused, PushUnsent) as error:
                trouble = error
            else:
                woken = True
        if trouble is not None and not woken:
            raise trouble


def push_service(settings: Settings) -> PushService | None:
    """Web push with the key of the settings; None without one."""
    key = settings.vapid_private_key.get_secret_value()
    return WebPush(key, settings.vapid_contact, settings.push_services) if key else None


def public_key(settings: Settings) -> str | None:
    """What a browser needs to subscribe (applicationServerKey, base64url); None without a key."""
    key = settings.vapid_private_key.get_secret_value()
    if not key:
        return None
    public = cast("Any", Vapid.from_string(key)).public_key
    point: bytes = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).rstrip(b"=").decode()


def is_push_service(endpoint: str, services: tuple[str, ...]) -> bool:
    """Whether an address belongs to one of the services: apps name it, and we must not call just anybody."""
    try:
        parts = urlsplit(endpoint)
        origin = f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"
    except ValueError:
        return False
    return parts.username is None and any(fnmatchcase(origin, service) for service in services)


def topic_of(incident_id: UUID) -> str:
    """An incident as a Topic: 32 characters of base64url at most (RFC 8030, 5.4)."""
    return base64.urlsafe_b64encode(incident_id.bytes).rstrip(b"=").decode()


def _meaning(error: WebPushException) -> Exception:
    response = cast("requests.Response | None", error.response)
    status = None if response is None else response.status_code
    if status in (404, 410):
        return Unsubscribed(str(status))
    if status is None:
        return PushRefused("unusable_keys", str(error))  # it came no further than the encryption
    if status == 429 or status >= 500:
        return PushUnsent(f"HTTP {status}")
    return PushRefused(str(status), f"HTTP {status}")
