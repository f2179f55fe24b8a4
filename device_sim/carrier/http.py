"""The carrier's HTTP surface: Twilio's 2010-04-01 API for calls and messages; `onlookers` adds /_sim."""

from __future__ import annotations

import asyncio
import secrets
from collections import defaultdict
from typing import Annotated, ClassVar, cast

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from starlette.exceptions import HTTPException
from uvicorn.protocols.http.h11_impl import H11Protocol

from device_sim.carrier import onlookers, resources
from device_sim.carrier.calls import API_VERSION, Call
from device_sim.carrier.exchange import Exchange
from device_sim.carrier.orders import TwilioError, call_change, call_order, message_order
from device_sim.carrier.outage import Outage

_basic = HTTPBasic(auto_error=False)


class CuttableProtocol(H11Protocol):
    """HTTP connections that the application can cut without an answer, by the client's address."""

    open: ClassVar[dict[tuple[str, int], asyncio.Transport]] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] as uvicorn's own
        """Remember the connection."""
        super().connection_made(transport)
        if self.client is not None:
            self.open[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        if self.client is not None:
            self.open.pop(self.client, None)
        super().connection_lost(exc)

    @classmethod
    def cut_all(cls) -> None:
        """End every connection at once."""
        for transport in list(cls.open.values()):
            transport.abort()

    @classmethod
    def cut(cls, client: tuple[str, int]) -> None:
        """End a client's connection at once; whatever is answered to it later goes nowhere."""
        if (transport := cls.open.get(client)) is not None:
            transport.abort()


class Account:
    """The one account: who may ask, from which numbers, and whether unknown parameters are refused."""

    def __init__(self, sid: str, auth_token: str, from_numbers: frozenset[str], *, strict: bool) -> None:
        self.sid = sid
        self.from_numbers = from_numbers
        self.strict = strict
        self._auth_token = auth_token

    def check(self, sid: str, credentials: HTTPBasicCredentials | None) -> None:
        """Let the request pass.

        Raises:
            TwilioError: 20003 for wrong credentials, 20404 for another account's path.
        """
        given = ("", "") if credentials is None else (credentials.username, credentials.password)
        wanted = (self.sid, self._auth_token)
        # Both are always compared, in constant time.
        same = [secrets.compare_digest(a.encode(), b.encode()) for a, b in zip(given, wanted, strict=True)]
        if not all(same):
            raise TwilioError(401, 20003, "Authenticate")
        if sid != self.sid:
            raise TwilioError(
                404, 20404, f"The requested resource /{API_VERSION}/Accounts/{sid} was not found"
            )


def application(exchange: Exchange, account: Account, outage: Outage) -> FastAPI:
    """The ASGI application."""
    app = FastAPI(title="Simulated telephone carrier", openapi_url=None)
    app.include_router(_twilio(exchange, account, outage))
    app.include_router(onlookers.router(exchange, outage))

    async def refuse(_: Request, error: Exception) -> Response:
        refusal = cast("TwilioError", error)
        return JSONResponse(refusal.body, status_code=refusal.status)

    async def refuse_path(request: Request, error: Exception) -> Response:
        status = cast("HTTPException", error).status_code
        code = {404: 20404, 405: 20004}.get(status, 20001)
        return await refuse(
            request, TwilioError(status, code, f"{request.method} {request.url.path}: {status}")
        )

    async def refuse_body(request: Request, error: Exception) -> Response:
        return await refuse(
            request, TwilioError(400, 20001, str(cast("RequestValidationError", error).errors()))
        )

    app.add_exception_handler(TwilioError, refuse)
    app.add_exception_handler(HTTPException, refuse_path)
    app.add_exception_handler(RequestValidationError, refuse_body)
    return app


def _twilio(exchange: Exchange, account: Account, outage: Outage) -> APIRouter:
    async def be_there(request: Request) -> None:
        match outage.how:
            case None:
                return
            case "500":
                raise TwilioError(500, 20500, "An internal server error has occurred")
            case "hang":
                await outage.wait()
                _cut(request)
            case "refuse":
                # A connection of before: whoever stopped listening is gone on it as well.
                _cut(request)
        raise TwilioError(503, 20503, "nobody hears this")

    def check(sid: str, credentials: Annotated[HTTPBasicCredentials | None, Depends(_basic)]) -> None:
        account.check(sid, credentials)

    router = APIRouter(
        prefix=f"/{API_VERSION}/Accounts/{{sid}}", dependencies=[Depends(be_there), Depends(check)]
    )

    @router.post("/Calls.json")
    async def create_call(request: Request) -> Response:
        call = exchange.place_call(
            call_order(await _form(request), account.from_numbers, strict=account.strict)
        )
        await _answer_late(exchange)
        _cut_by_chance(exchange, request, exchange.nasty.lost_call_answer_p)
        return JSONResponse(resources.call_resource(call), status_code=201)

    @router.get("/Calls.json")
    async def list_calls(request: Request) -> Response:
        query = dict(request.query_params)
        wanted, size, after = (
            resources.call_filter(query),
            resources.page_size(query),
            resources.page_after(query),
        )
        calls = exchange.journal.calls(wanted, _visible_until(exchange), after, size + 1)
        found = [resources.call_resource(call) for call in calls]
        return JSONResponse(resources.page(request.url.path, "calls", found, query, size))

    @router.get("/Calls/{call_sid}.json")
    async def get_call(call_sid: str) -> Response:
        return JSONResponse(resources.call_resource(_call(exchange, call_sid)))

    @router.post("/Calls/{call_sid}.json")
    async def update_call(call_sid: str, request: Request) -> Response:
        change = call_change(await _form(request), strict=account.strict)
        call = exchange.change_call(_call(exchange, call_sid), change)
        return JSONResponse(resources.call_resource(call))

    @router.post("/Messages.json")
    async def create_message(request: Request) -> Response:
        order = message_order(await _form(request), account.from_numbers, strict=account.strict)
        message = exchange.place_message(order)
        await _answer_late(exchange)
        _cut_by_chance(exchange, request, exchange.nasty.lost_message_answer_p)
        return JSONResponse(resources.message_resource(message), status_code=201)

    @router.get("/Messages.json")
    async def list_messages(request: Request) -> Response:
        query = dict(request.query_params)
        wanted, size, after = (
            resources.message_filter(query),
            resources.page_size(query),
            resources.page_after(query),
        )
        messages = exchange.journal.messages(wanted, _visible_until(exchange), after, size + 1)
        found = [resources.message_resource(message) for message in messages]
        return JSONResponse(resources.page(request.url.path, "messages", found, query, size))

    @router.get("/Messages/{message_sid}.json")
    async def get_message(message_sid: str) -> Response:
        if (message := exchange.journal.message(message_sid)) is None:
            raise _not_found(f"Messages/{message_sid}.json")
        return JSONResponse(resources.message_resource(message))

    return router


async def _form(request: Request) -> dict[str, list[str]]:
    values: defaultdict[str, list[str]] = defaultdict(list)
    async with request.form() as form:
        for name, value in form.multi_items():
            if not isinstance(value, str):
                raise TwilioError(400, 20001, f"Parameter {name} is a file.")
            values[name].append(value)
    return dict(values)


def _call(exchange: Exchange, sid: str) -> Call:
    if (call := exchange.journal.call(sid)) is None:
        raise _not_found(f"Calls/{sid}.json")
    return call


def _not_found(what: str) -> TwilioError:
    return TwilioError(404, 20404, f"The requested resource {what} was not found")


def _visible_until(exchange: Exchange) -> float:
    return exchange.clock() - exchange.nasty.list_lag_s


async def _answer_late(exchange: Exchange) -> None:
    if exchange.chance.random() < exchange.nasty.late_answer_p:
        await asyncio.sleep(exchange.chance.uniform(0, exchange.nasty.late_answer_s))


def _cut_by_chance(exchange: Exchange, request: Request, probability: float) -> None:
    if exchange.chance.random() < probability:
        _cut(request)


def _cut(request: Request) -> None:
    if request.client is not None:
        CuttableProtocol.cut((request.client.host, request.client.port))
