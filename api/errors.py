"""Errors as RFC 9457 problems, in one place: what went wrong, in which status, in which words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final

import psycopg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from api.fields import BothLanguages
from incident.field.units import NotYours
from incident.service import UnknownIncident
from incident.voice.calls import UnknownCall
from incident.wording.refusals import Refusal, Refused, Why

PROBLEM_JSON: Final = "application/problem+json"
_RETRY_AFTER_S: Final = "1"

_log = structlog.get_logger(role="api")


class Problem(Exception):
    """An answer that is an error: why, with `said` where people are told. `extra` helps a program to react."""

    def __init__(
        self,
        status: int,
        detail: str | Why,
        *,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self.status = status
        self.headers, self.extra = dict(headers or {}), dict(extra or {})
        if isinstance(detail, Why):
            self.extra["said"] = {"ja": detail.ja, "en": detail.en}
            detail = detail.detail
        self.detail = detail
        super().__init__(detail)


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    where: str = Field(description="The place, as body.holder.phones.0 or query.limit.")
    what: str = Field(description="What is wrong with it.")


class ProblemView(BaseModel):
    """An error, after RFC 9457."""

    model_config = ConfigDict(
        title="Problem",
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "Conflict",
                    "status": 409,
                    "detail": "Close is refused: the incident is closed",
                    "said": {"ja": "この案件は終了しています", "en": "the incident is closed"},
                    "state": "closed",
                }
            ]
        },
    )

    type: str = Field(description="Always about:blank: the status says what kind of problem it is.")
    title: str = Field(description="The status in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What happened and what to do, in English.")
    said: BothLanguages | None = Field(
        default=None, description="The same for whoever asked, where it happens in daily work."
    )
    state: str | None = Field(default=None, description="With 409: the state that stands in the way.")
    changed: list[BothLanguages] | None = Field(
        default=None, description="With 409: what others decided since X-Seen-At, oldest first."
    )
    errors: list[Fault] | None = Field(default=None, description="With 422: every fault found.")
    needs_code: bool | None = Field(
        default=None, description="With 401 at sign-in: the password is right, the code is missing or wrong."
    )
    locked: bool | None = Field(default=None, description="With 423: true.")
    wait_s: int | None = Field(default=None, description="With 429: when to try again.")


def respond(problem: Problem) -> JSONResponse:
    """The response of a problem."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": _title(problem.status),
        "status": problem.status,
        "detail": problem.detail,
        **problem.extra,
    }
    return JSONResponse(body, problem.status, headers=problem.headers, media_type=PROBLEM_JSON)


def problem_of(error: Exception) -> Problem:
    """What an exception means to the one who asked."""
    match error:
        case Problem():
            return error
        case Refused():
            return Problem(HTTPStatus.CONFLICT, error.why, extra={"state": error.state})
        case UnknownIncident():
            return Problem(HTTPStatus.NOT_FOUND, "there is no such incident")
        case UnknownCall():
            return Problem(HTTPStatus.NOT_FOUND, "there is no such call")
        case NotYours():
            return Problem(HTTPStatus.NOT_FOUND, Refusal.NOT_YOURS.of())
        case RequestValidationError():
            return _invalid(error)
        case HTTPException():
            return Problem(error.status_code, str(error.detail), headers=error.headers)
        case psycopg.OperationalError() | psycopg.InterfaceError():
            # Only the kind is logged: a server's words may quote a row.
            _log.warning("database unavailable", error=type(error).__name__)
            return Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "the database does not answer; try again",
                headers={"Retry-After": _RETRY_AFTER_S},
            )
        case psycopg.DataError():
            return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "a value is none that can be kept")
        case psycopg.IntegrityError():
            _log.warning("changed at the same time", error=type(error).__name__)
            return Problem(HTTPStatus.CONFLICT, Refusal.CHANGED_JUST_NOW.of())
        case _:
            return Problem(
                HTTPStatus.INTERNAL_SERVER_ERROR, "something is wrong on our side; the log says what"
            )


def install(app: FastAPI) -> None:
    """Turn every exception of the endpoints into a problem."""
    for kind in (
        Problem,
        Refused,
        UnknownIncident,
        UnknownCall,
        NotYours,
        RequestValidationError,
        HTTPException,
        psycopg.OperationalError,
        psycopg.InterfaceError,
        psycopg.DataError,
        psycopg.IntegrityError,
        Exception,
    ):
        app.add_exception_handler(kind, _handle)


async def _handle(_: Request, error: Exception) -> JSONResponse:
    return respond(problem_of(error))


def _invalid(error: RequestValidationError) -> Problem:
    # The values themselves are not repeated: they may be somebody's number.
    faults = [
        {
            "where": ".".join(str(part) for part in fault["loc"]),
            "what": str(fault["msg"]).removeprefix("Value error, "),
        }
        for fault in error.errors()
    ]
    words = "; ".join(f"{fault['where']}: {fault['what']}" for fault in faults)
    why = _length_of(error)
    said = words if why is None else replace(why, detail=words)
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, said, extra={"errors": faults})


def _length_of(error: RequestValidationError) -> Why | None:
    """What people are told of a form: pages let pass what is too short or too long, and little else."""
    match error.errors():
        case [{"type": "string_too_short", "ctx": {"min_length": least}}]:
            return Refusal.TOO_SHORT.of(least=least)
        case [{"type": "string_too_long", "ctx": {"max_length": most}}]:
            return Refusal.TOO_LONG.of(most=most)
        case _:
            return None


@dataclass(frozen=True, slots=True)
class _Example:
    title: str
    meaning: str
    detail: str

    @property
    def name(self) -> str:
        return self.title.replace(" ", "")


# Titles are spelled out, because Python's own words for them differ between its versions.
_EXAMPLES: Final[Mapping[int, _Example]] = {
    400: _Example("Bad Request", "The request cannot be read.", "the form cannot be read"),
    401: _Example(
        "Unauthorized", "No token or session, or one that is not known.", "a bearer token is needed"
    ),
    403: _Example(
        "Forbidden",
        "Who asks may not do this, or its signature is wrong.",
        "this needs the role operator or admin",
    ),
    404: _Example("Not Found", "There is no such thing, or it is not yours.", "there is no such incident"),
    409: _Example(
        "Conflict", "It makes no sense in the present state.", "Close is refused: the incident is closed"
    ),
    413: _Example("Content Too Large", "The request is too large.", "a request may have 65536 bytes"),
    422: _Example(
        "Unprocessable Content",
        "A value is missing or wrong.",
        "body.lat_deg: Input should be less than or equal to 90",
    ),
    423: _Example(
        "Locked",
        "The session is locked: nobody may be at the screen.",
        "the session is locked: give the password first, POST /v1/session/unlock",
    ),
    429: _Example("Too Many Requests", "Too many wrong tries.", "too many wrong tries: try again in 30 s"),
    503: _Example(
        "Service Unavailable",
        "The database cannot be reached; try again.",
        "the database does not answer; try again",
    ),
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors a route may answer with, for its documentation; 422 and 503 are always among them."""
    return {
        status: {
            "description": _EXAMPLES[status].meaning,
            "$ref": f"#/components/responses/{_EXAMPLES[status].name}",
        }
        for status in sorted({*statuses, 422, 503})
    }


def documented() -> dict[str, dict[str, Any]]:
    """The responses that `problems` refers to, by name."""
    return {
        example.name: {
            "description": example.meaning,
            "content": {
                PROBLEM_JSON: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "example": {
                        "type": "about:blank",
                        "title": example.title,
                        "status": status,
                        "detail": example.detail,
                    },
                }
            },
        }
        for status, example in _EXAMPLES.items()
    }


def _title(status: int) -> str:
    return _EXAMPLES[status].title if status in _EXAMPLES else HTTPStatus(status).phrase
