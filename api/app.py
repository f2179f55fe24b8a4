"""The application: routes, errors, limits, and the two threads that keep the stream going."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from prometheus_client import CollectorRegistry
from psycopg_pool import ConnectionPool
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api import errors, pages, sign_in
from api.background import Background
from api.context import Context
from api.edge import Edge
from api.gauges import Gauges
from api.routes import answer, twilio_inbound
from api.routes.routers import ROUTERS
from api.sequencer import sequence
from api.stream import Hub, Reader, StreamEvent
from api.tokens import Tokens
from incident.service import Incidents
from incident.voice.calls import Calls
from incident.voice.conversation import Conversation
from incident.voice.inbound import Inbound
from runtime.database import Connection
from runtime.settings import Settings

_DESCRIPTION: Final = """\
The HTTP side of the connected button: incidents for operators, work for units in the field, help for
drivers, administration, and the telephone carrier's webhooks. All times are ISO 8601 in UTC; distances,
speeds and angles carry their units in their names. Errors are problems after RFC 9457."""
_TAGS: Final = [
    {"name": "session", "description": "Signing in, for people at a console."},
    {"name": "incidents", "description": "For operators: what happens, and what is done about it."},
    {"name": "desk", "description": "Who is at the desk, and whose telephone is rung."},
    {"name": "units", "description": "For guards and roadside units in the field."},
    {"name": "providers", "description": "For control centres that take work as a whole."},
    {"name": "drivers", "description": "For the driver's app."},
    {"name": "administration", "description": "Policies, devices, units and tokens."},
    {"name": "carrier", "description": "Webhooks of the telephone carrier, in Twilio's protocol."},
    {"name": "health", "description": "For supervisors and Prometheus."},
]


def create_app(settings: Settings, pool: ConnectionPool[Connection]) -> FastAPI:
    """The application on a database; the pool remains the caller's.

    Raises ValueError when a setting that it cannot do without is missing.
    """
    incidents = Incidents(settings)
    calls = Calls(incidents)
    talk = Conversation(settings, incidents, calls)
    inbound = Inbound(incidents, calls, talk)
    here = Context(settings, pool, Tokens(settings), incidents, calls, talk, inbound, Hub())

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        here.hub.open(asyncio.get_running_loop())
        reader = Reader(here.hub)
        url = settings.database_url.get_secret_value()
        threads = [Background("sequencer", url, sequence), Background("stream", url, reader.work)]
        app.state.threads = threads
        for thread in threads:
            thread.start()
        yield
        here.hub.close()
        for thread in threads:
            await run_in_threadpool(thread.stop)

    # The pages that draw the documentation would load scripts from elsewhere: there are none.
    app = FastAPI(
        title="Connected button",
        version="1.0.0",
        description=_DESCRIPTION,
        openapi_tags=_TAGS,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    registry = CollectorRegistry()
    registry.register(Gauges(here))
    app.state.context, app.state.registry, app.state.threads = here, registry, []
    app.state.answer_gate = answer.Gate()
    app.state.text_replies = twilio_inbound.text_replies()
    app.state.sign_in_gate = sign_in.Gate()
    errors.install(app)
    app.add_middleware(Edge, registry=registry)
    for router in ROUTERS:
        app.include_router(router)
    pages.install(app, settings)
    app.openapi = lambda: _openapi(app)
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    if not app.openapi_schema:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            tags=app.openapi_tags,
        )
        # FastAPI drops what is null, also from examples, where it says that a value may be missing.
        for name, model in _models().items():
            if name in document["components"]["schemas"]:
                document["components"]["schemas"][name] |= _examples(model)
        # Errors and stream events are not the declared answer of any route, so they are added by hand.
        schemas = document["components"]["schemas"]
        for name, model in (("Problem", errors.ProblemView), ("StreamEvent", StreamEvent)):
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= schema.pop("$defs", {})
            schemas[name] = schema
        document["components"]["responses"] = errors.documented()
        for operation in (each for path in document["paths"].values() for each in path.values()):
            if {"session": []} in operation.get("security", ()):
                operation["responses"]["423"] = errors.problems(HTTPStatus.LOCKED)[HTTPStatus.LOCKED]
        app.openapi_schema = document
    return app.openapi_schema


def _models() -> dict[str, type[BaseModel]]:
    """The models that requests and responses are made of, by name."""
    found: dict[str, type[BaseModel]] = {}
    kinds: list[type[BaseModel]] = [BaseModel]
    while kinds:
        for kind in kinds.pop().__subclasses__():
            kinds.append(kind)
            if kind.__module__.startswith("api."):
                found[kind.__name__] = kind
    return found


def _examples(model: type[BaseModel]) -> dict[str, Any]:
    extra = model.model_config.get("json_schema_extra")
    return {"examples": extra["examples"]} if isinstance(extra, dict) else {}
