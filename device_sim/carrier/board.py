"""All calls and conferences under way, moved on in the order of time, also where they meet. Pure, but for its state.

What is yielded belongs together: it has happened at once, and is written in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush

from device_sim.carrier import conferences, conversation
from device_sim.carrier.calls import Call, Stage, Step, World
from device_sim.carrier.conferences import Conference, room_of
from device_sim.carrier.timeline import Change

Moved = list[Change[Call | Conference]]


class Board:
    """Holds what has not ended; `calls` by sid, oldest first, `conferences` by name."""

    def __init__(self, calls: Iterable[Call], rooms: Iterable[Conference], world: World) -> None:
        self.calls = {call.sid: call for call in calls}
        self.conferences = {conference.name: conference for conference in rooms}
        self.world = world

    def next_at(self) -> float:
        """When time alone moves something on; infinite for never."""
        return min(
            (at for call in self.calls.values() if (at := call.next_at) is not None), default=float("inf")
        )

    def queued(self) -> list[Call]:
        """Calls that wait for the account's turn, oldest first."""
        return [call for call in self.calls.values() if call.stage is Stage.QUEUED]

    def advance(self, now: float) -> Iterator[Moved]:
        """Do everything that time alone has made due by `now`, each at its own time."""
        due = [entry for call in self.calls.values() if (entry := _due(call, now)) is not None]
        heapify(due)
        while due:
            at, _, sid = heappop(due)
            call = self.calls.get(sid)
            if call is None or call.next_at != at:
                continue
            moved = self.take(conversation.move(call, at, self.world), at)
            for change in moved:
                entry = _due(change.record, now) if isinstance(change.record, Call) else None
                if entry is not None:
                    heappush(due, entry)
            yield moved

    def take(self, step: Step, at: float) -> Moved:
        """A call has been moved on: what this brings, there and to whoever shares a conference with it."""
        moved: Moved = []
        steps = [step]
        gone: list[Call] = []
        while steps:
            names: dict[str, None] = {}
            for each in steps:
                names |= self._put(each.call)
                moved.append(Change(each.call, tuple(each.entries), tuple(each.outgoing)))
                gone += [each.call] if each.call.stage is Stage.ENDED else []
            steps = list[Step]()
            for name in names:
                meeting = conferences.meet(
                    self.conferences.pop(name, None), name, [*self.calls.values(), *gone], at, self.world
                )
                if meeting.conference is not None:
                    self.conferences[name] = meeting.conference
                moved += meeting.changes
                steps += meeting.steps.values()
        return moved

    def _put(self, call: Call) -> dict[str, None]:
        """Remember a call; the names of the conferences it has joined or left by this."""
        before, after = _presence(self.calls.get(call.sid)), _presence(call)
        if call.stage is Stage.ENDED:
            self.calls.pop(call.sid, None)
        else:
            self.calls[call.sid] = call
        return {} if before == after else dict.fromkeys(name for name, _ in (*before, *after))


def _due(call: Call, now: float) -> tuple[float, float, str] | None:
    at = call.next_at
    return None if at is None or at > now else (at, call.created_at, call.sid)


def _presence(call: Call | None) -> list[tuple[str, float]]:
    if call is None or call.dialled is None or (room := room_of(call)) is None:
        return []
    return [(room.name, call.dialled.since)]
