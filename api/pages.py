"""The web pages: the operators' console and the units' page, as `scripts/web` built them.

The pages are the same for everybody and hold nothing; what they show comes by the API, from whoever
is signed in. Their files carry a hash in their names and may be kept for ever, the pages themselves not.
"""

from __future__ import annotations

from http import HTTPStatus
from importlib import resources
from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.packed import accepts, packed_file
from runtime.settings import Settings

FOLDER: Final = Path(str(resources.files("api").joinpath("static")))
_TEXT: Final = (".js", ".css", ".svg")
_NOT_BUILT: Final = (
    "The console is not built. Run scripts/web once, then reload.\n"
    "コンソールがまだ構築されていません。scripts/web を一度実行してから、再読み込みしてください。\n"
)


class _Files(StaticFiles):
    """Files whose names change with what they hold."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file. Raises HTTPException for one that is not there."""
        found = await super().get_response(path, scope)
        if (
            isinstance(found, FileResponse)
            and Path(found.path).suffix in _TEXT
            and accepts(Headers(scope=scope).get("accept-encoding", ""))
        ):
            found = await run_in_threadpool(packed_file, str(found.path), found.media_type)
        found.headers["Vary"] = "Accept-Encoding"
        found.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return found


def install(app: FastAPI, settings: Settings) -> None:
    """Serve the pages of a built checkout; of one that is not built, words that say so."""
    router = APIRouter(include_in_schema=False)
    headers = _headers(settings)

    def page(name: str) -> Response:
        file = FOLDER / name
        if not file.is_file():
            return PlainTextResponse(_NOT_BUILT, HTTPStatus.SERVICE_UNAVAILABLE)
        return FileResponse(file, headers=headers)

    @router.get("/")
    def root() -> Response:
        return RedirectResponse("/console")

    @router.get("/console")
    @router.get("/console/{_rest:path}")
    def console(_rest: str = "") -> Response:
        return page("index.html")

    @router.get("/unit")
    def unit() -> Response:
        return page("unit.html")

    @router.get("/unit-worker.js")
    def unit_worker() -> Response:
        return page("unit-worker.js")

    app.include_router(router)
    if (FOLDER / "assets").is_dir():
        app.mount("/assets", _Files(directory=FOLDER / "assets"), name="assets")


def _headers(settings: Settings) -> dict[str, str]:
    tiles = settings.tile_url.split("/{")[0] if settings.tile_url else ""
    return {
        "Cache-Control": "no-cache",
        "Content-Security-Policy": f"default-src 'self'; img-src 'self' data: blob: {tiles}".rstrip()
        + "; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "DENY",
    }
