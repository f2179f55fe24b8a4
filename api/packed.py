"""Answers that are compressed on the way.

Only what is large and holds no secret: where a secret stands beside what a stranger can put in, the length of what
is compressed gives it away. Streams are never compressed, as what is held back is not live.
"""

from __future__ import annotations

import gzip
from functools import lru_cache
from pathlib import Path
from typing import Final

from starlette.responses import Response

_LEAST: Final = 1400  # less fits into one packet anyway
_VARY: Final = {"Vary": "Accept-Encoding"}


def packed(body: bytes, media_type: str, accepted: str) -> Response:
    """A body as it is, or compressed where that is accepted (the header Accept-Encoding) and worth it."""
    if len(body) < _LEAST or not accepts(accepted):
        return Response(body, media_type=media_type, headers=_VARY)
    # Quick rather than small: a queue of a thousand is compressed at each opening of a console.
    return _compressed(gzip.compress(body, 1), media_type)


def packed_file(path: str, media_type: str | None) -> Response:
    """A file that never changes, compressed well, once."""
    return _compressed(_packed_file(path), media_type)


def accepts(accepted: str) -> bool:
    """Whether a compressed answer is understood."""
    codings = (each.partition(";") for each in accepted.lower().split(","))
    return any(name.strip() == "gzip" and weight.replace(" ", "") != "q=0" for name, _, weight in codings)


def _compressed(body: bytes, media_type: str | None) -> Response:
    return Response(body, media_type=media_type, headers={**_VARY, "Content-Encoding": "gzip"})


@lru_cache(maxsize=256)
def _packed_file(path: str) -> bytes:
    return gzip.compress(Path(path).read_bytes(), 9)
