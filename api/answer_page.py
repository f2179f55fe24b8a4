"""The answer page: what somebody in trouble sees and presses on any phone, without script and without log-in.

Every page is whole in itself, renews itself while something may still change, and is kept by nobody on
the way. Looking at it changes nothing: messengers look at links before people do.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from importlib import resources
from typing import Any, Final
from uuid import uuid4

from fastapi import Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from api.field_units import FIELD
from incident import wording
from incident.channels import chat
from incident.record.links import Link
from incident.wording import Facts, clock_time
from runtime.database import Connection
from runtime.settings import Settings
from runtime.sql import Queries
from schemas.impact import Severity
from schemas.incident import Answer, CallParty, DispatchState, Language, Phase, RoadKind, Trigger

PAGE_SQL: Final = Queries("api", "answer.sql")
_REFRESH_S: Final = 10
_STYLE: Final = resources.files("api").joinpath("templates/answer.css").read_text(encoding="utf-8")
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS: Final = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}
_TEMPLATES: Final = Environment(
    loader=PackageLoader("api"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_COMING: Final = (DispatchState.ACCEPTED, DispatchState.EN_ROUTE)
_THERE: Final = (DispatchState.ON_SCENE, DispatchState.SECURED)


@dataclass(frozen=True, slots=True)
class _Line:
    """A message of the conversation."""

    ours: bool
    time: str
    text: str


def show(conn: Connection, settings: Settings, link: Link) -> Response:
    """The page of a link: how things stand, and what to press."""
    row = _incident(conn, link)
    facts = _facts(conn, settings, link, row)
    if row["phase"] == Phase.CLOSED:
        return notice(settings, "closed", link.language, HTTPStatus.OK)
    say = partial(wording.page, facts=facts, language=link.language)
    is_contact = link.party is CallParty.CONTACT
    happened = Answer.MISTAKE in choices_of(row)
    return _render(
        "answer.html",
        facts,
        link.language,
        refresh_s=_REFRESH_S,
        expressway=row["road"] == RoadKind.EXPRESSWAY and not is_contact,
        token=link.token,
        form=str(uuid4()),
        occasion=wording.occasion(facts, Trigger(row["trigger"]), link.party, link.language),
        question=say("contact_question" if is_contact else "what_happened" if happened else "question"),
        said=_said_to_contact(link, facts) if is_contact else _said(conn, link, row, facts),
        conversation=_conversation(conn, link),
        buttons=[
            (str(answer), label)
            for answer, label in wording.buttons(link.party, link.language, happened=happened).items()
        ],
    )


def show_writing(conn: Connection, settings: Settings, link: Link) -> Response:
    """The page to write on: it does not renew itself, or what was typed would be lost."""
    row = _incident(conn, link)
    if row["phase"] == Phase.CLOSED:
        return notice(settings, "closed", link.language, HTTPStatus.OK)
    return _render(
        "write.html",
        _facts(conn, settings, link, row),
        link.language,
        token=link.token,
        form=str(uuid4()),
        conversation=_conversation(conn, link),
    )


def notice(settings: Settings, key: str, language: Language, status: int) -> Response:
    """A page with one sentence, and whom to call."""
    facts = Facts(settings.insurer_ja, settings.insurer_en)
    words = wording.page(key, facts, language)
    return _render("notice.html", facts, language, status=status, words=words)


def _incident(conn: Connection, link: Link) -> dict[str, Any]:
    row = conn.execute(PAGE_SQL["page_incident"], {"id": link.incident_id}).fetchone()
    if row is None:
        raise AssertionError("a link's incident is missing")
    return row


def choices_of(row: dict[str, Any]) -> list[Answer]:
    """What a driver may choose from, by an incident's trigger, severity and answer."""
    severity = Severity(row["severity"]) if row["severity"] else None
    answer = Answer(row["answer"]) if row["answer"] else None
    return wording.choices(Trigger(row["trigger"]), severity, answer)


def _facts(conn: Connection, settings: Settings, link: Link, row: dict[str, Any]) -> Facts:
    coming: dict[str, Any] = conn.execute(FIELD["driver_help"], {"id": link.incident_id}).fetchone() or {}
    eta_at = coming.get("eta_at")
    return Facts(
        settings.insurer_ja,
        settings.insurer_en,
        time=clock_time(row["occurred_at"]),
        unit=coming.get("unit_name") or "",
        eta=clock_time(eta_at) if eta_at else "",
    )


def _said(conn: Connection, link: Link, row: dict[str, Any], facts: Facts) -> list[str]:
    """How things stand for the driver, in sentences."""
    say = partial(wording.page, facts=facts, language=link.language)
    said: list[str] = []
    if row["answer"] is not None:
        said.append(wording.recorded(Answer(row["answer"]), link.language))
    help_row = conn.execute(FIELD["driver_help"], {"id": link.incident_id}).fetchone()
    state = None if help_row is None else DispatchState(help_row["state"])
    if state in _THERE:
        said.append(say("arrived"))
    elif state in _COMING:
        said.append(wording.text("push", "help_accepted", facts, link.language))
    elif state in (DispatchState.REQUESTED, DispatchState.OFFERED):
        said.append(say("arranging"))
    if row["taken_by"] is not None:
        said.append(say("taken"))
    return said


def _said_to_contact(link: Link, facts: Facts) -> list[str]:
    return [wording.page("contact_thanks", facts, link.language)] if link.used else []


def _conversation(conn: Connection, link: Link) -> list[_Line]:
    return [
        _Line(one.operator is not None, clock_time(one.at), one.text)
        for one in chat.read(conn, link.incident_id, link.party)
    ]


def _render(
    template: str, facts: Facts, language: Language, *, status: int = HTTPStatus.OK, **values: Any
) -> Response:
    given = {"refresh_s": None, "expressway": False} | values
    say = partial(wording.page, facts=facts, language=language)
    html = _TEMPLATES.get_template(template).render(
        language=str(language), title=say("title"), style=_STYLE, say=say, **given
    )
    return HTMLResponse(html, status, headers=_HEADERS)
