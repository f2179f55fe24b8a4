"""Calls leave here, one after another in the order of their urgency, and what is asked about them.

Never lost, and duplicates bounded, visible and harmless. Where no answer was heard, by us or by a
process that was killed, the lease runs out and the carrier is asked first; only what it does not know
is sent again, and marked as a possible duplicate.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog

from incident.channels.carrier_health import CarrierHealth
from incident.channels.deliveries import wait_s
from incident.channels.outbox import Outbox, carrier_lease, guarded, words_of
from incident.channels.telephony import (
    Barred,
    Carrier,
    CarrierError,
    Found,
    Overloaded,
    Rejected,
    Unanswered,
    Unreachable,
)
from incident.service import Incidents, hint
from incident.voice.calls import CALLS, STAGES, Calls
from runtime.database import Connection
from runtime.settings import Settings
from runtime.sql import Queries
from schemas.incident import CallParty

SQL: Final = Queries("incident.voice", "dialer.sql")
_WAITS_S: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
_STILL_RINGING: Final = ("queued", "initiated", "ringing")
# News of an end may be lost: a number is not held back for ever by a call that nobody heard of again.
_LONGEST_RING: Final = timedelta(seconds=60)
_LONGEST_TALK: Final = timedelta(minutes=10)
# News that may be lost are not waited for so long where another call to that person waits; and not for ever.
_WAITED_FOR: Final = timedelta(seconds=20)
_UNHEARD: Final = timedelta(seconds=60)
_ASK_AGAIN_S: Final = 3.0


class NotResolved(Exception):
    """The call an effect is about has a request of its own that is still being looked up."""


class Dialer:
    """Places, looks up and withdraws calls; run several in threads, each with its own autocommit connection."""

    def __init__(self, settings: Settings, incidents: Incidents, carrier: Carrier) -> None:
        self._carrier = carrier
        self._calls = Calls(incidents)
        self._outbox = Outbox(carrier_lease(settings))
        self._health = CarrierHealth(settings, incidents)
        self._gap = timedelta(seconds=settings.time_scale / settings.calls_per_s)
        self._lease = self._outbox.lease
        self._asked_s = -_ASK_AGAIN_S
        self._log = structlog.get_logger(role="dialer")

    def step(self, conn: Connection) -> bool:
        """Do what is most urgent; false if nothing is due. Each part is its own transaction."""
        return guarded(self._step, conn, "dialer")

    def _step(self, conn: Connection) -> bool:
        self._health.watch(conn)
        if not self._health.may_ask(conn):
            return False
        asked = self._ask_about_call(conn) or self._place_call(conn) or self._follow_call(conn)
        if not asked and not self._ask_about_talk(conn):
            self._health.did_not_ask(conn)
        return asked

    def _place_call(self, conn: Connection) -> bool:
        key = {
            "gap": self._gap,
            "lease": self._lease,
            "longest_ring": _LONGEST_RING,
            "longest_talk": _LONGEST_TALK,
        }
        with conn.transaction():
            conn.execute(SQL["lock_calling"])
            call = conn.execute(SQL["claim_call"], key).fetchone()
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
            self._outbox.finish(conn, call["id"], "done")
            self._health.did_not_ask(conn)
            return True
        try:
            found = self._unknown_to_us(conn, call)
        except CarrierError as error:
            self._log.warning("cannot ask about a call", call=str(call["id"]), error=str(error))
            self._health.failed(conn, error)
            self._outbox.lease_again(conn, call["id"], error)
            return True
        self._health.succeeded(conn)
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

    def _ask_about_talk(self, conn: Connection) -> bool:
        """Somebody picked up a while ago: do they still speak with us? Whether the carrier was asked."""
        if time.monotonic() < self._asked_s + _ASK_AGAIN_S:
            return False
        self._asked_s = time.monotonic()
        key = {"waited_for": _WAITED_FOR, "unheard": _UNHEARD}
        talk = conn.execute(SQL["talk_to_ask_about"], key).fetchone()
        if talk is None:
            return False
        try:
            status = self._carrier.call_status(talk["sid"])
        except CarrierError as error:
            self._log.warning("cannot ask about a talk", call=str(talk["id"]), error=str(error))
            self._health.failed(conn, error)
            return True
        self._health.succeeded(conn)
        if STAGES.get(status) == "ended":
            self._report(conn, talk["id"], talk["sid"], status)
        return True

    def _request_call(self, conn: Connection, call: dict[str, Any]) -> None:
        call_id: UUID = call["id"]
        try:
            sid = self._carrier.place_call(
                call["number"], call_id, call["payload"]["ring_s"], detect=call["party"] != CallParty.OPERATOR
            )
        except (Unreachable, Overloaded, Barred) as error:
            conn.execute(SQL["unsend_call"], {"id": call_id, "error": words_of(error)})
            self._health.failed(conn, error)
            self._log.warning("carrier not reached", call=str(call_id), error=str(error))
        except Unanswered as error:
            self._outbox.lease_again(conn, call_id, error)
            self._health.failed(conn, error)
            self._log.warning("carrier did not answer", call=str(call_id), error=str(error))
        except Rejected as error:
            self._log.error("carrier refuses a call", call=str(call_id), error=str(error))
            self._fail_call(conn, call_id, error)
            self._health.succeeded(conn)
        else:
            self._adopt(conn, call_id, Found(sid, "initiated"))
            self._health.succeeded(conn)

    def _unknown_to_us(self, conn: Connection, call: dict[str, Any]) -> list[Found]:
        """Calls to this number on the carrier's list that no attempt of ours accounts for."""
        found = self._carrier.find_calls(call["number"], call["sent_at"])
        rows = conn.execute(SQL["known_calls"], {"sids": [entry.sid for entry in found]}).fetchall()
        known = {row["sid"] for row in rows}
        return [entry for entry in found if entry.sid not in known]

    def _adopt(self, conn: Connection, call_id: UUID, found: Found) -> None:
        """The call exists: take over its id and how it stands. Any webhook may have been faster."""
        with conn.transaction():
            self._calls.report(conn, call_id, found.sid, found.status)
            self._outbox.finish(conn, call_id, "done")
        hint(conn)

    def _fail_call(self, conn: Connection, call_id: UUID, error: CarrierError) -> None:
        with conn.transaction():
            self._calls.report(conn, call_id, "", "failed")
            self._outbox.finish(conn, call_id, "failed", error)
        hint(conn)

    def _follow_call(self, conn: Connection) -> bool:
        """Withdraw a call, bring it into the conference, or ask how it stands."""
        effect = self._outbox.claim(conn, "cancel_call", "check_call", "connect_call")
        if effect is None:
            return False
        effect_id, call_id = effect["id"], UUID(effect["payload"]["call_id"])
        try:
            match effect["kind"]:
                case "cancel_call":
                    asked = self._cancel_call(conn, call_id)
                case "connect_call":
                    asked = self._connect_call(conn, call_id, effect_id)
                case _:
                    asked = self._check_call(conn, call_id)
        except NotResolved as error:
            self._outbox.put_back(conn, effect_id, wait_s(_WAITS_S, effect), error)
            self._health.did_not_ask(conn)
        except Rejected as error:
            self._log.error("carrier refuses", kind=effect["kind"], error=str(error))
            self._outbox.finish(conn, effect_id, "failed", error)
            self._health.succeeded(conn)
        except Unanswered as error:
            self._outbox.lease_again(conn, effect_id, error)
            self._health.failed(conn, error)
        except CarrierError as error:
            self._outbox.put_back(conn, effect_id, wait_s(_WAITS_S, effect), error)
            self._health.failed(conn, error)
        else:
            self._outbox.finish(conn, effect_id, "done")
            if asked:
                self._health.succeeded(conn)
            else:
                self._health.did_not_ask(conn)
        return True

    def _cancel_call(self, conn: Connection, call_id: UUID) -> bool:
        """Whether the carrier was asked. Raises CarrierError and NotResolved."""
        with conn.transaction():
            # A request put back because the carrier was not reached is simply not made again.
            self._calls.withdraw(conn, call_id, outbox_state="pending")
        sid = self._sid_of(conn, call_id)
        if sid is None:
            return False
        status = self._withdrawn(sid)
        if STAGES.get(status) == "ended":
            self._report(conn, call_id, sid, status)
        return True

    def _connect_call(self, conn: Connection, call_id: UUID, effect_id: UUID) -> bool:
        """Bring a live call into the conference. Asked for twice it comes there twice, which harms nobody.

        Whether the carrier was asked. Raises CarrierError and NotResolved.
        """
        # By a webhook of its own, or by a request whose answer was lost.
        key = {"id": call_id, "effect_id": effect_id}
        if conn.execute(CALLS["connected_since"], key).fetchone() is not None:
            return False
        sid = self._sid_of(conn, call_id)
        try:
            if sid is not None:
                self._carrier.connect_call(sid, call_id)
        except Rejected:
            # They have hung up, and the news of it may be lost: then the operator waits for nobody.
            return self._check_call(conn, call_id)
        return sid is not None

    def _check_call(self, conn: Connection, call_id: UUID) -> bool:
        """Ask how a call stands; one that still rings although it was given up is withdrawn.

        Whether the carrier was asked. Raises CarrierError and NotResolved.
        """
        sid = self._sid_of(conn, call_id)
        if sid is None:
            return False
        self._report(conn, call_id, sid, self._withdrawn(sid))
        return True

    def _withdrawn(self, sid: str) -> str:
        """How a call stands, once it does not ring any more. Raises CarrierError."""
        status = self._carrier.call_status(sid)
        if status not in _STILL_RINGING:
            return status
        try:
            return self._carrier.cancel_call(sid)
        except Rejected:
            # It has ended, or was picked up, between the two questions: the news of that may be lost.
            return self._carrier.call_status(sid)

    def _report(self, conn: Connection, call_id: UUID, sid: str, status: str) -> None:
        with conn.transaction():
            self._calls.report(conn, call_id, sid, status)
        hint(conn)

    @staticmethod
    def _sid_of(conn: Connection, call_id: UUID) -> str | None:
        """The carrier's id of a call; None if it has ended. Raises NotResolved while it is being found out."""
        call = conn.execute(CALLS["call"], {"id": call_id}).fetchone()
        if call is None or call["state"] == "ended":
            return None
        if call["sid"] is None:
            raise NotResolved("the call's own request is not resolved yet")
        return call["sid"]
