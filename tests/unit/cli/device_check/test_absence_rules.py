"""Outages and restarts, right and wrong."""

from __future__ import annotations

from typing import Any

from support.device_traces import BOOT, Session, changed, whys

from cli.device_check.rules import absence
from cli.device_check.rules.conduct import conduct
from cli.device_check.trace import Heard
from schemas.wire import device_pb2 as wire

# Outages


def outage(device: Session, *, keeps_frames: bool = True, press_first: bool = True) -> list[Heard]:
    """Connected until 10 s, cut until 50 s with a press at 20 s, back and caught up at 55 s."""
    will = device.stamp(500)
    device.frames(5000, 5)
    kept = [wire.Accel(stamp=device.stamp(10_000 + 1000 * n)) for n in range(40)]
    press = wire.Button(stamp=device.stamp(20_000), kind=wire.Button.SHORT, held_ms=300)
    if not press_first:
        _send_frames(device, kept[:10])
    message = wire.Status(stamp=will, state=wire.Status.OFFLINE)
    device.send("status", message, 500, at_ms=25_000)
    device.status(50_100)
    device.send("button", press, 50_110)
    if keeps_frames:
        _send_frames(device, kept if press_first else kept[10:])
    device.frames(50_000, 5)
    return device.heard


def _send_frames(device: Session, kept: list[wire.Accel]) -> None:
    template = Session().frame(0).message.motion
    for index, frame in enumerate(kept):
        frame.motion.CopyFrom(template)
        device.send("accel", frame, 50_200 + 20 * index)


def test_an_outage_in_which_nothing_is_lost_is_right(device: Session) -> None:
    heard = outage(device)
    assert absence.outage(heard, cut_for_s=40) == []
    assert conduct(heard) == []


def test_a_device_that_was_never_away_is_told(device: Session) -> None:
    device.frames(1000, 20)
    assert "went on sending" in whys(absence.outage(device.heard, cut_for_s=40))


def test_motion_thrown_away_during_an_outage_is_told(device: Session) -> None:
    told = whys(absence.outage(outage(device, keeps_frames=False), cut_for_s=40))
    assert "40000 ms after the end of the one before it" in told
    assert "40 sequence numbers are missing" in told


def test_no_last_will_is_told(device: Session) -> None:
    heard = [one for one in outage(device) if not one.by_broker]
    assert "no last will" in whys(absence.outage(heard, cut_for_s=40))


def test_a_status_that_stays_offline_is_told(device: Session) -> None:
    heard = [one for one in outage(device) if one.name != "status" or one.by_broker]
    assert "last status is OFFLINE" in whys(absence.outage(heard, cut_for_s=40))


def test_a_press_lost_or_sent_last_is_told(device: Session) -> None:
    heard = outage(device)
    without = [one for one in heard if one.name != "button"]
    assert "never came" in whys(absence.outage(without, cut_for_s=40))
    other = outage(Session(), press_first=False)
    assert "messages came before the press" in whys(absence.outage(other, cut_for_s=40))


def test_a_copy_of_an_earlier_press_is_not_the_press_made_without_connection() -> None:
    device = Session()
    earlier = device.press(4000)
    heard = [one for one in outage(device) if one.name != "button" or one is earlier]
    back = next(index for index, one in enumerate(heard) if one.name == "status" and not one.by_broker)
    heard.insert(back + 1, device.again(earlier, 50_120))
    assert "never came" in whys(absence.outage(heard, cut_for_s=40))


def test_sending_times_of_the_first_attempt_are_told(device: Session) -> None:
    def at_once(message: Any) -> None:
        message.stamp.sent_uptime_ms = message.stamp.event_uptime_ms + 1015

    heard = [changed(one, at_once) if one.name in ("accel", "button") else one for one in outage(device)]
    assert "write sent_uptime_ms when a message is handed over" in " ".join(
        fault.fix for fault in absence.outage(heard, cut_for_s=40)
    )


def test_a_last_will_with_the_number_of_another_message_is_told(device: Session) -> None:
    heard = outage(device)
    number = next(one for one in heard if one.name == "accel").stamp.sequence
    heard = [
        changed(one, lambda will: setattr(will.stamp, "sequence", number)) if one.by_broker else one
        for one in heard
    ]
    assert f"sequence {number} was used for different messages" in whys(conduct(heard))


# Restarts


def restart(**new: Any) -> tuple[list[Heard], list[Heard]]:
    before = Session()
    before.frames(1000, 2)
    after = Session(**{"boot_id": 0x1111222233334444, "clock": wire.Stamp.UNSET, "origin_s": 1100.0, **new})
    after.status(3000)
    after.frames(2000, 3)
    press = after.press(8000)
    return [*before.heard, *after.heard], [press]


def test_a_restart_without_the_time_is_right() -> None:
    heard, presses = restart()
    assert absence.restarted(heard, BOOT, presses) == []


def test_a_boot_id_that_stays_is_told() -> None:
    heard, presses = restart(boot_id=BOOT)
    assert "boot id is the same" in whys(absence.restarted(heard, BOOT, presses))


def test_messages_of_the_boot_before_are_told() -> None:
    heard, presses = restart()
    heard.append(heard[0])
    assert "of the boot before" in whys(absence.restarted(heard, BOOT, presses))


def test_a_count_that_goes_on_is_told() -> None:
    heard, presses = restart()
    on = [
        changed(one, lambda message: setattr(message.stamp, "sequence", message.stamp.sequence + 500))
        for one in heard[2:]
    ]
    assert "first sequence heard is 501" in whys(absence.restarted([*heard[:2], *on], BOOT, presses))


def test_a_press_that_waits_for_the_time_is_told() -> None:
    heard, _ = restart()
    assert "press never came" in whys(absence.restarted(heard, BOOT, []))


def test_a_wall_time_without_a_clock_is_told() -> None:
    heard, presses = restart()
    wrong = [changed(one, lambda message: setattr(message.stamp, "event_wall_ms", 5)) for one in heard[2:]]
    assert "event_wall_ms is set" in whys(absence.restarted([*heard[:2], *wrong], BOOT, presses))


def test_an_uptime_that_jumped_is_told() -> None:
    heard, (press,) = restart()

    def jump(message: Any) -> None:
        message.stamp.event_uptime_ms += 60_000
        message.stamp.sent_uptime_ms += 60_000

    jumped = changed(press, jump)
    assert "placed 60 s wrong" in whys(absence.restarted([*heard[:-1], jumped], BOOT, [jumped]))
