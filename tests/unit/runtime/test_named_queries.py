"""No query is kept that nobody asks."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
ROOMS = ("api", "incident", "ingest", "runtime", "schemas")
# Names that are put together: api/tokens.py.
COMPOSED = re.compile(r"(unit|provider|driver)_admitted|renew_(unit|provider|driver)")


def test_every_named_query_is_asked() -> None:
    sources = "".join(
        file.read_text(encoding="utf-8") for room in ROOMS for file in (ROOT / room).rglob("*.py")
    )
    unasked = [
        f"{file.relative_to(ROOT)}: {name}"
        for room in ROOMS
        for file in (ROOT / room).rglob("*.sql")
        if "migrations" not in file.parts
        for name in re.findall(r"^-- name: (\w+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
        if f'"{name}"' not in sources and not COMPOSED.fullmatch(name)
    ]
    assert unasked == []
