"""The role `api`: serves HTTP until told to stop.

python -m api
"""

from __future__ import annotations

import sys
import threading
from typing import Final

import psycopg
import structlog
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from runtime import logs, migrate
from runtime.database import connect, open_pool
from runtime.lifecycle import Lifecycle
from runtime.settings import Settings

_POOL_SIZE: Final = 16
_LOOK_AGAIN_S: Final = 0.3
_SAY_AGAIN_S: Final = 10.0
_WATCH_S: Final = 0.25
# What is being answered may be finished; streams are ended at once.
_GRACE_S: Final = 5


def main() -> int:
    """Serve; 0 after being told to stop, 1 when that is not possible or no longer."""
    settings = Settings()
    log = logs.configure(settings, "api")
    life = Lifecycle()
    if fault := _missing(settings):
        log.error(fault)
        return 1
    try:
        if not _await_database(settings, life, log):
            return 0
    except migrate.MigrationError as error:
        log.error("the database does not fit", reason=str(error))  # noqa: TRY400  no trace wanted
        return 1
    with open_pool(settings.database_url.get_secret_value(), name="api", size=_POOL_SIZE) as pool:
        return _serve(settings, create_app(settings, pool), life, log)


def _missing(settings: Settings) -> str:
    """What the settings lack, in words; empty if nothing."""
    if not settings.database_url.get_secret_value():
        return "CBUTTON_DATABASE_URL is not set"
    if not settings.secret_key.get_secret_value():
        return "CBUTTON_SECRET_KEY is not set: tokens cannot be signed"
    if not settings.admin_token.get_secret_value():
        return "CBUTTON_ADMIN_TOKEN is not set"
    if not settings.api_port:
        return "CBUTTON_API_PORT is not set"
    return ""


def _await_database(settings: Settings, life: Lifecycle, log: structlog.stdlib.BoundLogger) -> bool:
    """Wait until the database is there and migrated; false when told to stop meanwhile."""
    waited_s = _SAY_AGAIN_S
    while not life.stopping:
        try:
            with connect(settings.database_url.get_secret_value(), name="api start") as conn:
                lacking = migrate.pending(conn)
            if not lacking:
                return True
            reason = f"it lacks migration {lacking[0]}"
        except psycopg.OperationalError as error:
            reason = type(error).__name__
        if waited_s >= _SAY_AGAIN_S:
            log.warning("waiting for the database", reason=reason)
            waited_s = 0.0
        life.wait(_LOOK_AGAIN_S)
        waited_s += _LOOK_AGAIN_S
    return False


def _serve(settings: Settings, app: FastAPI, life: Lifecycle, log: structlog.stdlib.BoundLogger) -> int:
    async def beat() -> None:
        life.beat()

    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.api_host,
            port=settings.api_port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=_GRACE_S,
            # From the loop that serves: where it hangs, the supervisor hears nothing more.
            callback_notify=beat,
            timeout_notify=1,
        )
    )
    # In a thread of its own, uvicorn leaves the signals to us.
    thread = threading.Thread(target=server.run, name="http", daemon=True)
    thread.start()
    while not server.started and thread.is_alive() and not life.stopping:
        life.wait(0.02)
    if server.started:
        life.ready()
        log.info("serving", address=settings.api_url)
    while not life.stopping and thread.is_alive() and all(worker.alive for worker in app.state.threads):
        life.wait(_WATCH_S)
    asked = life.stopping
    app.state.context.hub.close_soon()
    server.should_exit = True
    thread.join(_GRACE_S + 5)
    if not asked:
        log.error("the server ended by itself")
    return 0 if asked else 1


if __name__ == "__main__":
    sys.exit(main())
