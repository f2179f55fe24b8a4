"""Twilio as the carrier, through its official SDK: the one module that knows its API."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import requests
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from urllib3.exceptions import NewConnectionError

from incident.channels.telephony import (
    Barred,
    CarrierError,
    Found,
    Overloaded,
    Rejected,
    Unanswered,
    Unreachable,
)
from incident.channels.webhooks import Webhooks
from runtime.settings import Settings

# The carrier's clock and ours may differ by this much when its list is searched.
_CLOCK_TOLERANCE = timedelta(seconds=30)
_STUMBLED = (AttributeError, TypeError, LookupError)
_MORE_NEWS = ["initiated", "ringing", "answered", "completed"]


class _HttpClient(TwilioHttpClient):
    """The SDK's client, without the environment's proxies, at another address if one is set."""

    def __init__(self, base_url: str, timeout_s: float) -> None:
        super().__init__(timeout=timeout_s)
        self._base = urlsplit(base_url) if base_url else None
        if self.session is not None:
            self.session.trust_env = False

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        if self._base is not None:
            parts = urlsplit(url)
            url = urlunsplit((self._base.scheme, self._base.netloc, parts.path, parts.query, ""))
        return super().request(method, url, *args, **kwargs)


class TwilioCarrier:
    """Places, finds, follows and withdraws calls, and sends messages. Safe between threads."""

    def __init__(self, settings: Settings) -> None:
        self._from = settings.twilio_from_number
        self._api_url = settings.api_url
        self._detects = settings.amd
        self._client = Client(
            settings.twilio_account_sid,
            settings.twilio_auth_token.get_secret_value(),
            region=settings.twilio_region or None,
            edge=settings.twilio_edge or None,
            http_client=_HttpClient(settings.twilio_base_url, settings.twilio_timeout_s),
        )
        # The SDK imports these on first use, which takes a second: not while somebody waits for a call.
        self._calls, self._messages = self._client.calls, self._client.messages

    def place_call(self, number: str, call_id: UUID, ring_s: float, *, detect: bool = True) -> str:
        """Ring a number; the carrier's id for the call. Raises CarrierError.

        `detect`: have it guess whether a machine picked up, if that is set at all.
        """
        hooks = Webhooks(self._api_url, call_id)
        more: dict[str, Any] = {}
        if detect and self._detects:
            # Asynchronous: a person who picks up hears us at once, and is never taken for a machine.
            more = {
                "machine_detection": "Enable",
                "async_amd": "true",
                "async_amd_status_callback": hooks.to("amd"),
            }
        with _meaning():
            call = self._calls.create(
                to=number,
                from_=self._from,
                url=hooks.to("voice"),
                fallback_url=hooks.to("fallback"),
                status_callback=hooks.to("status"),
                status_callback_event=_MORE_NEWS,
                timeout=round(ring_s),
                **more,
            )
            return _sid(call)

    def connect_call(self, sid: str, call_id: UUID) -> None:
        """Take a call that is under way out of what it hears, to the conference. Raises CarrierError."""
        hooks = Webhooks(self._api_url, call_id)
        with _meaning():
            self._calls(sid).update(url=hooks.to("connect"), fallback_url=hooks.to("fallback"))

    def find_calls(self, number: str, since: datetime) -> list[Found]:
        """Calls to a number that the carrier began since a moment, oldest first. Raises CarrierError."""
        # No filter by time: one on the start leaves out calls the carrier has queued and not begun.
        with _meaning():
            calls = self._calls.list(to=number, from_=self._from, limit=50)
            return [Found(_sid(call), str(call.status)) for call in reversed(calls) if _is_since(call, since)]

    def call_status(self, sid: str) -> str:
        """How a call stands, in Twilio's words. Raises CarrierError."""
        with _meaning():
            return str(self._calls(sid).fetch().status)

    def cancel_call(self, sid: str) -> str:
        """Withdraw a call that is queued or ringing, and how it stands then; one already answered is left alone.

        Raises CarrierError.
        """
        with _meaning():
            return str(self._calls(sid).update(status="canceled").status)

    def send_sms(self, number: str, body: str, message_id: UUID) -> str:
        """Send a text; the carrier's id for it. Raises CarrierError."""
        with _meaning():
            message = self._messages.create(
                to=number,
                from_=self._from,
                body=body,
                status_callback=Webhooks(self._api_url, message_id).to("sms"),
            )
            return _sid(message)

    def find_messages(self, number: str, body: str, since: datetime) -> list[Found]:
        """Messages with this very text to a number since a moment, oldest first. Raises CarrierError."""
        with _meaning():
            messages = self._messages.list(to=number, from_=self._from, limit=50)
            return [
                Found(_sid(found), str(found.status))
                for found in reversed(messages)
                if found.body == body and _is_since(found, since)
            ]


class _meaning:  # noqa: N801 - reads as a word in `with _meaning():`
    """Turn what the SDK raises into what it means for a second try."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None:
            return
        if isinstance(error, TwilioRestException):
            raise _of_status(error.status, error.code, error.msg) from error
        if isinstance(error, TwilioServiceException):
            raise _of_status(error.status, error.code, error.detail or error.title) from error
        if isinstance(error, requests.exceptions.ConnectTimeout) or _refused(error):
            raise Unreachable(str(error)) from error
        # The others: the answer was not the JSON it should be, from a proxy for instance, and the SDK fell over it.
        if isinstance(error, (requests.exceptions.RequestException, TwilioException, ValueError, *_STUMBLED)):
            raise Unanswered(str(error)) from error


def _of_status(status: int, code: int | None, message: str) -> CarrierError:
    # Twilio advises to act on the HTTP class and to treat its exact codes as a refinement.
    words = f"HTTP {status}, code {code}: {message}"
    match int(status):
        case 401:
            return Barred(words)
        case 429:
            return Overloaded(words)
        case known if 400 <= known < 500 and known != 408:
            return Rejected(words, str(code) if code else None)
        case _:
            return Unanswered(words)


def _refused(error: BaseException) -> bool:
    """Whether no connection came about, or no address was found: then the request never left."""
    if not isinstance(error, requests.exceptions.ConnectionError) or not error.args:
        return False
    return isinstance(getattr(error.args[0], "reason", None), NewConnectionError)


def _sid(resource: Any) -> str:
    if not resource.sid:
        raise Unanswered("the carrier's answer names no call or message")
    return str(resource.sid)


def _is_since(resource: Any, since: datetime) -> bool:
    return resource.date_created is None or resource.date_created >= since - _CLOCK_TOLERANCE
