"""The steps of checking a device: what is asked for, what is awaited, what is looked at."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from cli.device_check.absence import clock, offline
from cli.device_check.commands import cases, settled
from cli.device_check.rules import answers, presses
from cli.device_check.rules import connection as connection_rules
from cli.device_check.rules import motion as motion_rules
from cli.device_check.rules.conduct import conduct
from cli.device_check.rules.fault import Fault
from cli.device_check.trace import Heard, named, own, uptime_ms
from cli.device_check.trial import Trial
from schemas import limits
from schemas.wire import device_pb2 as wire

_REPEATS_S: Final = 12.5
_QUIET_S: Final = limits.RECEIPT_WITHIN_MS / 1000 + 2.5
_FRAMES: Final = 6
_GPS_WITHIN_S: Final = 45.0
_BURST_WITHIN_S: Final = 20.0
_PRESENT_S: Final = 10.0


def connect(trial: Trial) -> list[Fault]:
    """Switching on: status, boot id, and what the broker keeps."""
    address = trial.address
    since = trial.order(
        "connect",
        "power_on",
        f"Point the device at {address['host']} port {address['port']}, user {address['user']}, "
        f"password {address['password']}, and switch it on (or off and on again).",
        **address,
    )
    status = trial.until(
        "waiting for status ONLINE",
        trial.patience_s,
        lambda heard: next((each for each in named(heard[since:], "status") if not each.by_broker), None),
    )
    if status is None and not trial.listener.heard[since:]:
        return [
            Fault(
                f"nothing was heard within {trial.patience_s:.0f} s",
                "check address, login, topic prefix and shard; SUBACK 0x80 is a refusal",
            )
        ]
    trial.pause("listening", 4.0)
    faults = connection_rules.online(trial.listener.heard[since:], trial.listener.kept())
    if trial.relay is not None:
        faults += connection_rules.connection(
            trial.relay.packets_of(trial.listener.device_id),
            shard=trial.listener.shard,
            device_id=trial.listener.device_id,
            heard=trial.listener.heard[since:],
            now=datetime.now(UTC),
        )
    return faults


def motion(trial: Trial) -> list[Fault]:
    """Frames at rest."""
    since = trial.order("motion", "lay_still", "Lay the device down and leave it alone.")
    trial.pause("listening", 2.0)
    trial.until(
        "listening to the motion",
        3.0 * _FRAMES,
        lambda heard: _enough(named(heard[since:], "accel"), _FRAMES),
    )
    return motion_rules.motion(named(trial.listener.heard[since:], "accel"))


def gps(trial: Trial) -> list[Fault]:
    """Two batches of positions."""
    since = trial.order("gps", "open_sky", "Give the device a view of the sky until it has a position.")
    within_s = max(_GPS_WITHIN_S, trial.patience_s)
    trial.until("waiting for positions", within_s, lambda heard: _enough(named(heard[since:], "gps"), 2))
    return motion_rules.positions(named(trial.listener.heard[since:], "gps"))


def short_press(trial: Trial) -> list[Fault]:
    """A short press, without a receipt for 12 s, then with one."""
    listener = trial.listener
    listener.auto_receipt = False
    since = trial.order("short_press", "press_short", "Press the button shortly, once.")
    press = trial.first("waiting for the press", trial.patience_s, "button", since)
    if press is None:
        return [_no_press()]
    trial.director.note("short_press", "no receipt is sent: after 5 s the device must show “not connected”")
    trial.pause("withholding the receipt", _REPEATS_S)
    buttons = named(listener.heard[since:], "button")
    copies = [each for each in buttons if each.number == press.number]
    faults = [*presses.press_kind(press, long=False), *presses.one_press(buttons), *presses.repeated(copies)]
    trial.director.note("short_press", "the receipt is sent: “not connected” must go out")
    return faults + _confirm(trial, press)


def long_press(trial: Trial) -> list[Fault]:
    """A long press, confirmed at once."""
    trial.listener.auto_receipt = False
    since = trial.order("long_press", "press_long", "Hold the button for 4 s or more, then let go.")
    press = trial.first("waiting for the press", trial.patience_s, "button", since)
    if press is None:
        return [_no_press()]
    faults = [*presses.press_kind(press, long=True), *_confirm(trial, press)]
    return faults + presses.one_press(named(trial.listener.heard[since:], "button"))


def burst(trial: Trial) -> list[Fault]:
    """A blow, reported in parts."""
    since = trial.order("burst", "strike", "Strike the device firmly, once, as if the car were hit.")
    if trial.first("waiting for the impact", trial.patience_s, "impact", since) is None:
        return [Fault("no impact was reported", "lower the trigger, or strike harder")]
    trial.until(
        "listening to its parts",
        _BURST_WITHIN_S,
        lambda heard: next((each for each in named(heard[since:], "impact") if each.message.last), None),
    )
    return motion_rules.burst(named(trial.listener.heard[since:], "impact"))


def window(trial: Trial) -> list[Fault]:
    """Motion asked for again."""
    listener = trial.listener
    now_ms = uptime_ms(listener.heard, time.monotonic())
    command = wire.Command(version=limits.VERSION, command_id=f"window-{secrets.token_hex(4)}")
    command.send_window.to_uptime_ms = max(0, now_ms - 3000)
    command.send_window.from_uptime_ms = max(0, now_ms - 8000)
    since = len(listener.heard)
    listener.send(command)
    trial.until(
        "waiting for the motion asked for",
        _BURST_WITHIN_S,
        lambda heard: next((each for each in _again(heard[since:]) if each.message.last), None),
    )
    # Impacts leave before acknowledgements.
    _await_ack(trial, command.command_id, since)
    wanted = command.send_window
    return [
        *answers.answered(
            listener.acks(command.command_id, since), wire.Ack.DONE, "the command to send motion again"
        ),
        *motion_rules.window(_again(listener.heard[since:]), wanted.from_uptime_ms, wanted.to_uptime_ms),
    ]


def commands(trial: Trial) -> list[Fault]:
    """Every kind of command, twice where that matters."""
    listener = trial.listener
    newest = own(listener.heard)[-1].stamp
    faults: list[Fault] = []
    for round_of in cases(newest, lambda: uptime_ms(listener.heard, time.monotonic())):
        since = len(listener.heard)
        for case in round_of:
            listener.send_bytes(case.command_id, case.payload)
        trial.director.note("commands", "; ".join(case.look for case in round_of if case.look))
        trial.until(
            "waiting for acknowledgements",
            answers.ACK_WITHIN_S,
            lambda _heard, since=since, round_of=round_of: settled(round_of, listener, since),
        )
        trial.pause("listening for second answers", 2.0)
        for case in round_of:
            faults += answers.answered(
                listener.acks(case.command_id, since), case.wanted, case.what, case.fix
            )
    return faults


STEPS: Final[dict[str, Callable[[Trial], list[Fault]]]] = {
    "connect": connect,
    "motion": motion,
    "gps": gps,
    "short_press": short_press,
    "long_press": long_press,
    "burst": burst,
    "window": window,
    "commands": commands,
    "offline": offline,
    "clock": clock,
}


def take(trial: Trial, step: str) -> list[Fault]:
    """Do one step of STEPS; its faults, those of every message heard meanwhile included."""
    listener = trial.listener
    since, lost, strangers = len(listener.heard), listener.lost, len(listener.strangers)
    if step != "connect" and not _present(trial, step):
        return [Fault("the device is not heard", "do the step connect first")]
    try:
        faults = STEPS[step](trial)
    finally:
        listener.auto_receipt = True
    faults += conduct(listener.heard[since:])
    if listener.lost > lost:
        faults.append(Fault("our own connection to the broker broke", "do the step again"))
    if len(listener.strangers) > strangers:
        faults.append(
            Fault("somebody else sends commands to the device", "use a broker on which no backend runs")
        )
    return faults


def _present(trial: Trial, step: str) -> bool:
    fresh_s = time.monotonic() - _PRESENT_S
    if any(each.at_s > fresh_s for each in own(trial.listener.heard)):
        return True
    since = trial.order(step, "be_there", "Let the device connect.", **trial.address)
    found = trial.until(
        "waiting for the device", trial.patience_s, lambda heard: own(heard[since:])[:1] or None
    )
    return found is not None


def _no_press() -> Fault:
    return Fault("no press was heard", "publish a Button on up/button when the button is let go")


def _confirm(trial: Trial, press: Heard) -> list[Fault]:
    """Send the receipt of a press and watch what follows."""
    listener = trial.listener
    since = len(listener.heard)
    command_id = listener.confirm(press)
    _await_ack(trial, command_id, since)
    after = len(listener.heard)
    trial.pause("listening for repeats", _QUIET_S)
    repeats = [each for each in named(listener.heard[after:], "button") if each.number == press.number]
    return presses.confirmed(listener.acks(command_id, since), repeats)


def _await_ack(trial: Trial, command_id: str, since: int) -> None:
    trial.until(
        "waiting for an acknowledgement",
        answers.ACK_WITHIN_S,
        lambda _heard: trial.listener.acks(command_id, since) or None,
    )


def _again(heard: Sequence[Heard]) -> list[Heard]:
    return [each for each in named(heard, "impact") if each.message.trigger == 0]


def _enough(messages: Sequence[Heard], count: int) -> Sequence[Heard] | None:
    return messages if len(messages) >= count else None
