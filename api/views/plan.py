"""Escalation plans as they are shown."""

from __future__ import annotations

from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, Field

from api.fields import BothLanguages, examples
from api.views.incident import AT

_VERSION: Final[dict[str, Any]] = {
    "version": 3,
    "active": True,
    "activated_at": AT,
    "actor": "cli:mori",
    "reason": "offers after 20 s",
}


class PlanVersion(BaseModel):
    """A plan that is, or was, the one that new incidents open with."""

    model_config = examples(_VERSION)

    version: int
    active: bool = Field(description="New incidents open with it.")
    activated_at: AwareDatetime = Field(description="The last time.")
    actor: str | None = Field(description="Who did; null for the built-in plan, which nobody did.")
    reason: str | None


class PlanVersions(BaseModel):
    """Every plan that was ever active, the present one first."""

    model_config = examples({"plans": [_VERSION]})

    plans: list[PlanVersion]


class PlanView(BaseModel):
    """One plan as its author wrote it, and what it does differently from another."""

    model_config = examples(
        {
            "version": 3,
            "toml": '[[rule]]\\nname = "severe"\\n',
            "compared_with": 2,
            "differences": [
                {
                    "ja": "現場への応援 — 応援の回答期限: 30秒 → 20秒",
                    "en": "Help on the spot — to answer an offer: 30 s → 20 s",
                }
            ],
        }
    )

    version: int
    toml: str
    compared_with: int | None
    differences: list[BothLanguages] | None = Field(
        description="From the other to this one; empty where both do the same, null where none was named."
    )
