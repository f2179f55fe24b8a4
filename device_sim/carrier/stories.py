"""What became of calls, messages and conferences, for people, judges and tests. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from device_sim.carrier.calls import Call
from device_sim.carrier.conferences import Conference
from device_sim.carrier.journal import Callback
from device_sim.carrier.messages import Message
from device_sim.carrier.timeline import Entry
from device_sim.process import iso

Json = dict[str, object]


def call_account(call: Call, timeline: Sequence[Entry]) -> Json:
    """A call in short.

    `spoken` are the texts said to the person, `pressed` the keys and `words` what the person said
    in answer, `conferences` the rooms joined, each with the numbers met there. Times in ISO 8601, UTC.
    """
    return {
        "sid": call.sid,
        "direction": call.direction,
        "to": call.order.to,
        "from": call.order.from_,
        "url": call.order.url,
        "status": call.status,
        "stage": call.stage.value,
        "answered_by": call.answered_by or None,
        "detected": call.detected if call.detected and call.detects_at is None else None,
        "spoken": [entry.data["text"] for entry in timeline if entry.kind == "said"],
        "pressed": "".join(str(entry.data["key"]) for entry in timeline if entry.kind == "pressed"),
        "words": [entry.data["words"] for entry in timeline if entry.kind == "spoke"],
        "conferences": _conferences(timeline),
        "placed_at": iso(call.created_at),
        "dialled_at": _iso(call.started_at),
        "answered_at": _iso(call.answered_at),
        "ended_at": _iso(call.ended_at),
    }


def call_story(call: Call, timeline: Sequence[Entry], callbacks: Sequence[Callback]) -> Json:
    """Everything about a call: its account, the whole timeline, the requests made about it."""
    return call_account(call, timeline) | _details(timeline, callbacks)


def message_story(message: Message, timeline: Sequence[Entry], callbacks: Sequence[Callback]) -> Json:
    """Everything about a message."""
    return {
        "sid": message.sid,
        "direction": message.direction,
        "to": message.order.to,
        "from": message.order.from_,
        "body": message.order.body,
        "status": message.status,
        "accepted_at": iso(message.created_at),
        "sent_at": _iso(message.sent_at),
        "ended_at": _iso(message.ended_at),
        **_details(timeline, callbacks),
    }


def conference_story(
    conference: Conference, timeline: Sequence[Entry], callbacks: Sequence[Callback]
) -> Json:
    """Everything about a conference; `members` are those in it now."""
    return {
        "sid": conference.sid,
        "name": conference.name,
        "status": conference.status,
        "members": [member.number for member in conference.members],
        "created_at": iso(conference.created_at),
        "started_at": _iso(conference.started_at),
        "ended_at": _iso(conference.ended_at),
        **_details(timeline, callbacks),
    }


def _conferences(timeline: Sequence[Entry]) -> list[Json]:
    rooms: list[Json] = []
    met: list[str] = []
    for entry in timeline:
        match entry.kind:
            case "joined":
                met = []
                rooms.append(
                    {
                        "name": entry.data["conference"],
                        "sid": entry.data["conference_sid"],
                        "joined_at": iso(entry.at),
                        "left_at": None,
                        "with": met,
                    }
                )
            case "met":
                met.append(str(entry.data["number"]))
            case "left" if rooms:
                rooms[-1]["left_at"] = iso(entry.at)
            case _:
                continue
    return rooms


def _details(timeline: Sequence[Entry], callbacks: Sequence[Callback]) -> Json:
    return {
        "timeline": [entry.view() for entry in timeline],
        "callbacks": [_callback_story(callback) for callback in callbacks],
    }


def _callback_story(callback: Callback) -> Json:
    names = (
        "StatusCallbackEvent",
        "AnsweredBy",
        "DialCallStatus",
        "CallStatus",
        "MessageStatus",
        "SmsStatus",
    )
    return {
        "kind": callback.kind,
        "url": callback.url,
        "status": next((callback.params[name] for name in names if name in callback.params), None),
        "sequence": callback.params.get("SequenceNumber"),
        "state": callback.state,
        "due_at": iso(callback.due_at),
        "error": callback.error,
    }


def _iso(at: float | None) -> str | None:
    return None if at is None else iso(at)
