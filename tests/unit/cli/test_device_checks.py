"""Presses, statuses and acknowledgements, right and wrong."""

from __future__ import annotations

import dataclasses

import pytest
from support.device_traces import Session, changed

from cli import device_checks as checks
from cli.device_checks import Fault
from cli.device_conduct_checks import conduct
from cli.device_trace import hear, uptime_ms
from schemas.wire import device_pb2 as wire


def whys(faults: list[Fault]) -> str:
    return " | ".join(fault.why for fault in faults)


@pytest.fixture
def device() -> Session:
    return Session()


# Connecting


def test_a_sound_start_has_no_fault(device: Session) -> None:
    status = device.status(3000)
    device.frames(2000, 3)
    assert checks.online(device.heard, [status]) == []
    assert conduct(device.heard) == []


def test_a_status_that_is_not_retained_is_missed(device: Session) -> None:
    device.status(3000)
    device.frames(2000, 3)
    assert "keeps no status" in whys(checks.online(device.heard, []))


def test_other_retained_messages_are_told(device: Session) -> None:
    status = device.status(3000)
    frames = device.frames(2000, 3)
    assert "keeps up/accel" in whys(checks.online(device.heard, [status, frames[0]]))


def test_a_counted_boot_id_is_not_random() -> None:
    device = Session(boot_id=7)
    status = device.status(3000)
    device.frames(2000, 2)
    assert "boot id 7 is not random" in whys(checks.online(device.heard, [status]))


def test_versions_must_be_named(device: Session) -> None:
    status = changed(device.status(3000), lambda message: message.ClearField("firmware"))
    device.heard[0] = status
    device.frames(2000, 2)
    assert "firmware" in whys(checks.online(device.heard, [status]))


def test_a_device_that_says_nothing_but_status_is_told_so(device: Session) -> None:
    status = device.status(3000)
    assert "nothing but the status" in whys(checks.online(device.heard, [status]))


def test_a_last_will_alone_is_no_status(device: Session) -> None:
    will = device.status(10, wire.Status.OFFLINE)
    device.frames(2000, 2)
    assert "no status ONLINE" in whys(checks.online(device.heard, [will]))


def test_a_status_made_before_the_connection_is_told(device: Session) -> None:
    message = wire.Status(stamp=device.stamp(1000), state=wire.Status.ONLINE, firmware="1", hardware="a")
    status = device.send("status", message, 9000)
    device.frames(9000, 2)
    assert "8.0 s before it was sent" in whys(checks.online(device.heard, [status]))


# Presses


@pytest.mark.parametrize(
    ("kind", "held_ms", "long"), [(wire.Button.SHORT, 300, False), (wire.Button.LONG, 3000, True)]
)
def test_presses_called_by_their_name_are_right(
    device: Session, kind: wire.Button.Kind, held_ms: int, long: bool
) -> None:
    assert checks.press_kind(device.press(5000, kind, held_ms), long=long) == []


@pytest.mark.parametrize(
    ("kind", "held_ms", "long", "why"),
    [
        (wire.Button.LONG, 3000, False, "LONG instead of SHORT"),
        (wire.Button.SHORT, 2900, True, "SHORT instead of LONG"),
        (wire.Button.UNSPECIFIED, 300, False, "UNSPECIFIED instead of SHORT"),
        (wire.Button.SHORT, 0, False, "held_ms is 0"),
        (wire.Button.SHORT, 4000, False, "held_ms is 4000"),
        (wire.Button.LONG, 400, True, "held_ms is 400"),
        (wire.Button.LONG, 4600, True, "told after 4600 ms"),
    ],
)
def test_presses_called_wrongly_are_told(
    device: Session, kind: wire.Button.Kind, held_ms: int, long: bool, why: str
) -> None:
    assert why in whys(checks.press_kind(device.press(5000, kind, held_ms), long=long))


def test_a_press_that_waits_behind_other_messages_is_told(device: Session) -> None:
    press = device.press(5000, sent_ms=6500)
    assert "waited 1500 ms" in whys(checks.press_kind(press, long=False))


def test_a_press_repeated_every_five_seconds_is_right(device: Session) -> None:
    press = device.press(5000, sent_ms=5010)
    device.again(press, 10_020)
    device.again(press, 15_100)
    assert checks.repeated(device.heard) == []
    assert checks.one_press(device.heard) == []
    assert conduct(device.heard) == []


def test_a_press_never_repeated_is_told(device: Session) -> None:
    device.press(5000)
    assert "not sent again" in whys(checks.repeated(device.heard))


@pytest.mark.parametrize("gap_ms", [900, 3900, 7100, 11_000])
def test_repeats_too_soon_or_too_late_are_told(device: Session, gap_ms: int) -> None:
    press = device.press(5000, sent_ms=5010)
    device.again(press, 5010 + gap_ms)
    assert f"came again after {gap_ms / 1000:.1f} s" in whys(checks.repeated(device.heard))


def test_copies_with_the_same_time_of_sending_are_told(device: Session) -> None:
    press = device.press(5000, sent_ms=5010)
    device.heard.append(dataclasses.replace(press, at_s=press.at_s + 5))
    assert "same sent_uptime_ms" in whys(checks.repeated(device.heard))


def test_a_repeat_with_a_new_number_is_another_press(device: Session) -> None:
    device.press(5000)
    device.press(5000, sent_ms=10_000)
    assert "2 presses, sequences 1, 2" in whys(checks.one_press(device.heard))


def test_a_receipt_acknowledged_and_obeyed_is_right(device: Session) -> None:
    ack = device.ack("r", wire.Ack.DONE, 9000)
    assert checks.confirmed([ack], []) == []


def test_a_press_sent_again_after_its_receipt_is_told(device: Session) -> None:
    press = device.press(5000)
    ack = device.ack("r", wire.Ack.DONE, 9000)
    assert "again after its receipt" in whys(checks.confirmed([ack], [press]))
    assert "not acknowledged" in whys(checks.confirmed([], []))


# Acknowledgements


@pytest.mark.parametrize(
    ("results", "wanted", "why"),
    [
        ([wire.Ack.EXPIRED], wire.Ack.EXPIRED, ""),
        ([wire.Ack.DONE, wire.Ack.DONE], wire.Ack.DONE, ""),
        ([wire.Ack.DONE], wire.Ack.EXPIRED, "as DONE instead of EXPIRED"),
        ([wire.Ack.EXPIRED, wire.Ack.DONE], wire.Ack.EXPIRED, "as EXPIRED, DONE instead of EXPIRED"),
        ([], wire.Ack.DONE, "not acknowledged within 5 s"),
    ],
)
def test_answers_to_commands(
    device: Session, results: list[wire.Ack.Result], wanted: wire.Ack.Result, why: str
) -> None:
    acks = [device.ack("c", result, 5000 + 10 * index) for index, result in enumerate(results)]
    faults = checks.answered(acks, wanted, "the command")
    assert bool(faults) is bool(why)
    assert why in whys(faults)


# Every message


def test_what_the_backend_rejects_is_told_once_with_a_count(device: Session) -> None:
    frames = [
        changed(frame, lambda message: setattr(message.motion, "rate_hz", 20))
        for frame in device.frames(0, 4)
    ]
    faults = conduct(frames)
    assert len(faults) == 1
    assert "bad_rate" in faults[0].why
    assert "(4 times)" in faults[0].why
    assert "50 to 1000" in faults[0].fix


def test_the_marks_of_a_press_are_told(device: Session) -> None:
    press = changed(device.press(5000), lambda message: message.stamp.ClearField("boot_id"))
    assert "no_stamp" in whys(conduct([press]))


def test_an_unset_clock_is_no_fault() -> None:
    device = Session(clock=wire.Stamp.UNSET)
    device.press(5000)
    device.frames(4000, 2)
    assert conduct(device.heard) == []


def test_a_clock_that_is_set_and_wrong_is_told(device: Session) -> None:
    def behind(message: wire.Button) -> None:
        message.stamp.event_wall_ms -= 600_000

    press = changed(device.press(5000), behind)
    assert "says GPS and is 600 s behind" in whys(conduct([press]))


def test_a_wall_time_that_is_of_the_sending_is_told_once_it_matters(device: Session) -> None:
    message = wire.Button(stamp=device.stamp(5000), kind=wire.Button.SHORT, held_ms=300)
    message.stamp.event_wall_ms += 180_000
    press = device.send("button", message, 185_000)
    assert "180 s ahead" in whys(conduct([press]))


def test_another_quality_of_service_is_told(device: Session) -> None:
    device.frame(0)
    device.send("status", wire.Status(stamp=device.stamp(2000), state=wire.Status.ONLINE), 2000, qos=0)
    assert whys(conduct(device.heard)) == "up/status comes at another QoS than 1"


def test_a_number_used_twice_is_told(device: Session) -> None:
    device.frame(0)
    message = wire.Status(stamp=device.stamp(1100, sequence=1), state=wire.Status.ONLINE)
    device.send("status", message, 1100)
    assert "sequence 1 was used for different messages on up/accel, up/status" in whys(conduct(device.heard))


def test_copies_may_differ_in_sending_time_and_fill_of_the_store(device: Session) -> None:
    status = device.status(2000)
    message = wire.Status.FromString(status.message.SerializeToString())
    message.buffered_messages = 9
    device.send("status", message, 4000)
    assert conduct(device.heard) == []


def test_a_number_that_runs_against_uptime_is_told(device: Session) -> None:
    device.frame(5000)
    device.frame(3000, sent_ms=6100)
    assert "happened before" in whys(conduct(device.heard))


def test_what_cannot_be_decoded_and_foreign_topics_are_told(device: Session) -> None:
    press = device.press(1000)
    heard = [
        hear("cb/v1/00/test-1/up/horn", b"x", qos=1, at_s=0, received_at=press.received_at),
        hear("cb/v1/00/test-1/up/button", b"\xff\xff", qos=1, at_s=0, received_at=press.received_at),
        hear("cb/v1/00/test-1/up/gps", b"{not json", qos=1, at_s=0, received_at=press.received_at),
    ]
    told = whys(conduct(heard))
    assert "up/horn is rejected: bad_topic" in told
    assert "up/button is rejected: not_protobuf" in told
    assert "up/gps is rejected: not_json" in told


def test_the_uptime_now_is_reckoned_from_the_newest_message(device: Session) -> None:
    device.frame(5000)
    device.status(1, wire.Status.OFFLINE, at=7000)  # a last will says nothing of now
    newest = device.heard[0]
    assert uptime_ms(device.heard, newest.at_s + 2.5) == newest.stamp.sent_uptime_ms + 2500
    assert uptime_ms([], 5.0) == 0
