"""The answer page behind the link of an SMS. Whoever has the link may answer; GET changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import parse_qsl
from uuid import UUID, uuid4

import psycopg
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from api import answer_page
from api.context import Here
from api.throttle import Throttle
from incident import wording
from incident.channels import answering, chat
from incident.record import links
from incident.record.links import Link
from runtime.database import Connection
from schemas.incident import Answer, Language

router: Final = APIRouter(prefix="/a", include_in_schema=False)
_LONGEST_TEXT: Final = 1000
_MOST_FIELDS: Final = 10


class Gate:
    """Who has come too often. One per application."""

    def __init__(self) -> None:
        # A page that renews itself every ten seconds, in a few tabs, and somebody who presses again and again.
        self.by_link = Throttle(burst=30, per_s=1.0)
        # Many phones share one address, so only links that lead nowhere are counted: those of who guesses.
        self.misses = Throttle(burst=60, per_s=0.5)


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form; none if it cannot be read."""
    try:
        body = (await request.body()).decode("utf-8")
        return dict(parse_qsl(body, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        return {}


Form = Annotated[dict[str, str], Depends(_form)]


@router.get("/{token}")
def see(here: Here, request: Request, token: str) -> Response:
    """How things stand, and what to press."""
    return _with_link(here, request, token, lambda conn, link: answer_page.show(conn, here.settings, link))


@router.get("/{token}/write")
def see_writing(here: Here, request: Request, token: str) -> Response:
    """The page to write on."""
    return _with_link(
        here, request, token, lambda conn, link: answer_page.show_writing(conn, here.settings, link)
    )


@router.post("/{token}")
def answer(here: Here, request: Request, token: str, form: Form) -> Response:
    """Records what was pressed, then shows the page; the same form sent again changes nothing."""

    def record(conn: Connection, link: Link) -> Response:
        pressed = form.get("answer")
        # What the page asked may have changed since it was opened.
        known = (wording.buttons(link.party, link.language, happened=happened) for happened in (True, False))
        if not any(pressed in buttons for buttons in known):
            return _see_other(link.token)
        form_id = _form_id(form)
        incident_id = answering.take(
            conn,
            here.incidents,
            link.incident_id,
            link.party,
            Answer(pressed),
            via="link",
            counts=lambda: links.take_form(conn, link.token, form_id),
        )
        if incident_id == link.incident_id:
            return _see_other(link.token)
        token = links.address(conn, "", incident_id, link.party).rpartition("/")[2]
        links.take_form(conn, token, form_id)
        return _see_other(token)

    return _with_link(here, request, token, record)


@router.post("/{token}/write")
def write(here: Here, request: Request, token: str, form: Form) -> Response:
    """Keeps what was written, and calls an operator to it."""

    def record(conn: Connection, link: Link) -> Response:
        text = form.get("text", "").replace("\x00", "").strip()[:_LONGEST_TEXT]
        if text:
            chat.person_writes(
                conn,
                here.incidents,
                link.incident_id,
                link.party,
                message_id=_form_id(form),
                text=text,
                via="link",
            )
        return _see_other(f"../{link.token}")

    return _with_link(here, request, token, record)


def _with_link(
    here: Here, request: Request, token: str, work: Callable[[Connection, Link], Response]
) -> Response:
    """Do something with the link of that token in one transaction; errors become pages that people understand."""
    gate: Gate = request.app.state.answer_gate
    asker = request.client.host if request.client is not None else ""
    language = _preferred(request)
    try:
        if not gate.by_link.take(token):
            return _notice(here, "busy", language, HTTPStatus.TOO_MANY_REQUESTS)
        with here.change() if request.method == "POST" else here.transaction() as conn:
            link = links.find(conn, token)
            if link is None:
                # After the look: others who come from the same address have links that are good.
                if not gate.misses.take(asker):
                    return _notice(here, "busy", language, HTTPStatus.TOO_MANY_REQUESTS)
                return _notice(here, "unknown", language, HTTPStatus.NOT_FOUND)
            return work(conn, link)
    except psycopg.OperationalError:
        return _notice(here, "busy", language, HTTPStatus.SERVICE_UNAVAILABLE)


def _notice(here: Here, key: str, language: Language, status: HTTPStatus) -> Response:
    response = answer_page.notice(here.settings, key, language, status)
    if key == "busy":
        response.headers["Retry-After"] = "5"
    return response


def _see_other(address: str) -> Response:
    # Relative: how the outside reaches us is the proxy's affair.
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)


def _form_id(form: dict[str, str]) -> UUID:
    try:
        return UUID(form.get("form", ""))
    except ValueError:
        return uuid4()


def _preferred(request: Request) -> Language:
    """The language of somebody whose link says nothing."""
    accepted = request.headers.get("Accept-Language", "").lower()
    return Language.EN if accepted.startswith("en") else Language.JA
