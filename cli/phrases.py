"""Events in a few plain words, for a terminal."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from incident.wording import clock_time

_PHRASES: Final = {
    "deed": "it happens: {what}",
    "killed": "{role} is killed",
    "opened": "incident opened: {trigger} {severity}",
    "impact_joined": "another impact joins: {severity}",
    "impact_revised": "impact revised: {severity}",
    "press_joined": "a press joins: {trigger}",
    "raised": "raised from {before} to {rule}",
    "push_queued": "push to the driver's app",
    "sms_queued": "SMS to the driver",
    "operator_alarmed": "operators alarmed: {task} ({reason})",
    "ambulance_asked": "an operator is asked to request an ambulance (119)",
    "call_queued": "call {attempt} to the {party} is next",
    "call_placed": "call {attempt} to the {party} placed",
    "call_ringing": "the {party}'s phone rings ({attempt})",
    "call_answered": "somebody picked up the {party}'s phone",
    "call_ended": "call {attempt} to the {party} ended: {status}",
    "call_given_up": "call {attempt} to the {party} given up",
    "answered": "the {by} answers: {answer} (by {via})",
    "placed": "the place has become known",
    "taken": "taken by {operator}",
    "dispatch_requested": "{dispatch} requested",
    "dispatch_offered": "{dispatch} offered to {unit}",
    "dispatch_accepted": "{unit} accepts, expected at {eta_at}",
    "dispatch_declined": "{unit} declines",
    "dispatch_offer_expired": "{unit} did not answer the offer",
    "dispatch_en_route": "{unit} is on the way",
    "dispatch_on_scene": "{unit} is on the scene",
    "dispatch_secured": "{unit} has secured the scene",
    "dispatch_completed": "{unit} has finished",
    "dispatch_stood_down": "{dispatch} stood down",
    "dispatch_failed": "no {dispatch} unit is free",
    "command_queued": "device light: {light}",
    "command_done": "the device shows {light}",
    "help_called_off": "{dispatch} called off by {operator}",
    "closed": "closed: {outcome}",
    "note": "note by an operator",
    "effect_failed": "could not be sent: {what} ({reason})",
}


class _Blank(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""


def phrase(kind: str, data: dict[str, Any]) -> str:
    """One event in words; a kind not known here is shown by its name."""
    words = _PHRASES.get(kind, kind)
    if eta_at := data.get("eta_at"):
        data = {**data, "eta_at": clock_time(datetime.fromisoformat(eta_at))}
    return " ".join(words.format_map(_Blank(data)).replace("_", " ").split())
