"""Providers whose control centre takes work as a whole: offers and news leave here as signed webhooks.

Delivered at least once: the offer's id is the idempotency key, so one that comes twice is one. The centre
answers later, through our API. Where it cannot be reached the offer runs out like any other.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import httpx
import psycopg
import structlog

from incident.dispatch.brief import Brief, approach, dangers, words
from incident.field import briefing, units
from incident.places.place import Words
from incident.record.offers import SQL
from incident.service import Incidents, hint, now
from runtime.database import Connection
from schemas.incident import DispatchState, Language

TIMEOUT_S: Final = 5.0
_WAITS_S: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
_LEASE: Final = timedelta(seconds=3 * TIMEOUT_S)
_TRY_AGAIN: Final = (408, 425, 429)


class ProviderError(Exception):
    """What was posted was not taken; `final` where it would be no different the next time."""

    def __init__(self, words: str, *, final: bool) -> None:
        self.final = final
        super().__init__(words)


class Provider(Protocol):
    """How a control centre is told. A second way of telling one is another of these."""

    def tell(self, url: str, secret: str, key: str, body: bytes, at: datetime) -> None:
        """Deliver a message. `key` is the same each time it is sent. Raises ProviderError."""
        ...


class Webhook:
    """POST as JSON, signed over the moment and the body as the provider's secret makes it."""

    def __init__(self) -> None:
        self._client = httpx.Client(timeout=TIMEOUT_S, trust_env=False, follow_redirects=False)

    def tell(self, url: str, secret: str, key: str, body: bytes, at: datetime) -> None:
        """Deliver a message. Raises ProviderError."""
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": key,
            "X-Cbutton-Signature": signature(secret, body, at),
        }
        try:
            answer = self._client.post(url, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise ProviderError(type(error).__name__, final=False) from error
        except (httpx.InvalidURL, ValueError) as error:
            raise ProviderError(f"the address cannot be used: {error}", final=True) from error
        if answer.is_success:
            return
        refused = 400 <= answer.status_code < 500 and answer.status_code not in _TRY_AGAIN
        raise ProviderError(f"HTTP {answer.status_code}", final=refused)


def signature(secret: str, body: bytes, at: datetime) -> str:
    """`t=SECONDS,v1=HEX`: HMAC-SHA256 of the seconds since 1970, a full stop, and the body."""
    seconds = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


class ProviderPost:
    """Drains what the outbox holds for providers; used by one thread with its own autocommit connection."""

    def __init__(self, incidents: Incidents, provider: Provider | None = None) -> None:
        self._incidents = incidents
        self._provider = provider or Webhook()
        self._log = structlog.get_logger(role="providers")

    def step(self, conn: Connection) -> bool:
        """Deliver one message; false if none is due. Each part is its own transaction."""
        with conn.transaction():
            news = conn.execute(SQL["claim_news"], {"lease": _LEASE}).fetchone()
        if news is None:
            return False
        try:
            self._deliver(conn, news)
        except psycopg.OperationalError:
            raise  # the database itself: the caller connects anew
        except (LookupError, ValueError, TypeError, psycopg.Error):
            # Its lease keeps it away for a while; the others go on.
            self._log.exception("a message to a provider cannot be written")
        return True

    def _deliver(self, conn: Connection, news: dict[str, Any]) -> None:
        payload = news["payload"]
        offer = conn.execute(SQL["news_of_offer"], {"offer_id": payload["offer_id"]}).fetchone()
        if offer is None or news["is_over"] or _is_outdated(payload["event"], offer["state"]):
            self._finish(conn, news, "expired", None)
            return
        brief = briefing.read(conn, offer["dispatch_id"], offer["asked"])
        if brief is None or offer["url"] is None or offer["secret"] is None:
            self._finish(conn, news, "failed", "no address")
            return
        body = json.dumps(message(payload["event"], brief), ensure_ascii=False).encode()
        key = f"{offer['id']}" if payload["event"] == "offer" else f"{offer['id']}:{news['id']}"
        try:
            self._provider.tell(offer["url"], offer["secret"], key, body, now(conn))
        except ProviderError as error:
            self._log.warning("provider not told", provider=offer["provider_id"], error=str(error))
            self._put_back(conn, news, offer, error)
        else:
            self._finish(conn, news, "done", None)

    def _put_back(
        self, conn: Connection, news: dict[str, Any], offer: dict[str, Any], error: ProviderError
    ) -> None:
        if not error.final:
            attempts: int = news["attempts"]
            wait = timedelta(seconds=_WAITS_S[min(attempts, len(_WAITS_S)) - 1])
            with conn.transaction():
                again = {"id": news["id"], "error": str(error)[:500], "wait": wait}
                conn.execute(SQL["send_news_again"], again)
            return
        self._finish(conn, news, "failed", str(error))
        if news["payload"]["event"] != "offer":
            return
        # It will not take it however often it is told: the next one is asked at once.
        try:
            with conn.transaction():
                units.report(
                    conn,
                    self._incidents,
                    offer["asked"],
                    offer["dispatch_id"],
                    DispatchState.DECLINED,
                    reason=f"provider answered {error}",
                )
        except (units.NotYours, units.DispatchRefused):
            return
        hint(conn)

    @staticmethod
    def _finish(conn: Connection, news: dict[str, Any], state: str, error: str | None) -> None:
        with conn.transaction():
            values = {"id": news["id"], "state": state, "error": error[:500] if error else None}
            conn.execute(SQL["finish_news"], values)


def message(event: str, brief: Brief) -> dict[str, Any]:
    """What a control centre is told: `offer`, `withdrawn` or `reminder`. Withdrawn ones name the offer only."""
    head: dict[str, Any] = {
        "event": event,
        "offer_id": str(brief.offer_id),
        "dispatch_id": str(brief.dispatch_id),
    }
    if event == "withdrawn":
        return head | {"fate": brief.offer}
    if event == "reminder":
        return head | {"about": brief.reminder}
    side = approach(brief.heading_deg)
    car = brief.car
    return head | {
        "kind": brief.kind,
        "expires_at": brief.expires_at.isoformat(),
        "severity": brief.severity,
        "occurred_at": brief.occurred_at.isoformat(),
        "lat_deg": brief.position.lat_deg if brief.position else None,
        "lon_deg": brief.position.lon_deg if brief.position else None,
        "place": _both(brief.place),
        "road": brief.road,
        "heading_deg": brief.heading_deg,
        "approach": _both(side),
        "dangers": _both(dangers(brief)),
        "vehicle": {"plate": car.plate, "model": car.model, "colour": car.colour, "fuel": car.fuel}
        if car
        else None,
        "text": {"ja": words(brief, Language.JA), "en": words(brief, Language.EN)},
    }


def _is_outdated(event: str, offer_state: str) -> bool:
    return offer_state != {"offer": "open", "reminder": "accepted"}.get(event, offer_state)


def _both(said: Words | None) -> dict[str, str] | None:
    return {"ja": said.ja, "en": said.en} if said is not None else None
