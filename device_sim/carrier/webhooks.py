"""Requests the carrier makes of its customers: signed, and tried again as the address asks for.

An address may carry connection overrides in its fragment, as Twilio documents them under
"Webhooks: connection overrides": `#rc=5&rp=all&ct=2000&rt=5000&tt=15000` (retries, the failures
they are for, and time-outs in milliseconds). The fragment is never sent. Times here are real
seconds: no time scale touches them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal
from urllib.parse import parse_qsl, urldefrag, urlencode, urlsplit

import httpx
from twilio.request_validator import RequestValidator

RETRY_DELAYS_S: Final = (0.5, 1.0, 2.0, 4.0, 6.0)
"""Waits before the retries, 13.5 s together: within Twilio's 15 s for all attempts of one request."""
MOST_RETRIES: Final = len(RETRY_DELAYS_S)
DEFAULT_RETRIES: Final = 1
LONGEST_TOTAL_S: Final = 15.0
SIGNATURE_HEADER: Final = "X-Twilio-Signature"

Failure = Literal["ct", "rt", "4xx", "5xx"]
"""No connection or one that broke, no answer in time, or an answer of that class."""
FAILURES: Final[frozenset[Failure]] = frozenset({"ct", "rt", "4xx", "5xx"})


@dataclass(frozen=True)
class Policy:
    """How long to wait and what to try again; by default as Twilio does."""

    retries: int = DEFAULT_RETRIES
    retry_on: frozenset[Failure] = frozenset({"ct"})
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 15.0
    total_s: float = LONGEST_TOTAL_S


@dataclass(frozen=True)
class Reply:
    """A 2xx answer."""

    status: int
    text: str


class WebhookFailed(Exception):
    """All attempts failed; `kind` is the last failure's."""

    def __init__(self, kind: Failure, detail: str) -> None:
        super().__init__(detail)
        self.kind: Failure = kind


def split(url: str, default: Policy) -> tuple[str, Policy]:
    """The address to request, without its fragment, and the policy the fragment asks for.

    Raises:
        ValueError: no address of HTTP, or an override that is unknown or out of Twilio's range.
    """
    bare, fragment = urldefrag(url)
    parts = urlsplit(bare)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0:
        raise ValueError("it does not name a host to be asked by HTTP")
    if any(character.isspace() for character in url):
        raise ValueError("it holds white space")
    policy = default
    if not fragment:
        return bare, policy
    for name, value in parse_qsl(fragment, keep_blank_values=True, strict_parsing=True):
        match name:
            case "rc":
                policy = replace(policy, retries=_whole(name, value, 0, MOST_RETRIES))
            case "rp":
                policy = replace(policy, retry_on=_failures(value))
            case "ct":
                policy = replace(policy, connect_timeout_s=_whole(name, value, 100, 10_000) / 1000)
            case "rt":
                policy = replace(policy, read_timeout_s=_whole(name, value, 100, 15_000) / 1000)
            case "tt":
                policy = replace(policy, total_s=_whole(name, value, 100, 15_000) / 1000)
            case _:
                raise ValueError(f"connection override {name} is not known")
    return bare, policy


def address(url: str, method: str, params: Mapping[str, str]) -> str:
    """The address as it is requested and signed: a GET carries the parameters in its query."""
    if method == "POST" or not params:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(params)}"


class Webhooks:
    """Sends signed requests."""

    def __init__(self, client: httpx.AsyncClient, auth_token: str, default: Policy) -> None:
        self._client = client
        self._signer = RequestValidator(auth_token)
        self._default = default

    def signature(self, url: str, params: Mapping[str, str]) -> str:
        """X-Twilio-Signature over the exact address and, for a POST, its parameters in order of name."""
        return str(self._signer.compute_signature(url, dict(params)))

    async def send(self, url: str, method: str, params: Mapping[str, str]) -> Reply:
        """Request `url` until it answers 2xx or the policy is used up.

        Raises:
            WebhookFailed: no 2xx answer came.
        """
        try:
            bare, policy = split(url, self._default)
        except ValueError as error:
            raise WebhookFailed("ct", f"{url}: {error}") from None
        request = self._request(address(bare, method, params), method, params)
        ends_at = time.monotonic() + policy.total_s
        retries = 0
        while True:
            try:
                return await self._once(request, policy, ends_at - time.monotonic())
            except WebhookFailed as failed:
                if failed.kind not in policy.retry_on or retries >= policy.retries:
                    raise
                wait_s = RETRY_DELAYS_S[retries]
                if time.monotonic() + wait_s >= ends_at:
                    raise
            retries += 1
            await asyncio.sleep(wait_s)

    def _request(self, target: str, method: str, params: Mapping[str, str]) -> httpx.Request:
        form = dict(params) if method == "POST" else {}
        headers = {SIGNATURE_HEADER: self.signature(target, form), "User-Agent": "TwilioProxy/1.1"}
        try:
            return self._client.build_request(method, target, data=form or None, headers=headers)
        except httpx.InvalidURL as error:
            raise WebhookFailed("ct", f"{target}: {error}") from None

    async def _once(self, request: httpx.Request, policy: Policy, left_s: float) -> Reply:
        left_s = max(left_s, 0.05)
        times = httpx.Timeout(
            min(policy.read_timeout_s, left_s), connect=min(policy.connect_timeout_s, left_s)
        )
        request.extensions["timeout"] = times.as_dict()
        try:
            answer = await self._client.send(request)
        except (httpx.ReadTimeout, httpx.WriteTimeout) as error:
            raise WebhookFailed("rt", f"{request.url}: {type(error).__name__}") from None
        except httpx.RequestError as error:
            raise WebhookFailed("ct", f"{request.url}: {type(error).__name__}: {error}") from None
        if answer.is_success:
            return Reply(answer.status_code, answer.text)
        kind: Failure = "5xx" if answer.status_code >= 500 else "4xx"
        raise WebhookFailed(kind, f"{request.url}: HTTP {answer.status_code}")


def _whole(name: str, value: str, least: int, most: int) -> int:
    if not value.isdecimal() or not least <= int(value) <= most:
        raise ValueError(f"connection override {name}={value} is not from {least} to {most}")
    return int(value)


def _failures(value: str) -> frozenset[Failure]:
    asked = set(value.split(","))
    if asked == {"all"}:
        return FAILURES
    known: frozenset[Failure] = frozenset(failure for failure in FAILURES if failure in asked)
    if len(known) != len(asked):
        raise ValueError(f"connection override rp={value} is not made of 4xx, 5xx, ct, rt, or all")
    return known
