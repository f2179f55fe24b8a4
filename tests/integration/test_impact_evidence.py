"""What is kept of an impact: its finding whole, revised by what arrives later, and its evidence for good."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from support.crash_trace import BOOT, CRASH_S, Said, between, crash_trace
from support.insured import Insured, insured_world
from support.lanes import DEVICE, Lane, running_lane
from support.servers import Broker
from support.shocks import driving, haversine, motion_of, struck

from incident.wording import JAPAN_TIME
from ingest.driver import Driver
from ingest.impacts import Candidate, Impacts
from schemas.impact import Severity
from schemas.wire import device_pb2 as wire
from scoring.analyse import Analysis, analyse
from scoring.finding import DETECTOR_VERSION

BEFORE_ALL = -CRASH_S - 1


@pytest.fixture
def world(database_url: str) -> Generator[Insured]:
    with insured_world(database_url) as world:
        yield world


@pytest.fixture
def urgent(world: Insured, broker: Broker) -> Generator[Lane]:
    with running_lane(world, broker, "urgent") as lane:
        yield lane


@pytest.fixture
def bulk(world: Insured, broker: Broker, urgent: Lane) -> Generator[Lane]:
    with running_lane(world, broker, "bulk", urgent.shard) as lane:
        yield lane


def say(urgent: Lane, bulk: Lane, said: list[Said]) -> None:
    """Publish it and have both lanes work it off."""
    for lane, names in ((bulk, {"accel", "gps"}), (urgent, {"impact", "button"})):
        mine = [each for each in said if each.name in names]
        for each in mine:
            lane.publish(each.name, each.payload)
        if mine:
            lane.work(len(mine))


def look(bulk: Lane) -> None:
    bulk.world.conn.execute("UPDATE evidence_due SET due_at = clock_timestamp()")
    bulk.assessor.look_again(bulk.world.conn)


def reach(world: Insured) -> tuple[float, float, float, float]:
    """From when to when motion and fixes are kept, in seconds after the crash."""
    row = world.one(
        "SELECT (SELECT min(uptime_ms) FROM impact_frames) / 1000.0 AS a,"
        " (SELECT max(uptime_ms + 1000 * samples / rate_hz) FROM impact_frames) / 1000.0 AS b,"
        " (SELECT min(uptime_ms) FROM impact_fixes) / 1000.0 AS c,"
        " (SELECT max(uptime_ms) FROM impact_fixes) / 1000.0 AS d"
    )
    first, last, first_fix, last_fix = (float(row[name]) - CRASH_S for name in "abcd")
    return first, last, first_fix, last_fix


def test_the_evidence_is_completed_later_and_what_it_shows_is_told(urgent: Lane, bulk: Lane) -> None:
    world = urgent.world
    say(urgent, bulk, between(crash_trace(), BEFORE_ALL, 3.0))
    first = world.one("SELECT * FROM impacts")
    assert first["detector"] == DETECTOR_VERSION
    assert first["analysis"]["final"] is False
    assert first["analysis"]["speed_after_kmh"] is None
    assert "stopped_after" not in first["reasons"]
    start, end, *_ = reach(world)
    assert start < -9.5
    assert 0.5 < end < 4
    # The rest of the burst is lost; what the other lane stores is seen by nobody before the look.
    say(urgent, bulk, [each for each in between(crash_trace(), 3.0, 40.0) if each.name != "impact"])
    assert world.one("SELECT analysis FROM impacts")["analysis"]["speed_after_kmh"] is None
    look(bulk)
    start, end, first_fix, last_fix = reach(world)
    assert -11.1 < start < -9.9
    assert 20.0 <= end < 21.1
    assert first_fix < -CRASH_S + 2
    assert 18.0 < last_fix <= 20.0
    known = world.one("SELECT * FROM impacts")
    assert (known["id"], known["severity"]) == (first["id"], first["severity"])
    assert known["analysis"]["final"] is True
    assert known["analysis"]["speed_after_kmh"] < 5
    assert known["analysis"]["measures"]["delta_v_series_kmh"]
    assert [each["injury"] for each in known["analysis"]["injury"]] == ["mais2_plus", "mais3_plus", "fatal"]
    assert "stopped_after" in known["reasons"]
    # Looking once more changes nothing, and after the third look there is no other.
    count = "SELECT (SELECT count(*) FROM impact_frames) AS a, (SELECT count(*) FROM impact_fixes) AS b"
    before = world.one(count)
    look(bulk)
    look(bulk)
    assert world.one(count) == before
    assert world.one("SELECT revision FROM impacts")["revision"] == known["revision"]
    assert world.rows("SELECT * FROM evidence_due") == []
    assert world.one("SELECT count(*) AS n FROM incidents")["n"] == 1


def test_what_the_device_held_back_is_added_at_a_later_look(urgent: Lane, bulk: Lane) -> None:
    world, said = urgent.world, crash_trace()
    say(urgent, bulk, [*between(said, BEFORE_ALL, 12.0), *between(said, 16.0, 40.0)])
    look(bulk)
    count = "SELECT count(*) AS n FROM impact_frames WHERE uptime_ms BETWEEN 27000 AND 30500"
    assert world.one(count)["n"] == 1
    say(urgent, bulk, between(said, 12.0, 16.0))
    look(bulk)
    assert world.one(count)["n"] == 4
    assert world.one("SELECT looks, due_at - clock_timestamp() > '50 min' AS later FROM evidence_due") == {
        "looks": 2,
        "later": True,
    }


def test_a_look_that_stumbles_is_not_tried_for_ever_and_holds_up_nobody(urgent: Lane, bulk: Lane) -> None:
    world = urgent.world
    say(urgent, bulk, between(crash_trace(), BEFORE_ALL, 3.0))
    world.conn.execute(
        """CREATE FUNCTION stumble() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN RAISE EXCEPTION 'nobody foresaw this'; END $$;
           CREATE TRIGGER stumble BEFORE INSERT ON impact_fixes FOR EACH ROW EXECUTE FUNCTION stumble();"""
    )
    say(urgent, bulk, [each for each in between(crash_trace(), 3.0, 9.0) if each.name != "impact"])
    look(bulk)
    assert world.one("SELECT looks FROM evidence_due")["looks"] == 1
    world.conn.execute("DROP TRIGGER stumble ON impact_fixes")
    look(bulk)
    assert reach(world)[1] > 6


class Recorder:
    """Findings of one shock, recorded by hand."""

    def __init__(self, world: Insured) -> None:
        world.insure(DEVICE)
        self.world = world
        self.set_up()
        motion = motion_of(struck(driving(20), haversine(30, 0.1), 1000))
        (self.found,) = analyse(motion)
        self.candidate = Candidate(
            DEVICE, BOOT, round(self.found.uptime_s * 1000), "urgent", datetime.now(UTC), late=False
        )

    def set_up(self, **settings: Any) -> None:
        self.impacts = Impacts(
            self.world.incidents, Driver.by(self.world.settings.model_copy(update=settings))
        )

    def born(self, age_years: int | None) -> None:
        year = None if age_years is None else datetime.now(JAPAN_TIME).year - age_years
        self.world.conn.execute("UPDATE policyholders SET birth_year = %s", [year])

    def estimated(self, **changes: Any) -> tuple[dict[str, str], float]:
        """What was applied, and the greatest probability of a serious injury."""
        self.record(**changes)
        found = self.world.one("SELECT analysis FROM impacts")["analysis"]
        return found["injury_modifiers"], found["injury"][1]["high"]

    def record(self, analysis: Analysis | None = None, **changes: Any) -> None:
        with self.world.conn.transaction():
            self.impacts.record(
                self.world.conn, self.candidate, replace(analysis or self.found, **changes), None
            )

    def known(self) -> tuple[str, str | None, float]:
        row = self.world.one("SELECT * FROM impacts")
        found = row["analysis"]["severity"] if row["analysis"] else None
        return row["severity"], found, round(row["delta_v_kmh"], 1)


@pytest.fixture
def recorder(world: Insured) -> Recorder:
    return Recorder(world)


def test_the_latest_finding_is_kept_and_no_severity_is_taken_back(recorder: Recorder) -> None:
    recorder.record(severity=Severity.MODERATE, delta_v_kmh=20.0, final=False)
    recorder.record(severity=Severity.SEVERE, delta_v_kmh=30.0, final=False)
    recorder.record(severity=Severity.SEVERE, delta_v_kmh=30.0, final=False)
    assert recorder.known() == ("severe", "severe", 30.0)
    assert recorder.world.one("SELECT revision FROM impacts")["revision"] == 2
    recorder.record(severity=Severity.MODERATE, delta_v_kmh=23.0, final=True, speed_after_kmh=0.0)
    assert recorder.known() == ("severe", "moderate", 23.0)
    incident = recorder.world.one("SELECT severity FROM incidents")
    assert incident["severity"] == "severe"
    # Less of the shock was seen: what was known of all of it stands.
    recorder.record(severity=Severity.LIGHT, delta_v_kmh=12.0, final=False)
    assert recorder.known() == ("severe", "moderate", 23.0)


def test_a_shock_that_was_none_after_all_takes_nothing_back_but_says_so(recorder: Recorder) -> None:
    none = {"severity": Severity.NONE, "reasons": ("thrown",)}
    recorder.record(**none)
    assert recorder.world.rows("SELECT * FROM impacts") == []
    recorder.record(severity=Severity.LIGHT, delta_v_kmh=12.0)
    recorder.record(uptime_s=recorder.found.uptime_s + 0.5, **none)
    assert recorder.known() == ("light", "light", 12.0)
    recorder.record(**none)
    assert recorder.known()[:2] == ("light", "none")
    assert recorder.world.one("SELECT reasons FROM impacts")["reasons"] == ["thrown"]
    assert recorder.world.one("SELECT phase FROM incidents")["phase"] != "closed"


def test_a_finding_that_json_cannot_hold_keeps_no_help_from_a_crash(recorder: Recorder) -> None:
    recorder.record(turned_deg=object())
    assert recorder.known()[:2] == ("severe", None)
    assert recorder.world.one("SELECT count(*) AS n FROM incidents")["n"] == 1


def test_a_figure_that_is_none_is_kept_as_unknown(recorder: Recorder) -> None:
    recorder.record(turned_deg=float("nan"), free_fall_s=np.float32(0.5))
    assert recorder.known()[:2] == ("severe", "severe")
    found = recorder.world.one("SELECT analysis FROM impacts")["analysis"]
    assert (found["turned_deg"], found["free_fall_s"]) == (None, 0.5)


def test_the_policyholders_age_counts_and_is_not_kept(recorder: Recorder) -> None:
    applied, unknown = recorder.estimated()
    assert applied == {"age": "unknown", "near_side": "unknown", "belt": "unknown"}
    recorder.born(72)
    applied, old = recorder.estimated()
    assert applied == {"age": "applied", "near_side": "unknown", "belt": "unknown"}
    # Kept with the impact, the estimate tells the decade.
    recorder.born(79)
    assert recorder.estimated()[1] == old
    recorder.born(22)
    young = recorder.estimated()[1]
    assert young < unknown < old
    for age_years in (8, 110, None):
        recorder.born(age_years)
        assert recorder.estimated() == (
            {"age": "unknown", "near_side": "unknown", "belt": "unknown"},
            unknown,
        )


@pytest.mark.parametrize(("side", "near_deg", "far_deg"), [("right", 90.0, 270.0), ("left", 270.0, 90.0)])
def test_who_sits_on_the_struck_side_fares_worse(
    recorder: Recorder, side: str, near_deg: float, far_deg: float
) -> None:
    recorder.set_up(driver_side=side)
    found = {pdof_deg: recorder.estimated(pdof_deg=pdof_deg) for pdof_deg in (near_deg, far_deg, 0.0)}
    assert [applied["near_side"] for applied, _ in found.values()] == ["near", "far", "not_from_side"]
    assert found[near_deg][1] > found[far_deg][1]


def test_modifiers_are_switched_off_by_setting(recorder: Recorder) -> None:
    recorder.set_up(injury_modifiers=())
    published = recorder.estimated(pdof_deg=90.0)
    recorder.born(72)
    assert recorder.estimated(pdof_deg=90.0) == published
    assert published[0] == {"age": "off", "near_side": "off", "belt": "unknown"}
    recorder.set_up(injury_modifiers=("age",))
    by_age = recorder.estimated(pdof_deg=90.0)
    assert by_age[0] == {"age": "applied", "near_side": "off", "belt": "unknown"}
    recorder.set_up(injury_modifiers=("near_side",))
    by_side = recorder.estimated(pdof_deg=90.0)
    assert by_side[0] == {"age": "off", "near_side": "near", "belt": "unknown"}
    assert published[1] < min(by_age[1], by_side[1])


def without_speed(said: Said) -> Said:
    """The same message from a receiver that tells where it is, but not how fast."""
    if said.name not in {"gps", "impact"}:
        return said
    message = wire.Gps() if said.name == "gps" else wire.Impact()
    message.ParseFromString(said.payload)
    for fix in message.fixes:
        fix.speed_mps = float("nan")
    return replace(said, payload=message.SerializeToString())


def test_a_receiver_that_tells_no_speed_has_not_stopped(world: Insured, urgent: Lane, bulk: Lane) -> None:
    say(urgent, bulk, [without_speed(each) for each in between(crash_trace(), BEFORE_ALL, 12.0)])
    look(bulk)
    (impact,) = world.conn.execute("SELECT * FROM impacts").fetchall()
    assert impact["severity"] == "severe"
    assert (impact["speed_before_kmh"], impact["parked"]) == (None, False)
    kept = world.conn.execute(
        "SELECT count(*) AS n, bool_and(speed_mps = 'NaN') AS unknown FROM impact_fixes"
    )
    assert kept.fetchone() == {"n": pytest.approx(60, abs=60), "unknown": True}
