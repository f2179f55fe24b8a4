"""Calls and messages as Twilio shows them: JSON resources, pages of lists, and the filters lists take. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from email.utils import format_datetime
from typing import Final
from urllib.parse import urlencode

from device_sim.carrier.calls import API_VERSION, Call, duration_s
from device_sim.carrier.journal import Filter
from device_sim.carrier.messages import Message, segments
from device_sim.carrier.orders import TwilioError
from device_sim.carrier.timeline import utc

DEFAULT_PAGE_SIZE: Final = 50
LARGEST_PAGE_SIZE: Final = 1000

Json = dict[str, object]

_PAGING: Final = frozenset({"Page", "PageSize", "PageToken"})
_CALL_FILTERS: Final[dict[str, str]] = {
    "To": "to_number",
    "From": "from_number",
    "Status": "status",
    "StartTime": "started_on",
    "StartTime>": "started_from",
    "StartTime<": "started_until",
    "EndTime": "ended_on",
    "EndTime>": "ended_from",
    "EndTime<": "ended_until",
}
_MESSAGE_FILTERS: Final[dict[str, str]] = {
    "To": "to_number",
    "From": "from_number",
    "DateSent": "started_on",
    "DateSent>": "started_from",
    "DateSent<": "started_until",
}
_DATE: Final = re.compile(r"(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))(?:T[\d:.]+Z?)?")


def call_filter(query: Mapping[str, str]) -> Filter:
    """The filter of GET Calls.

    Times narrow by their day only, as Twilio documents it; a call that has not been dialled has
    no start time, so it matches no filter on one.

    Raises:
        TwilioError: an unknown name or a date that is none.
    """
    return _filter(query, _CALL_FILTERS)


def message_filter(query: Mapping[str, str]) -> Filter:
    """The filter of GET Messages; see `call_filter`."""
    return _filter(query, _MESSAGE_FILTERS)


def page_size(query: Mapping[str, str]) -> int:
    """How many a page may hold.

    Raises:
        TwilioError: not a whole number from 1 to 1000.
    """
    written = query.get("PageSize", str(DEFAULT_PAGE_SIZE))
    if not written.isdecimal() or not 1 <= int(written) <= LARGEST_PAGE_SIZE:
        raise TwilioError(400, 20001, f"PageSize {written!r} is not from 1 to {LARGEST_PAGE_SIZE}.")
    return int(written)


def page_after(query: Mapping[str, str]) -> str:
    """The sid after which a page begins, from the token of an earlier page; empty for the first page.

    Raises:
        TwilioError: a token we did not give.
    """
    token = query.get("PageToken", "")
    if token and not re.fullmatch(r"PA(CA|SM)[0-9a-f]{32}", token):
        raise TwilioError(400, 20006, "Invalid page token.")
    return token.removeprefix("PA")


def call_resource(call: Call) -> Json:
    """Twilio's JSON of a call."""
    base = f"/{API_VERSION}/Accounts/{call.account_sid}/Calls/{call.sid}"
    queued_until = call.started_at if call.started_at is not None else call.updated_at
    return {
        "sid": call.sid,
        "account_sid": call.account_sid,
        "to": call.order.to,
        "to_formatted": call.order.to,
        "from": call.order.from_,
        "from_formatted": call.order.from_,
        "status": call.status,
        "direction": call.direction,
        "date_created": _date(call.created_at),
        "date_updated": _date(call.updated_at),
        "start_time": _date(call.started_at),
        "end_time": _date(call.ended_at),
        "duration": None if call.ended_at is None else str(duration_s(call, call.ended_at)),
        "queue_time": str(int((queued_until - call.created_at) * 1000)),
        "api_version": API_VERSION,
        "answered_by": _answered_by(call),
        "caller_name": None,
        "forwarded_from": None,
        "group_sid": None,
        "parent_call_sid": None,
        "phone_number_sid": None,
        "price": None,
        "price_unit": "USD",
        "trunk_sid": None,
        "annotation": None,
        "uri": f"{base}.json",
        "subresource_uris": {},
    }


def message_resource(message: Message) -> Json:
    """Twilio's JSON of a message."""
    base = f"/{API_VERSION}/Accounts/{message.account_sid}/Messages/{message.sid}"
    return {
        "sid": message.sid,
        "account_sid": message.account_sid,
        "to": message.order.to,
        "from": message.order.from_,
        "body": message.order.body,
        "status": message.status,
        "direction": message.direction,
        "date_created": _date(message.created_at),
        "date_updated": _date(message.updated_at),
        "date_sent": _date(message.sent_at),
        "num_segments": str(segments(message.order.body)),
        "num_media": "0",
        "error_code": message.error_code,
        "error_message": None,
        "messaging_service_sid": None,
        "api_version": API_VERSION,
        "price": None,
        "price_unit": "USD",
        "uri": f"{base}.json",
        "subresource_uris": {},
    }


def page(path: str, key: str, found: Sequence[Json], query: Mapping[str, str], size: int) -> Json:
    """Twilio's JSON of one page; `found` may hold one more than `size`, which tells that there is a next page.

    `previous_page_uri` is always null here.
    """
    shown = list(found[:size])
    number = int(query["Page"]) if query.get("Page", "").isdecimal() else 0
    asked = {name: value for name, value in query.items() if name not in {"Page", "PageToken"}}
    asked |= {"PageSize": str(size)}
    following = asked | {"Page": str(number + 1), "PageToken": f"PA{shown[-1]['sid']}"} if shown else {}
    start = number * size
    return {
        key: shown,
        "page": number,
        "page_size": size,
        "start": start,
        "end": start + max(0, len(shown) - 1),
        "uri": f"{path}?{urlencode(dict(query) | {'PageSize': str(size)})}",
        "first_page_uri": f"{path}?{urlencode(asked | {'Page': '0'})}",
        "next_page_uri": f"{path}?{urlencode(following)}" if len(found) > size else None,
        "previous_page_uri": None,
    }


def _answered_by(call: Call) -> str | None:
    """Human or machine once that was detected, as the call resource says it; the callback is more exact."""
    if call.detects_at is not None or call.detected in {"", "unknown"}:
        return None
    return "human" if call.detected == "human" else "machine"


def _filter(query: Mapping[str, str], known: Mapping[str, str]) -> Filter:
    if unknown := sorted(set(query) - set(known) - _PAGING):
        raise TwilioError(400, 20001, f"Unknown parameter {', '.join(unknown)}.")
    fields: dict[str, str] = {}
    for name, field in known.items():
        if name not in query:
            continue
        value = query[name]
        if field.startswith(("started", "ended")):
            matched = _DATE.fullmatch(value)
            if matched is None:
                raise TwilioError(400, 20001, f"{name} {value!r} is not a date.")
            value = matched[1]
        fields[field] = value
    return Filter(**fields)


def _date(at: float | None) -> str | None:
    return None if at is None else format_datetime(utc(at).replace(microsecond=0))
