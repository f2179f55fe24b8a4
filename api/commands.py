"""What operators ask for, and what drivers answer."""

from __future__ import annotations

from api.fields import Prose, Request, examples
from schemas.incident import Answer, DispatchKind, Outcome


class AnswerRequest(Request):
    """What the driver said."""

    model_config = examples({"answer": "help"})

    answer: Answer


class DispatchRequest(Request):
    """What to send."""

    model_config = examples({"kind": "guard"})

    kind: DispatchKind


class CloseRequest(Request):
    """What it turned out to be."""

    model_config = examples({"outcome": "accident"})

    outcome: Outcome


class NoteRequest(Request):
    """Words for the colleagues."""

    model_config = examples({"text": "同乗者が首の痛みを訴えている。119番に連絡済み。"})

    text: Prose
