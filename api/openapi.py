"""Prints the API's OpenAPI document; docs/openapi.json is a copy of it.

python -m api.openapi > docs/openapi.json
"""

from __future__ import annotations

import json
import sys

from psycopg_pool import ConnectionPool
from pydantic import SecretStr

from api.app import create_app
from runtime.database import Connection
from runtime.settings import Settings


def document() -> str:
    """The document as JSON text. It depends on the code alone: no server is asked."""
    settings = Settings(_env_file=None, secret_key=SecretStr("not used"))  # pyright: ignore[reportCallIssue] pydantic-settings
    never_opened = ConnectionPool("", connection_class=Connection, open=False)
    return json.dumps(create_app(settings, never_opened).openapi(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
