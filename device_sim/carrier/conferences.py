"""Calls that meet in a conference: who joins and leaves, when it begins and ends, and how people talk in it.

Pure. As Twilio documents its Conference: it begins with two participants of whom one may start it;
it ends with the last of them, or with one whose leaving ends it, which drops the others out of their
Dial; whoever joins first says where its events are sent. Who is in it is read from the calls
themselves, so that a conference can never disagree with its participants.

Two people who meet talk for as long as they do, and hang up; who was talked with and is left alone
hangs up too. A machine, a telephone in a pocket and whoever says nothing stay until the patience ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import format_datetime
from hashlib import sha256
from typing import Final, Literal

from device_sim.carrier import conversation, dialling
from device_sim.carrier.calls import Call, Stage, Step, World
from device_sim.carrier.timeline import Change, Entry, Outgoing, utc
from device_sim.carrier.verbs import Room

GOODBYE_S: Final = 1.0
Event = Literal["start", "end", "join", "leave"]
_EVENT_WORDS: Final[dict[Event, str]] = {
    "start": "conference-start",
    "end": "conference-end",
    "join": "participant-join",
    "leave": "participant-leave",
}


@dataclass(frozen=True)
class Member:
    """One participant, of one joining: who leaves and joins again is another member."""

    call_sid: str
    number: str
    joined_at: float
    starts: bool
    ends: bool
    muted: bool


@dataclass(frozen=True)
class Conference:
    """One conference. Times are epoch seconds; `status` is the word of Twilio's conference resource."""

    sid: str
    account_sid: str
    name: str
    created_at: float
    updated_at: float
    callback_url: str = ""
    callback_method: str = "POST"
    callback_events: tuple[str, ...] = ()
    members: tuple[Member, ...] = ()
    started_at: float | None = None
    ended_at: float | None = None
    sequence: int = 1

    @property
    def status(self) -> str:
        """Twilio's word."""
        if self.ended_at is not None:
            return "completed"
        return "init" if self.started_at is None else "in-progress"


def room_of(call: Call) -> Room | None:
    """The conference a call is in."""
    return call.dialled.room if call.stage is Stage.CONFERENCE and call.dialled is not None else None


@dataclass
class Meeting:
    """A conference being moved on at `at`, and the steps this brings its participants."""

    name: str
    calls: Mapping[str, Call]
    """Every call that is in it, or has just left it, by sid."""
    at: float
    world: World
    conference: Conference | None
    entries: list[Entry] = field(default_factory=list[Entry])
    outgoing: list[Outgoing] = field(default_factory=list[Outgoing])
    steps: dict[str, Step] = field(default_factory=dict[str, Step])
    changes: list[Change[Conference]] = field(default_factory=list[Change[Conference]])
    """One for each conference of this name: one may end and the next begin at the same moment."""

    def settle(self) -> None:
        """Bring the conference in line with the calls that are in it."""
        here = sorted(
            (call for call in self.calls.values() if (room := room_of(call)) and room.name == self.name),
            key=_joined_at,
        )
        for member in self.conference.members if self.conference is not None else ():
            if self.conference is not None and not any(_is(member, call) for call in here):
                self._leave(member)
        for call in here:
            if self.conference is None or not any(_is(member, call) for member in self.conference.members):
                self._join(call)
        self._begin()
        if self.conference is not None:
            self._keep(self.conference)

    def _step(self, call_sid: str) -> Step:
        return self.steps.setdefault(call_sid, Step(self.calls[call_sid], self.world))

    def _leave(self, member: Member) -> None:
        conference = self._open()
        call = self.calls[member.call_sid]
        hung_up = call.stage is Stage.ENDED
        self._tell_leaving(member, call, "participant_hung_up" if hung_up else "participant_updated_via_api")
        others = tuple(other for other in conference.members if other != member)
        self._change(members=others)
        if member.ends:
            for other in others:
                self._tell_leaving(other, self.calls[other.call_sid], "moderator_ended_conference")
                step = self._step(other.call_sid)
                # A call that has left by itself at the same moment is not moved again.
                if _is(other, step.call):
                    conversation.drop(step, self.at)
            self._change(members=())
            self._end("participant-with-end-conference-on-exit-left", member.call_sid)
        elif not others:
            self._end("last-participant-left", member.call_sid)
        elif len(others) == 1:
            self._say_goodbye(others[0])

    def _join(self, call: Call) -> None:
        step = self._step(call.sid)
        room = room_of(step.call)
        # Who was dropped just now, and is back in already, joins the next conference of this name.
        if room is None or _joined_at(step.call) != _joined_at(call):
            return
        if self.conference is None:
            self._create(call, room)
        conference = self._open()
        if len(conference.members) >= room.most:
            step.note(self.at, "application_error", code=13204, reason="the conference is full")
            conversation.drop(step, self.at, "failed")
            return
        member = Member(call.sid, call.party, _joined_at(call), room.starts, room.ends, room.muted)
        step.note(self.at, "joined", conference=conference.name, conference_sid=conference.sid)
        for other in conference.members:
            step.note(self.at, "met", number=other.number)
            self._step(other.call_sid).note(self.at, "met", number=member.number)
        self._change(members=(*conference.members, member))
        self.entries.append(Entry(self.at, "joined", {"call_sid": call.sid, "number": call.party}))
        self._call_back("join", **_participant(member))
        if conference.started_at is None:
            dialling.wait(step, self.at)
        else:
            self._talk()

    def _begin(self) -> None:
        conference = self.conference
        if conference is None or conference.started_at is not None or len(conference.members) < 2:
            return
        if any(member.starts for member in conference.members):
            self._change(started_at=self.at)
            self.entries.append(Entry(self.at, "began"))
            self._call_back("start")
            self._talk()

    def _talk(self) -> None:
        """Everybody who talks does so with whoever came last, from now on."""
        for member in self._open().members:
            step = self._step(member.call_sid)
            dialled = step.call.dialled
            if dialled is None or not _is(member, step.call):
                continue
            owner = step.owner()
            if not step.call.has_person or not owner.talks:
                step.change(self.at, fetch=None, due_at=None)
                continue
            lasts_s = owner.talks_s if owner.talks_s is not None else self.world.pace.bridge_s
            until = self.at + step.scaled(lasts_s)
            answered_at = step.call.answered_at or self.at
            limit_at = answered_at + step.scaled(step.call.order.limit_s)
            # Nobody loses patience while talking.
            leaves_at = min(max(step.call.leaves_at or until, until), limit_at)
            step.change(
                self.at,
                fetch=None,
                due_at=until,
                leaves_at=leaves_at,
                dialled=replace(dialled, talks=True),
            )

    def _say_goodbye(self, member: Member) -> None:
        step = self._step(member.call_sid)
        if step.call.dialled is not None and step.call.dialled.talks and _is(member, step.call):
            step.change(self.at, due_at=self.at + step.scaled(GOODBYE_S))

    def _create(self, call: Call, room: Room) -> None:
        joined_at = _joined_at(call)
        self.conference = Conference(
            sid=f"CF{sha256(f'{call.sid} {joined_at!r}'.encode()).hexdigest()[:32]}",
            account_sid=call.account_sid,
            name=self.name,
            created_at=self.at,
            updated_at=self.at,
            callback_url=room.callback_url,
            callback_method=room.callback_method,
            callback_events=room.callback_events,
        )
        self.entries.append(Entry(self.at, "created"))

    def _tell_leaving(self, member: Member, call: Call, reason: str) -> None:
        conference = self._open()
        self._step(call.sid).note(self.at, "left", conference=conference.name, conference_sid=conference.sid)
        self.entries.append(
            Entry(self.at, "left", {"call_sid": call.sid, "number": member.number, "reason": reason})
        )
        more = {"ReasonParticipantLeft": reason, "ParticipantCallStatus": call.status}
        self._call_back("leave", **_participant(member), **more)

    def _end(self, reason: str, call_sid: str) -> None:
        self._change(ended_at=self.at)
        self.entries.append(Entry(self.at, "ended", {"reason": reason}))
        self._call_back("end", ReasonConferenceEnded=reason, CallSidEndingConference=call_sid)
        self._keep(self._open())
        self.conference = None

    def _keep(self, conference: Conference) -> None:
        self.changes.append(Change(conference, tuple(self.entries), tuple(self.outgoing)))
        self.entries.clear()
        self.outgoing.clear()

    def _open(self) -> Conference:
        if self.conference is None:
            raise AssertionError(f"there is no conference {self.name}")
        return self.conference

    def _change(self, **changes: object) -> None:
        self.conference = replace(self._open(), updated_at=self.at, **changes)  # pyright: ignore[reportArgumentType] checked by tests

    def _call_back(self, event: Event, **more: str) -> None:
        conference = self._open()
        params = {
            "ConferenceSid": conference.sid,
            "FriendlyName": conference.name,
            "AccountSid": conference.account_sid,
            "SequenceNumber": str(conference.sequence),
            "Timestamp": format_datetime(utc(self.at)),
            "StatusCallbackEvent": _EVENT_WORDS[event],
        }
        if conference.callback_url and event in conference.callback_events:
            self.outgoing.append(
                Outgoing("conference", conference.callback_url, conference.callback_method, params | more)
            )
            self._change(sequence=conference.sequence + 1)


def meet(conference: Conference | None, name: str, calls: Sequence[Call], at: float, world: World) -> Meeting:
    """What becomes of a conference now that its calls stand as they do."""
    meeting = Meeting(name, {call.sid: call for call in calls}, at, world, conference)
    meeting.settle()
    return meeting


def _participant(member: Member) -> dict[str, str]:
    words = {True: "true", False: "false"}
    return {
        "CallSid": member.call_sid,
        "Muted": words[member.muted],
        "Hold": "false",
        "Coaching": "false",
        "EndConferenceOnExit": words[member.ends],
        "StartConferenceOnEnter": words[member.starts],
    }


def _is(member: Member, call: Call) -> bool:
    return call.sid == member.call_sid and _is_in(call) and _joined_at(call) == member.joined_at


def _is_in(call: Call) -> bool:
    return room_of(call) is not None


def _joined_at(call: Call) -> float:
    return call.dialled.since if call.dialled is not None else 0.0
