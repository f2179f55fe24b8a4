"""The steps in which a device is away: its connection is cut, or it is restarted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cli.device_check.rules import absence
from cli.device_check.rules.fault import Fault
from cli.device_check.trace import Heard, named, own
from cli.device_check.trial import Trial

_PRESS_AFTER_CUT_S: Final = 10.0
_BACK_WITHIN_S: Final = 120.0
_START_WITHIN_S: Final = 60.0
_FRESH_MS: Final = 3000


def offline(trial: Trial) -> list[Fault]:
    """A cut connection with a press in it."""
    listener = trial.listener
    trial.pause("listening", 3.0)
    # From before the cut on: it may fall silent at once.
    since = max(0, len(listener.heard) - 4)
    cut = f"Cut the device's connection for {trial.cut_s:.0f} s: take its antenna off, or shield it."
    trial.order("offline", "cut_connection", cut, for_s=trial.cut_s)
    trial.pause("leaving time for the cut", _PRESS_AFTER_CUT_S)
    trial.order("offline", "press_short", "Press the button shortly, once, while the connection is cut.")
    faults = _kept_will(trial, since)
    trial.until(
        "waiting for the device to be back",
        trial.cut_s + trial.patience_s + _BACK_WITHIN_S,
        lambda heard: _caught_up(heard[since:]),
    )
    trial.pause("listening", 3.0)
    return faults + absence.outage(listener.heard[since:], cut_for_s=trial.cut_s)


def clock(trial: Trial) -> list[Fault]:
    """A restart that leaves the device without the time of day."""
    listener = trial.listener
    old_boot = own(listener.heard)[-1].stamp.boot_id
    since = trial.order(
        "clock",
        "restart_without_time",
        "Switch the device off, keep satellite and network time from it or set its clock wrong, and switch it on.",
    )
    found = trial.until(
        "waiting for the device to start again",
        trial.patience_s + _START_WITHIN_S,
        lambda heard: next(
            (each for each in own(heard[since:]) if each.stamp.boot_id != old_boot and each.name == "status"),
            None,
        ),
    )
    if found is None:
        return absence.restarted(listener.heard[since:], old_boot, [])
    trial.pause("listening", 3.0)
    pressed = trial.order("clock", "press_short", "Press the button shortly, once.")
    press = trial.first("waiting for the press", trial.patience_s, "button", pressed)
    trial.pause("listening", 2.0)
    return absence.restarted(listener.heard[since:], old_boot, [press] if press else [])


def _kept_will(trial: Trial, since: int) -> list[Fault]:
    """Whether a last will that came early in the outage is what the broker keeps."""
    will = trial.until(
        "waiting for the last will",
        max(0.0, trial.cut_s - 2 * _PRESS_AFTER_CUT_S),
        lambda heard: next((each for each in named(heard[since:], "status") if each.by_broker), None),
    )
    if will is None:  # it may come only when the device is back
        return []
    if any(each.by_broker for each in trial.listener.kept()):
        return []
    return [Fault("the broker does not keep the last will", "set the will's retain flag")]


def _caught_up(heard: Sequence[Heard]) -> bool | None:
    """True once the device was silent, is back, and sends fresh motion again."""
    back = absence.came_back(heard)
    if back is None:
        return None
    back_s = heard[back].at_s
    frames = [each for each in named(heard[back:], "accel") if each.at_s > back_s + 2.0]
    return True if frames and frames[-1].held_ms < _FRESH_MS else None
