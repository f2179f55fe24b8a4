"""Effects leave here: calls, texts, and what is asked about them.

Never lost, and duplicates bounded, visible and harmless. A request is marked as sent
before it is sent. Where no answer was heard, by us or by a process that was killed, the
lease runs out and the carrier is asked first; only what it does not know is sent again,
and marked as a possible duplicate.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import psycopg
import structlog

from incident.calls import CALLS, Calls
from incident.effects import Note
from incident.service import SQL, Incidents, hint
from incident.telephony import (
    Barred,
    Carrier,
    CarrierError,
    Found,
    Overloaded,
    Rejected,
    Unanswered,
    Unreachable,
)
from runtime.database import Connection
from runtime.settings import Settings

_WAITS_S: Final[tuple[float, ...]] = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
# Texts speak of now: one that could not leave for so long, or that is true no longer, is not sent.
_TEXT_LIFETIME: Final = timedelta(minutes=10)
_STILL_RINGING: Final = ("queued", "initiated", "ringing")


class Sender:
    """Drains the outbox, one effect at a time; run several in threads, each with its own autocommit connection."""

    def __init__(self, settings: Settings, incidents: Incidents, carrier: Carrier) -> None:
        self._carrier = carrier
        self._incidents = incidents
        self._calls = Calls(incidents)
        self._gap = timedelta(seconds=settings.time_scale / settings.calls_per_s)
        # Longer than a request may last (connecting and answering each have the timeout): until then
        # whoever sent it is still waiting, and asking about it would come too early.
        self._lease = timedelta(seconds=2 * settings.twilio_timeout_s + 2.0)
        self._log = structlog.get_logger(role="sender")

    def step(self, conn: Connection) -> bool:
        """Send the most urgent effect; false if nothing is due. Each part is its own transaction."""
        try:
            return self._ask_about_call(conn) or self._place_call(conn) or self._send_other(conn)
        except psycopg.OperationalError:
            raise  # the database itself: the caller connects anew
        except (LookupError, ValueError, TypeError, AttributeError, AssertionError, psycopg.Error):
            # One effect that cannot be carried out, or an answer that the SDK stumbles over, must not hold up
            # the others. Its lease keeps it away for a while.
            self._log.exception("an effect cannot be carried out")
            return True

    def _place_call(self, conn: Connection) -> bool:
        with conn.transaction():
            conn.execute(SQL["lock_calling"])
            call = conn.execute(SQL["claim_call"], {"gap": self._gap, "lease": self._lease}).fetchone()
        if call is None:
            return False
        self._request_call(conn, call)
        return True

    def _ask_about_call(self, conn: Connection) -> bool:
        with conn.transaction():
            call = conn.execute(SQL["claim_unanswered_call"], {"lease": self._lease}).fetchone()
        if call is None:
            return False
        if call["sid"] is not None:
            self._finish(conn, call["id"], "done")
            return True
        try:
            found = self._unknown_to_us(conn, call)
        except CarrierError as error:
            self._log.warning("cannot ask about a call", call=str(call["id"]), error=str(error))
            self._lease_again(conn, call["id"], error)
            return True
        if found:
            self._log.info("call found at the carrier", call=str(call["id"]))
            self._adopt(conn, call["id"], found[0])
            return True
        with conn.transaction():
            if conn.execute(SQL["call_is_unwanted"], {"id": call["id"]}).fetchone() is not None:
                self._calls.withdraw(conn, call["id"], outbox_state="unknown")
                return True
            # A webhook that came while we asked has settled it: then there is nothing to repeat.
            repeated = conn.execute(SQL["repeat_call"], {"id": call["id"], "lease": self._lease}).fetchone()
        if repeated is None:
            return True
        self._log.warning("call sent again after an unanswered request", call=str(call["id"]))
        self._request_call(conn, call)
        return True

    def _request_call(self, conn: Connection, call: dict[str, Any]) -> None:
        call_id: UUID = call["id"]
        try:
            sid = self._carrier.place_call(
                call["number"], call_id, call["payload"]["ring_s"], detect=call["party"] != "operator"
            )
        except (Unreachable, Overloaded, Barred) as error:
            with conn.transaction():
                conn.execute(
                    SQL["unsend_call"],
                    {"id": call_id, "wait": timedelta(seconds=_WAITS_S[1]), "error": str(error)[:500]},
                )
            self._log.warning("carrier not reached", call=str(call_id), error=str(error))
        except Unanswered as error:
            self._lease_again(conn, call_id, error)
            self._log.warning("carrier did not answer", call=str(call_id), error=str(error))
        except Rejected as error:
            self._log.error("carrier refuses a call", call=str(call_id), error=str(error))
            self._fail_call(conn, call_id, error)
        else:
            self._adopt(conn, call_id, Found(sid, "initiated"))

    def _unknown_to_us(self, conn: Connection, call: dict[str, Any]) -> list[Found]:
        """Calls to this number on the carrier's list that no attempt of ours accounts for."""
        return self._unknown(conn, "known_calls", self._carrier.find_calls(call["number"], call["sent_at"]))

    @staticmethod
    def _unknown(conn: Connection, query: str, found: list[Found]) -> list[Found]:
        rows = conn.execute(SQL[query], {"sids": [entry.sid for entry in found]}).fetchall()
        known = {row["sid"] for row in rows}
        return [entry for entry in found if entry.sid not in known]

    def _adopt(self, conn: Connection, call_id: UUID, found: Found) -> None:
        """The call exists: take over its id and how it stands. Any webhook may have been faster."""
        with conn.transaction():
            self._calls.report(conn, call_id, found.sid, found.status)
            self._mark(conn, call_id, "done")
        hint(conn)

    def _fail_call(self, conn: Connection, call_id: UUID, error: CarrierError) -> None:
        with conn.transaction():
            self._calls.report(conn, call_id, "", "failed")
            self._mark(conn, call_id, "failed", error)
        hint(conn)

    def _send_other(self, conn: Connection) -> bool:
        with conn.transaction():
            effect = conn.execute(SQL["claim_effect"], {"lease": self._lease}).fetchone()
        if effect is None:
            return False
        try:
            match effect["kind"]:
                case "sms":
                    self._send_sms(conn, effect)
                case "push":
                    # The app fetches what waits for it; a push service only wakes it sooner.
                    self._message_sent(conn, effect["id"], None)
                case "cancel_call":
                    self._cancel_call(conn, effect)
                case "connect_call":
                    self._connect_call(conn, effect)
                case _:
                    self._check_call(conn, effect)
        except Rejected as error:
            self._log.error("carrier refuses", kind=effect["kind"], error=str(error))
            if effect["kind"] == "sms":
                self._message_failed(conn, effect, "refused", "failed", error)
            else:
                self._finish(conn, effect["id"], "failed", error)
        except Unanswered as error:
            self._lease_again(conn, effect["id"], error)
        except CarrierError as error:
            wait_s = _WAITS_S[min(int(effect["attempts"]), len(_WAITS_S)) - 1]
            with conn.transaction():
                conn.execute(
                    SQL["retry_effect"],
                    {"id": effect["id"], "wait": timedelta(seconds=wait_s), "error": str(error)[:500]},
                )
        return True

    def _send_sms(self, conn: Connection, effect: dict[str, Any]) -> None:
        key = {"id": effect["id"], "lifetime": _TEXT_LIFETIME}
        message = conn.execute(SQL["message"], key).fetchone()
        if message is None or message["state"] != "waiting":
            self._finish(conn, effect["id"], "done")
            return
        sid = None
        if effect["attempts"] > 1:
            found = self._carrier.find_messages(message["number"], message["body"], message["created_at"])
            unknown = self._unknown(conn, "known_messages", found)
            sid = unknown[0].sid if unknown else None
        if sid is None and message["outdated"]:
            self._message_failed(conn, effect, "outdated", "expired")
            return
        if sid is None:
            sid = self._carrier.send_sms(message["number"], message["body"], message["id"])
        self._message_sent(conn, effect["id"], sid)

    def _message_sent(self, conn: Connection, message_id: UUID, sid: str | None) -> None:
        with conn.transaction():
            # In the order in which the carrier's news take the same two rows.
            self._mark(conn, message_id, "done")
            conn.execute(SQL["message_sent"], {"id": message_id, "sid": sid})

    def _message_failed(
        self,
        conn: Connection,
        effect: dict[str, Any],
        reason: str,
        state: str,
        error: CarrierError | None = None,
    ) -> None:
        with conn.transaction():
            incident = self._incidents.hands(conn, effect["incident_id"])
            self._mark(conn, effect["id"], state, error)
            conn.execute(SQL["message_failed"], {"id": effect["id"]})
            if incident is not None:
                incident.write([Note("effect_failed", {"what": "sms", "reason": reason})], "system")
        hint(conn)

    def _cancel_call(self, conn: Connection, effect: dict[str, Any]) -> None:
        call_id = UUID(effect["payload"]["call_id"])
        with conn.transaction():
            # A request put back because the carrier was not reached is simply not made again.
            self._calls.withdraw(conn, call_id, outbox_state="pending")
        sid = self._sid_of(conn, effect)
        if sid is not None and self._carrier.call_status(sid) in _STILL_RINGING:
            status = self._carrier.cancel_call(sid)
            with conn.transaction():
                self._calls.report(conn, call_id, sid, status)
            hint(conn)
        self._finish(conn, effect["id"], "done")

    def _connect_call(self, conn: Connection, effect: dict[str, Any]) -> None:
        """Bring a live call into the conference. Asked for twice it comes there twice, which harms nobody."""
        if self._connected_since(conn, effect):
            self._finish(conn, effect["id"], "done")
            return
        sid = self._sid_of(conn, effect)
        try:
            if sid is not None:
                self._carrier.connect_call(sid, UUID(effect["payload"]["call_id"]))
        except Rejected:
            # They have hung up, and the news of it may be lost: then the operator waits for nobody.
            self._check_call(conn, effect)
            return
        self._finish(conn, effect["id"], "done")

    @staticmethod
    def _connected_since(conn: Connection, effect: dict[str, Any]) -> bool:
        """Whether the line has come into the conference already, by a webhook of its own or by a lost request."""
        key = {"id": UUID(effect["payload"]["call_id"]), "effect_id": effect["id"]}
        return conn.execute(CALLS["connected_since"], key).fetchone() is not None

    def _check_call(self, conn: Connection, effect: dict[str, Any]) -> None:
        """Ask how a call stands; one that still rings although it was given up is withdrawn."""
        call_id = UUID(effect["payload"]["call_id"])
        sid = self._sid_of(conn, effect)
        if sid is not None:
            status = self._carrier.call_status(sid)
            if status in _STILL_RINGING:
                status = self._carrier.cancel_call(sid)
            with conn.transaction():
                self._calls.report(conn, call_id, sid, status)
            hint(conn)
        self._finish(conn, effect["id"], "done")

    def _sid_of(self, conn: Connection, effect: dict[str, Any]) -> str | None:
        """The carrier's id of the call an effect is about; waits while it is still being found out.

        Raises Overloaded, which puts the effect back, while the call's request is unresolved.
        """
        call = conn.execute(SQL["call"], {"id": UUID(effect["payload"]["call_id"])}).fetchone()
        if call is None or call["state"] == "ended":
            return None
        if call["sid"] is None:
            raise Overloaded("the call's own request is not resolved yet")
        return call["sid"]

    def _lease_again(self, conn: Connection, effect_id: UUID, error: CarrierError) -> None:
        with conn.transaction():
            conn.execute(
                SQL["lease_again"],
                {"id": effect_id, "lease": self._lease, "error": str(error)[:500]},
            )

    def _finish(
        self, conn: Connection, effect_id: UUID, state: str, error: CarrierError | None = None
    ) -> None:
        with conn.transaction():
            self._mark(conn, effect_id, state, error)

    @staticmethod
    def _mark(conn: Connection, effect_id: UUID, state: str, error: CarrierError | None = None) -> None:
        conn.execute(
            SQL["finish_effect"],
            {"id": effect_id, "state": state, "error": str(error)[:500] if error else None},
        )
