"""A call until somebody has picked up: queued, dialled, ringing; and how it is withdrawn. Pure."""

from __future__ import annotations

from device_sim.carrier import detection
from device_sim.carrier.calls import Call, Stage, Step, World
from device_sim.carrier.detection import Luck
from device_sim.carrier.orders import CallChange, CallOrder, TwilioError
from device_sim.carrier.people import Reaction, reaction
from device_sim.carrier.timeline import Outgoing


def placed(sid: str, account_sid: str, order: CallOrder, at: float, luck: Luck = "right") -> Call:
    """A new call of ours, queued."""
    return Call(sid, account_sid, order, created_at=at, updated_at=at, luck=luck)


def arriving(sid: str, account_sid: str, order: CallOrder, at: float, world: World) -> Step:
    """Somebody rings our number; `order.url` says what they shall hear, and is asked by whoever takes the step on."""
    call = Call(
        sid,
        account_sid,
        order,
        created_at=at,
        updated_at=at,
        started_at=at,
        status="ringing",
        stage=Stage.FETCHING,
        direction="inbound",
    )
    step = Step(call, world)
    step.note(at, "rang_us", **{"to": order.to, "from": order.from_})
    step.change(at, leaves_at=at + step.scaled(step.owner().stays_s))
    return step


def begin(step: Step, at: float) -> None:
    """The account's turn has come: the call leaves the queue."""
    step.note(at, "dialling")
    step.change(at, stage=Stage.DIALLING, started_at=at, due_at=at + step.scaled(step.world.pace.dial_s))
    step.call_back(at, "initiated", "initiated")


def ring_on(step: Step, at: float) -> bool:
    """Do what is due at `at` before anybody has answered; true when somebody picks up now."""
    call = step.call
    if call.stage is Stage.DIALLING:
        _reach(step, at, reaction(step.owner()))
        return False
    match call.comes:
        case "human" | "machine":
            _pick_up(step, at)
            return True
        case "nothing":
            step.end(at, "no-answer", "rang out")
        case "busy" | "failed":
            step.end(at, call.comes, "declined")
    return False


def take(step: Step, at: float) -> None:
    """We answer a call that rings us."""
    longest_s = min(step.owner().stays_s, step.call.order.limit_s)
    step.note(at, "answered", by="us")
    step.change(at, status="in-progress", answered_at=at, leaves_at=at + step.scaled(longest_s))


def cancel(step: Step, at: float, change: CallChange) -> None:
    """Carry out Status=canceled or completed.

    `canceled` leaves a call that was answered alone, as Twilio does; `completed` ends that too.

    Raises:
        TwilioError: 21220, the call is over.
    """
    call = step.call
    if call.stage is Stage.ENDED:
        raise TwilioError(400, 21220, f"Unable to update record: call is {call.status}.")
    if call.answered_at is None:
        step.end(at, "canceled", f"client asked for {change.status}")
    elif change.status == "completed":
        step.end(at, "completed", "client asked for completed")


def detect(step: Step, at: float) -> None:
    """Who picked up, as far as the detection can tell."""
    call, asked = step.call, step.call.order.detection
    step.note(at, "detected", answered_by=call.detected)
    step.change(at, detects_at=None)
    if asked is None or not asked.callback_url or call.answered_at is None:
        return
    took_s = (at - call.answered_at) / step.world.pace.time_scale
    params = {
        "CallSid": call.sid,
        "AccountSid": call.account_sid,
        "AnsweredBy": call.detected,
        "MachineDetectionDuration": str(round(took_s * 1000)),
    }
    step.outgoing.append(Outgoing("detection", asked.callback_url, asked.callback_method, params))


def _reach(step: Step, at: float, taken: Reaction) -> None:
    if not taken.rings:
        step.end(at, taken.result, "no ringing")
        return
    step.note(at, "rang")
    rings_out_at = at + step.scaled(step.call.order.ring_s)
    taken_at = at + step.scaled(taken.after_s)
    if taken.result == "nothing" or taken_at >= rings_out_at:
        step.change(at, status="ringing", stage=Stage.RINGING, due_at=rings_out_at, comes="nothing")
    else:
        step.change(at, status="ringing", stage=Stage.RINGING, due_at=taken_at, comes=taken.result)
    step.call_back(at, "ringing", "ringing")


def _pick_up(step: Step, at: float) -> None:
    longest_s = min(step.owner().stays_s, step.call.order.limit_s)
    step.note(at, "answered", by=step.call.comes)
    step.change(
        at,
        status="in-progress",
        answered_at=at,
        answered_by=step.call.comes,
        leaves_at=at + step.scaled(longest_s),
    )
    if (asked := step.call.order.detection) is not None:
        said = detection.verdict(asked, step.owner(), step.call.comes, step.call.luck)
        step.change(at, detects_at=at + step.scaled(said.after_s), detected=said.answered_by)
    step.call_back(at, "answered", "in-progress")
