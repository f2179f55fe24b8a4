"""Documents a call asks for: which one next, and what becomes of a call whose document cannot be had. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urldefrag, urljoin

from device_sim.carrier import webhooks
from device_sim.carrier.calls import Fetch, Stage, Step, webhook_params

MOST_FETCHES: Final = 100
"""A call that asks for more documents than this runs in a circle; it ends with an application error."""


def ask(
    step: Step,
    at: float,
    url: str,
    method: str,
    more: Mapping[str, str] | None = None,
    *,
    fallback: bool = False,
) -> None:
    """Fetch the document to go on with; relative addresses are taken from the present one. `more` is said besides."""
    more = more or {}
    call = step.call
    try:
        target = absolute(step, url)
    except ValueError as error:
        application_error(step, at, 11100, f"{url!r} cannot be asked: {error}", was_fallback=True)
        return
    if call.fetches - call.waits >= MOST_FETCHES:
        application_error(step, at, 12400, f"more than {MOST_FETCHES} documents", was_fallback=True)
        return
    fetch = Fetch(
        call.fetches + 1, target, method, webhook_params(call, call.status) | dict(more), is_fallback=fallback
    )
    heard = {"digits": "Digits", "words": "SpeechResult"}
    step.note(
        at,
        "fetching",
        url=urldefrag(target).url,
        **{name: more[param] for name, param in heard.items() if param in more},
    )
    step.change(
        at,
        stage=Stage.FETCHING,
        fetch=fetch,
        fetches=fetch.number,
        due_at=None,
        gathering=None,
        dialled=None,
    )


def ask_for_waiting(step: Step, at: float, url: str, method: str) -> bool:
    """Fetch what is heard while a conference has not begun; false for an address that cannot be asked.

    It may loop as long as the person waits, so these documents are not counted as a circle.
    """
    try:
        target = absolute(step, url)
    except ValueError:
        return False
    call = step.call
    fetch = Fetch(call.fetches + 1, target, method, webhook_params(call, call.status), is_wait=True)
    step.change(at, fetch=fetch, fetches=fetch.number, waits=call.waits + 1, due_at=None)
    return True


def absolute(step: Step, url: str) -> str:
    """An address of the present document, made absolute.

    Raises:
        ValueError: it cannot be asked.
    """
    target = urljoin(step.call.document_url, url)
    webhooks.split(target, webhooks.Policy())
    return target


def application_error(step: Step, at: float, code: int, reason: str, *, was_fallback: bool) -> None:
    """A document cannot be had or followed: the fallback is asked, if there is one and it was not it."""
    step.note(at, "application_error", code=code, reason=reason)
    order = step.call.order
    if order.fallback_url and not was_fallback:
        ask(
            step,
            at,
            order.fallback_url,
            order.fallback_method,
            {"ErrorCode": str(code), "ErrorUrl": step.call.document_url or order.url},
            fallback=True,
        )
    else:
        # Twilio says that an application error has occurred, and hangs up; the call counts as completed.
        step.end(at, "completed", "application error")
