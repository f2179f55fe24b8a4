"""A recorded incident lived through again under a plan: who would have been reached when. Pure.

What came from outside happens at its recorded time. Calls and offers go as they went in the record,
counted by attempt; what never happened is assumed as docs/plan.md says.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Final

from incident.backtest.facts import Facts, FactsSoFar
from incident.backtest.record import Record, SeenCall, SeenOffer
from incident.escalation import timers
from incident.escalation.decide import CommandRefused, decide, open_incident
from incident.escalation.effects import (
    CancelCalls,
    ClearTimers,
    Decision,
    Effect,
    Message,
    OfferNext,
    PlaceCall,
    RingDesk,
    SeekAgain,
    SetTimer,
    StandDown,
    WithdrawOffers,
)
from incident.escalation.events import (
    Answered,
    CallEnded,
    CallMoved,
    DeskRung,
    DispatchMoved,
    Event,
    LineWaits,
    NobodyElse,
    Opened,
)
from incident.escalation.state import State
from incident.plan.plan import Plan
from schemas.incident import CallParty, DispatchKind, DispatchState, Phase

# Where no unit was ever asked, one is assumed to accept after so long.
_ACCEPTS_AFTER_S: Final = 30.0
# What the carrier takes to end a call that nobody picked up, beyond the ringing.
_SLACK_S: Final = 3.0
_LONGEST: Final = timedelta(hours=24)


def replay(record: Record, plan: Plan, ring_s: float) -> Facts:
    """What a plan would have done. `ring_s` is how long the recorded calls rang at most, by the plan of then.

    Where nothing is left that opens an incident, nothing was done.
    """
    if not record.reports:
        return {}
    return _Replay(record, plan, ring_s).run()


@dataclass
class _Ringing:
    """A call under way in the replay."""

    seen: SeenCall | None
    stage: str = "placed"


@dataclass
class _Replay:
    record: Record
    plan: Plan
    ring_s: float
    at: datetime = field(init=False)
    _state: State = field(init=False)
    _facts: FactsSoFar = field(init=False)
    _timers: dict[str, datetime] = field(default_factory=dict[str, datetime])
    _coming: list[tuple[datetime, int, Callable[[], Sequence[Event]]]] = field(
        default_factory=list[tuple[datetime, int, Callable[[], Sequence[Event]]]]
    )
    _number: Callable[[], int] = field(default_factory=lambda: count().__next__)
    _ringing: dict[tuple[CallParty, int], _Ringing] = field(
        default_factory=dict[tuple[CallParty, int], _Ringing]
    )
    _asked: dict[DispatchKind, int] = field(default_factory=dict[DispatchKind, int])
    _offered: dict[DispatchKind, list[str]] = field(default_factory=dict[DispatchKind, list[str]])

    def run(self) -> Facts:
        first, *further = self.record.reports
        self.at = first.at
        self._facts = FactsSoFar(self.record.began_at)
        for event in sorted([*further, *self.record.happened], key=lambda event: event.at):
            self._at(max(event.at, first.at), lambda event=event: [event])
        opened = (
            first
            if isinstance(first, Opened)
            else Opened(first.at, first.trigger, first.severity, first.late)
        )
        self._carry_out(open_incident(opened, self.plan))
        until = self._until()
        while self._state.phase is not Phase.CLOSED:
            timer = min(((due, name) for name, due in self._timers.items()), default=None)
            coming = self._coming[0][0] if self._coming else None
            if coming is not None and (timer is None or coming <= timer[0]) and coming <= until:
                self.at, _, happening = heapq.heappop(self._coming)
                for event in happening():
                    self._tell(event)
            elif timer is not None and timer[0] <= until:
                self.at, name = timer
                del self._timers[name]
                self._tell(timers.event_of(name, self.at, moving=self._moving(), stage=self._stage))
            else:
                break
        return self._facts.found

    def _until(self) -> datetime:
        """As long as anything from outside is to come, or the longest rule runs."""
        longest_s = max(step.after_s for rule in self.plan.rules for step in rule.steps) * self.plan.scale
        ends_at = max([self.at, *(moment for moment, _, _ in self._coming)])
        return min(ends_at + timedelta(seconds=longest_s + 60), self.at + _LONGEST)

    def _moving(self) -> bool | None:
        return self.record.stopped_at is not None and self.at < self.record.stopped_at

    def _stage(self, party: CallParty, attempt: int) -> str:
        call = self._ringing.get((party, attempt))
        return call.stage if call else "ended"

    def _at(self, at: datetime, happening: Callable[[], Sequence[Event]]) -> None:
        heapq.heappush(self._coming, (at, self._number(), happening))

    def _in(self, seconds: float, happening: Callable[[], Sequence[Event]]) -> None:
        self._at(self.at + timedelta(seconds=seconds), happening)

    def _tell(self, event: Event) -> None:
        # What an operator did then may make no sense now: they would not have done it.
        with suppress(CommandRefused):
            self._carry_out(decide(self._state, event, self.plan))

    def _carry_out(self, decision: Decision) -> None:
        following: list[Event] = []
        while True:
            self._state = decision.state
            for note in decision.notes:
                self._facts.note(self.at, note)
            for effect in decision.effects:
                following += self._apply(effect)
            if not following:
                return
            decision = decide(self._state, following.pop(0), self.plan)

    def _apply(self, effect: Effect) -> Sequence[Event]:
        match effect:
            case SetTimer(name, due_at):
                self._timers[name] = due_at
            case ClearTimers(prefix):
                self._timers = {
                    name: due for name, due in self._timers.items() if not name.startswith(prefix)
                }
            case PlaceCall(party, attempt, ring_s, rank=rank):
                return self._ring(party, attempt, rank, ring_s * self.plan.scale)
            case CancelCalls(party):
                return self._withdraw(party)
            case RingDesk(number):
                # Where the record does not say, one telephone is thought to ring in vain.
                return [DeskRung(self.at, number, self.record.phones.get(self.plan.desk.rounds[number], 1))]
            case Message(channel, template):
                # The report after the end is no matter of the plan.
                if channel != "mail" and not (channel == "sms" and self.record.without_sms):
                    self._facts.message(self.at, channel, template)
            case OfferNext(kind, expired_unit):
                return self._offer(kind, expired_unit)
            case SeekAgain(kind):
                return self._seek(kind)
            case StandDown(kind):
                self._offered.pop(kind, None)
                return [DispatchMoved(self.at, kind, DispatchState.STOOD_DOWN, self._holder(kind))]
            case WithdrawOffers(kind):
                self._offered[kind] = [
                    unit for unit in self._offered.get(kind, ()) if unit == self._holder(kind)
                ]
            case _:
                pass
        return []

    def _ring(self, party: CallParty, attempt: int, rank: int, ring_s: float) -> Sequence[Event]:
        key = party, attempt
        seen = self.record.calls.get(key)
        contacts = self.record.contacts
        absent = party is CallParty.CONTACT and contacts is not None and rank > contacts
        if absent or (seen is not None and seen.status == "no_number"):
            return [CallEnded(self.at, party, attempt, "no_number")]
        self._facts.add(self.at, f"call {party} {attempt}")
        how = seen or self._usual(party)
        call = self._ringing[key] = _Ringing(how, "placed")
        rang_s = (how.rang_s if how else None) or 0.0
        if how is not None and how.rang_s is not None:
            self._in(how.rang_s, lambda: self._move(key, "ringing"))
        else:
            call.stage = "ringing"
        if how is not None and how.picked_up_s is not None and how.picked_up_s <= rang_s + ring_s + _SLACK_S:
            self._in(how.picked_up_s, lambda: self._pick_up(key, how))
        elif how is not None and how is seen and how.ended_s is None and how.picked_up_s is None:
            # Nothing more was ever heard of it.
            call.stage = "ringing" if how.rang_s is not None or how.status == "given_up" else "waiting"
        elif how is not None and how.status in ("busy", "failed") and how.ended_s is not None:
            self._in(how.ended_s, lambda: self._end(key, how.status))
        else:
            unheard_s = (
                how.ended_s - self.ring_s if how and how.ended_s and how.status == "no-answer" else rang_s
            )
            self._in(max(unheard_s, 0.0) + ring_s, lambda: self._end(key, "no-answer"))
        return []

    def _usual(self, party: CallParty) -> SeenCall | None:
        """How somebody answers who answered once; None where nobody ever did."""
        calls = (call for (whom, _), call in self.record.calls.items() if whom is party)
        return next((call for call in calls if call.picked_up_s is not None), None)

    def _move(self, key: tuple[CallParty, int], stage: str) -> Sequence[Event]:
        call = self._ringing[key]
        if call.stage in ("ended", "answered"):
            return []
        call.stage = stage
        return [CallMoved(self.at, *key, stage)]

    def _pick_up(self, key: tuple[CallParty, int], seen: SeenCall) -> Sequence[Event]:
        happened = self._move(key, "answered")
        if not happened:
            return []
        for said in seen.said:
            if said.answer is None:
                event: Callable[[], Event] = lambda said=said: LineWaits(self.at, key[0], said.via)  # noqa: E731
            else:
                event = lambda said=said, answer=said.answer: Answered(self.at, answer, key[0], said.via)  # noqa: E731
            self._in(said.after_s, lambda event=event: [] if self._stage(*key) == "ended" else [event()])
        if seen.ended_s is not None and seen.picked_up_s is not None:
            self._in(seen.ended_s - seen.picked_up_s, lambda: self._end(key, seen.status or "completed"))
        return happened

    def _end(self, key: tuple[CallParty, int], status: str) -> Sequence[Event]:
        call = self._ringing[key]
        if call.stage == "ended":
            return []
        call.stage = "ended"
        return [CallEnded(self.at, *key, status)]

    def _withdraw(self, party: CallParty | None) -> Sequence[Event]:
        keys = [
            key
            for key, call in self._ringing.items()
            if call.stage not in ("ended", "answered") and party in (None, key[0])
        ]
        return [event for key in keys for event in self._end(key, "canceled")]

    def _offer(self, kind: DispatchKind, expired_unit: str | None) -> Sequence[Event]:
        asked = self._offered.setdefault(kind, [])
        if expired_unit is not None:
            if expired_unit not in asked:
                return []
            asked.remove(expired_unit)
            return [DispatchMoved(self.at, kind, DispatchState.OFFER_EXPIRED, expired_unit)]
        happened: list[Event] = []
        holder = self._holder(kind)
        while len([unit for unit in asked if unit != holder]) < self.plan.help.parallel:
            offer = self._next_offer(kind)
            if offer is None or offer.unit is None:
                self._asked[kind] = self._asked.get(kind, 0) + (offer is not None)
                break
            self._asked[kind] = self._asked.get(kind, 0) + 1
            asked.append(offer.unit)
            for after_s, state, eta_at in offer.moves:
                self._in(after_s, partial(self._unit_says, kind, offer.unit, state, eta_at))
            happened.append(DispatchMoved(self.at, kind, DispatchState.OFFERED, offer.unit))
        if happened or any(unit != holder for unit in asked):
            return happened
        return [
            DispatchMoved(self.at, kind, DispatchState.FAILED)
            if holder is None
            else NobodyElse(self.at, kind)
        ]

    def _next_offer(self, kind: DispatchKind) -> SeenOffer | None:
        """How the next search goes; None where the record came to its end: nobody else is known."""
        offers, number = self.record.offers.get(kind, ()), self._asked.get(kind, 0)
        if not offers and not number:
            accepts = (_ACCEPTS_AFTER_S * self.plan.scale, DispatchState.ACCEPTED, None)
            return SeenOffer(self.at, "some unit", (accepts,))
        return offers[number] if number < len(offers) else None

    def _seek(self, kind: DispatchKind) -> Sequence[Event]:
        """Somebody has become free, if by now the record knows of one."""
        offer = self._next_offer(kind)
        if offer is None or offer.unit is None or offer.at > self.at + timedelta(seconds=1):
            return []
        return [DispatchMoved(self.at, kind, DispatchState.REQUESTED)]

    def _holder(self, kind: DispatchKind) -> str | None:
        work = self._state.works.get(kind)
        return work.unit_id if work is not None else None

    def _unit_says(
        self, kind: DispatchKind, unit: str, state: DispatchState, eta_at: datetime | None
    ) -> Sequence[Event]:
        asked = self._offered.get(kind, [])
        if unit not in asked:
            return []
        if state is DispatchState.DECLINED:
            asked.remove(unit)
        elif state is DispatchState.ACCEPTED:
            asked[:] = [unit]
        return [DispatchMoved(self.at, kind, state, unit, eta_at)]
