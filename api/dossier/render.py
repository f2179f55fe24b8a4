"""A dossier as PDF, within a limit of time and of how many are set at once. Needs no database and no network."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from typing import Final

from api.dossier.blocks import Sheet

LIMIT_S: Final = 60.0
_AT_ONCE: Final = 2
_turns = threading.BoundedSemaphore(_AT_ONCE)


class NotRendered(RuntimeError):
    """The document could not be set; the message says why."""


class Busy(NotRendered):
    """As many as may be are being set already."""


def render(sheet: Sheet, attached: bytes, *, limit_s: float = LIMIT_S) -> bytes:
    """The PDF, with the dossier's JSON attached to it. Raises NotRendered, and Busy."""
    if not _turns.acquire(timeout=limit_s / 4):
        raise Busy("too many documents are being made at the moment; try again")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "api.dossier.typesetting"],
            input=json.dumps(sheet.data() | {"json": attached.decode()}, ensure_ascii=False).encode(),
            capture_output=True,
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotRendered(f"the document took longer than {limit_s:g} s") from None
    finally:
        _turns.release()
    if done.returncode != 0:
        raise NotRendered(done.stderr.decode(errors="replace").strip()[-500:] or "the typesetter died")
    return done.stdout
