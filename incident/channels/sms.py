"""SMS leave here. One whose answer was not heard is looked for at the carrier before it is sent again."""

from __future__ import annotations

from typing import Any, Final

from incident.channels.carrier_health import CarrierHealth
from incident.channels.deliveries import SQL, Deliveries, wait_s
from incident.channels.outbox import Outbox, carrier_lease, guarded
from incident.channels.telephony import Carrier, CarrierError, Rejected, Unanswered
from incident.service import Incidents
from runtime.database import Connection
from runtime.settings import Settings

_WAITS_S: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)


class SmsSender:
    """Run several in threads, each with its own autocommit connection."""

    def __init__(self, settings: Settings, incidents: Incidents, carrier: Carrier) -> None:
        self._carrier = carrier
        self._outbox = Outbox(carrier_lease(settings))
        self._deliveries = Deliveries(incidents, self._outbox)
        self._health = CarrierHealth(settings, incidents)

    def step(self, conn: Connection) -> bool:
        """Send the most urgent SMS; false if nothing is due. Each part is its own transaction."""
        return guarded(self._step, conn, "sms")

    def _step(self, conn: Connection) -> bool:
        # While the carrier fails, whatever it takes is for calls.
        if not self._health.may_ask(conn, after_calls=True):
            return False
        effect = self._outbox.claim(conn, "sms")
        if effect is None:
            self._health.did_not_ask(conn)
            return False
        try:
            asked = self._hand_over(conn, effect)
        except Rejected as error:
            self._health.succeeded(conn)
            self._deliveries.failed(conn, effect, error.code or "refused", error)
        except Unanswered as error:
            self._health.failed(conn, error)
            self._outbox.lease_again(conn, effect["id"], error)
        except CarrierError as error:
            self._health.failed(conn, error)
            self._outbox.put_back(conn, effect["id"], wait_s(_WAITS_S, effect), error)
        else:
            if asked:
                self._health.succeeded(conn)
            else:
                self._health.did_not_ask(conn)
        return True

    def _hand_over(self, conn: Connection, effect: dict[str, Any]) -> bool:
        """Send an SMS unless the carrier has it; whether the carrier was asked. Raises CarrierError."""
        message = self._deliveries.message(conn, effect)
        if message is None:
            return False
        again = effect["attempts"] > 1
        sid = self._look(conn, message) if again else None
        if sid is None and message["outdated"]:
            self._deliveries.failed(conn, effect, "outdated")
            return again
        if sid is None:
            sid = self._carrier.send_sms(message["number"], message["body"], message["id"])
        self._deliveries.sent(conn, message["id"], sid)
        return True

    def _look(self, conn: Connection, message: dict[str, Any]) -> str | None:
        found = self._carrier.find_messages(message["number"], message["body"], message["created_at"])
        rows = conn.execute(SQL["known_messages"], {"sids": [entry.sid for entry in found]}).fetchall()
        known = {row["sid"] for row in rows}
        return next((entry.sid for entry in found if entry.sid not in known), None)
