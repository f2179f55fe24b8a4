"""What holds for every message, right and wrong."""

from __future__ import annotations

from support.device_traces import Session, changed, whys

from cli.device_check.rules.conduct import conduct
from cli.device_check.trace import hear, uptime_ms
from schemas.wire import device_pb2 as wire


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
