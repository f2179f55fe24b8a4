"""How often which source of incidents was wrong."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any, Final, Self

from pydantic import AwareDatetime, BaseModel, Field

from api.fields import examples
from api.views.incident import AT
from runtime.database import Connection
from runtime.sql import Queries

SQL: Final = Queries("api", "figures.sql")
_Z: Final = 1.959964
"""Standard deviations that hold 95 % of a normal distribution."""
_RATE: Final[dict[str, Any]] = {
    "trigger": "impact",
    "firmware": None,
    "mount_known": None,
    "n": 120,
    "false_alarms": 3,
    "unclear": 14,
    "rate": 0.025,
    "low": 0.0085,
    "high": 0.0709,
}


class FalseAlarmRate(BaseModel):
    """The share of false alarms among incidents that were closed as real or false."""

    model_config = examples(_RATE)

    trigger: str
    firmware: str | None = Field(
        description="In by_firmware: what the device ran, null where it had not told; elsewhere null."
    )
    mount_known: bool | None = Field(
        description="In by_mount: whether it was known how the device sat in the car; elsewhere null."
    )
    n: int = Field(description="Closed as accident or trouble, or as false_alarm, mistake, pothole or drop.")
    false_alarms: int = Field(description="Of these, closed as false_alarm, mistake, pothole or drop.")
    unclear: int = Field(description="Beside these, closed as driver_fine: not known which they were.")
    rate: float | None = Field(description="false_alarms / n; null where n is 0.")
    low: float | None = Field(description="The true rate is from here on, with 95 % confidence (Wilson).")
    high: float | None = Field(description="The true rate is up to here.")

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        """From counts."""
        n = row["false_alarms"] + row["real"]
        low, high = wilson(row["false_alarms"], n) if n else (None, None)
        return cls(
            trigger=row["trigger"],
            firmware=row["firmware"],
            mount_known=row["mount_known"],
            n=n,
            false_alarms=row["false_alarms"],
            unclear=row["unclear"],
            rate=row["false_alarms"] / n if n else None,
            low=low,
            high=high,
        )


class FalseAlarms(BaseModel):
    """False-alarm rates of incidents closed since a moment; tests are not counted."""

    model_config = examples(
        {
            "since": AT,
            "by_trigger": [_RATE],
            "by_firmware": [{**_RATE, "firmware": "1.4.2"}],
            "by_mount": [{**_RATE, "mount_known": True}],
        }
    )

    since: AwareDatetime
    by_trigger: list[FalseAlarmRate]
    by_firmware: list[FalseAlarmRate]
    by_mount: list[FalseAlarmRate] = Field(description="Of impacts only.")


def false_alarms(conn: Connection, since: datetime) -> FalseAlarms:
    """The rates by trigger, and for each trigger by firmware and by mount."""
    rows = conn.execute(SQL["false_alarms"], {"since": since}).fetchall()
    return FalseAlarms(
        since=since,
        by_trigger=[FalseAlarmRate.of(row) for row in rows if not row["by_firmware"] and not row["by_mount"]],
        by_firmware=[FalseAlarmRate.of(row) for row in rows if row["by_firmware"]],
        by_mount=[
            FalseAlarmRate.of(row) for row in rows if row["by_mount"] and row["mount_known"] is not None
        ],
    )


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share after Wilson, for `n` of 1 and more. Holds within 0 to 1, also for few."""
    share, z2 = hits / n, _Z**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = _Z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, middle - reach), min(1.0, middle + reach)
