"""What is known of the driver, the one who is always in the car, as far as the settings let it count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from incident.wording import JAPAN_TIME
from ingest.fleet import SQL
from runtime.database import Connection
from runtime.settings import INJURY_MODIFIERS, Settings
from scoring.modifiers import Modifier, Modifiers, near_side

_DECADE: Final = 10
# Whoever is insured at another age has somebody else drive.
_DRIVES_FROM: Final = 16
_DRIVES_TO: Final = 99


@dataclass(frozen=True, slots=True)
class Driver:
    """What may count of a driver, and on which side they sit."""

    on_right: bool
    off: frozenset[Modifier]

    @classmethod
    def by(cls, settings: Settings) -> Self:
        """As the settings say."""
        off = frozenset(Modifier(name) for name in INJURY_MODIFIERS if name not in settings.injury_modifiers)
        return cls(settings.driver_side == "right", off)

    def known(self, conn: Connection, device_id: str, at: datetime, pdof_deg: float | None) -> Modifiers:
        """What moves the injury models for an impact of a device. Raises psycopg errors.

        The driver is taken for the policyholder. Whether they wore a belt is never known.
        """
        return Modifiers(
            age_years=None if Modifier.AGE in self.off else _age_years(conn, device_id, at),
            near_side=near_side(pdof_deg, driver_on_right=self.on_right),
            off=self.off,
        )


def _age_years(conn: Connection, device_id: str, at: datetime) -> float | None:
    """The middle of the decade of age: the estimates, which are kept, would tell the very year otherwise."""
    row = conn.execute(SQL["birth_year"], {"device_id": device_id}).fetchone()
    if row is None or row["birth_year"] is None:
        return None
    age_years = at.astimezone(JAPAN_TIME).year - row["birth_year"]
    if not _DRIVES_FROM <= age_years <= _DRIVES_TO:
        return None
    return age_years // _DECADE * _DECADE + _DECADE / 2
