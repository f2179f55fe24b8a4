"""Named SQL, kept in `queries.sql` beside the module that owns it.

A file is a list of blocks: `-- name: verb_object` and, below it, one statement.
Parameters are bound by psycopg (`%(name)s`), never formatted in.
"""

from __future__ import annotations

import re
from importlib import resources
from typing import LiteralString, cast

_HEADER = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


class Queries:
    """The statements of one file, by name: `queries["lock_incident"]`."""

    def __init__(self, package: str, file: str = "queries.sql") -> None:
        text = resources.files(package).joinpath(file).read_text(encoding="utf-8")
        parts = _HEADER.split(text)
        self._statements = {
            name: statement.strip() for name, statement in zip(parts[1::2], parts[2::2], strict=True)
        }
        if len(self._statements) != len(parts) // 2:
            raise ValueError(f"{package}/{file}: a query name stands there twice")

    def __getitem__(self, name: str) -> LiteralString:
        # The text is ours and checked in: vouching for it keeps psycopg's typing strict elsewhere.
        return cast("LiteralString", self._statements[name])

    def __iter__(self):
        return iter(self._statements)
