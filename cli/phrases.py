"""Events in a few plain words, for a terminal."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from incident.wording import clock_time

_PHRASES: Final = {
    "deed": "it happens: {what}",
    "act": "somebody acts: {what}",
    "killed": "{role} is killed",
    "opened": "incident opened: {trigger} {severity}",
    "impact_joined": "another impact joins: {severity}",
    "impact_revised": "impact revised: {severity}",
    "press_joined": "a press joins: {trigger}",
    "phone_crash_joined": "the driver's phone felt a crash too",
    "rang_us": "somebody rings us about it",
    "caller": "the {who} is on the line",
    "raised": "raised from {before} to {rule}",
    "lowered": "lowered from {before} to {rule}",
    "rule_for_road": "for the road, {rule} instead of {before}",
    "device_silent": "nothing more is heard of the device",
    "drove_on": "the car drives on at {speed_kmh} km/h",
    "road_known": "the road is known: {road}",
    "left_for_morning": "left for the morning: {step}",
    "skipped_late": "skipped, too late by now: {step}",
    "auditor_alarm": "nothing would have come of it any more: {reason}",
    "push_queued": "push to the driver's app",
    "sms_queued": "SMS to the driver",
    "mail_queued": "mail to the driver",
    "operator_alarmed": "operators alarmed: {task} ({reason})",
    "ambulance_needed": "an operator is asked to request an ambulance (119)",
    "ambulance_asked": "an ambulance (119) is asked for by {operator}",
    "ambulance_accepted": "the fire headquarters has accepted: an ambulance comes",
    "ambulance_arrived": "the ambulance is there",
    "ambulance_refused": "the fire headquarters has refused",
    "ambulance_cancelled": "no ambulance is needed any more",
    "carrier_down": "the telephone carrier is away: people must ring by other means",
    "call_queued": "call {attempt} to the {party} is next",
    "call_placed": "call {attempt} to the {party} placed",
    "call_ringing": "the {party}'s phone rings ({attempt})",
    "call_answered": "somebody picked up the {party}'s phone",
    "call_detected": "the carrier's guess at a machine: {machine}",
    "line_waits": "the {party} waits on the line for a person ({reason})",
    "line_connected": "the {party} is connected",
    "desk_called": "telephones of the desk: {round} ({reason})",
    "desk_rung": "{phones} telephones of the desk ring ({round})",
    "desk_answered": "{operator} takes it by telephone",
    "desk_missed": "{operator} does not pick up",
    "desk_overflow": "nobody at the desk: the machine is alone",
    "call_driver_wanted": "{operator} wants to speak with the driver",
    "operator_wrote": "an operator writes",
    "driver_wrote": "the driver writes",
    "call_ended": "call {attempt} to the {party} ended: {status}",
    "no_further_contact": "no further contact is on record",
    "call_given_up": "call {attempt} to the {party} given up",
    "answered": "the {by} answers: {answer} (by {via})",
    "device_known": "the device of the car has become known: {device}",
    "placed": "the place has become known",
    "taken": "taken by {operator}",
    "dispatch_requested": "{dispatch} requested",
    "dispatch_offered": "{dispatch} offered to {unit}",
    "dispatch_accepted": "{unit} accepts, expected at {eta_at}",
    "dispatch_declined": "{unit} declines",
    "dispatch_withdrawn": "{unit} is out of service: not asked any more",
    "dispatch_offer_expired": "{unit} did not answer the offer",
    "dispatch_en_route": "{unit} is on the way",
    "dispatch_on_scene": "{unit} is on the scene",
    "dispatch_secured": "{unit} has secured the scene",
    "dispatch_completed": "{unit} has finished",
    "dispatch_stood_down": "{dispatch} stood down",
    "dispatch_eta": "{unit} is now expected at {eta_at}",
    "unit_late": "{unit} is late",
    "unit_reminded": "{unit} is asked: {about}",
    "unit_did_not_depart": "{unit} never set off",
    "unit_replaced": "{unit} comes instead of {before}",
    "unit_safe": "{unit} is well",
    "relief_sought": "another unit is sought for {unit}",
    "scene_checked": "seen to on the scene: {item}",
    "dispatch_failed": "no {dispatch} unit is free",
    "command_queued": "device light: {light}",
    "command_done": "the device shows {light}",
    "help_called_off": "{dispatch} called off by {operator}",
    "released": "given back by {operator}",
    "plan_paused": "the plan waits until {until}, by {operator}",
    "plan_resumed": "the plan goes on ({resumed})",
    "step_now": "{step} now, by {operator}",
    "step_off": "{step} called off by {operator}",
    "answer_withdrawn": "the answer {answer} is withdrawn by {operator}",
    "reopened": "reopened by {operator}",
    "merged": "merged into {into} by {operator}",
    "merged_from": "{incident} was merged into this",
    "dispatch_taken_over": "{unit} taken over from {incident}",
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
