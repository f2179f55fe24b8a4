"""The bulk lane: motion, fixes and acknowledgements, a batch to a transaction.

One commit stores the frames, what could not be read, and every candidate the screen found
in them, with the moment by which it must be decided: a worker that dies right after loses
nothing. The screen's memory is replaced only after that commit. A batch that fails is halved
until the message is found that cannot be worked off.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar

import structlog

from incident.service import Incidents, hint
from ingest import copying
from ingest.attempt import attempt
from ingest.copying import ACCEL_FRAMES, GPS_FIXES, Row
from ingest.dead_letters import bury
from ingest.envelope import AccelFrame, AckReport, GpsBatch, Rejection, Uplink, read
from ingest.fleet import SQL, Boot, Fleet
from ingest.impacts import Candidate
from ingest.placing import TOLERANCE, Placed, moment
from ingest.session import Delivery
from ingest.speeds import Told, screen_speeds
from runtime.database import Connection
from schemas.impact import Position
from schemas.topics import UpTopic, parse_up
from scoring.frames import Frame
from scoring.memory import Hit, Memory, screen_batch

K = TypeVar("K")
V = TypeVar("V")
# The next frame of a second arrives within this time, with what is missing of a pulse.
_NEXT_FRAME: Final = timedelta(seconds=1.5)
# Help is not sent to where a car was longer ago than a minute, by a clock that may be off.
_STILL_THERE: Final = timedelta(seconds=60) + TOLERANCE


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A frame with where it came from and when it was."""

    delivery: Delivery
    topic: UpTopic
    frame: AccelFrame
    placed: Placed

    @property
    def boot(self) -> Boot:
        return self.topic.device_id, self.frame.stamp.boot_id

    @property
    def uptime_ms(self) -> int:
        return self.frame.stamp.event_uptime_ms


_Located = tuple[Delivery, UpTopic, Row]


@dataclass(slots=True)
class _Batch:
    frames: list[_Arrival] = field(default_factory=list[_Arrival])
    fixes: list[_Located] = field(default_factory=list[_Located])
    acks: list[tuple[Delivery, UpTopic, AckReport]] = field(
        default_factory=list[tuple[Delivery, UpTopic, AckReport]]
    )
    rejected: list[tuple[Delivery, Rejection, str | None]] = field(
        default_factory=list[tuple[Delivery, Rejection, str | None]]
    )


class BulkLane:
    """Works batches off; belongs to one worker with its own autocommit connection."""

    def __init__(self, incidents: Incidents, *, dead_letter_bytes: int) -> None:
        self._incidents = incidents
        self._cap_bytes = dead_letter_bytes
        self._fleet = Fleet()
        self._memories: dict[Hashable, Memory] = {}
        self._speeds: dict[Boot, Told] = {}
        self._log = structlog.get_logger(role="ingest", lane="bulk")

    def work(self, conn: Connection, deliveries: Sequence[Delivery]) -> None:
        """Commit a batch, then acknowledge it.

        Raises as `attempt` does when the database is lost; then what is not
        acknowledged stays at the broker.
        """
        done = attempt(conn, lambda: self._keep(conn, deliveries))
        if isinstance(done, Exception):
            self._fleet = Fleet()
            self._work_in_halves(conn, deliveries, done)
            return
        batch, memories, speeds, found = done
        _put(self._memories, memories)
        _put(self._speeds, speeds)
        self._finish_commands(conn, batch)
        for delivery in deliveries:
            delivery.session.acknowledge(delivery)
        if batch.rejected:
            self._log.warning(
                "messages rejected", count=len(batch.rejected), first=batch.rejected[0][1].reason
            )
        placed = self._place_incidents(conn, batch)
        if found or batch.acks or placed:
            hint(conn)

    def _keep(
        self, conn: Connection, deliveries: Sequence[Delivery]
    ) -> tuple[_Batch, dict[Hashable, Memory], dict[Boot, Told], int]:
        """What is committed together: the batch, the memories to keep after that, how many hits."""
        batch = self._read(conn, deliveries)
        frames, fixes = self._store(conn, batch)
        memories, found = self._screen(conn, frames)
        speeds, lost = self._screen_speeds(conn, fixes)
        for delivery, rejection, device_id in batch.rejected:
            bury(conn, delivery, rejection, device_id=device_id, cap_bytes=self._cap_bytes)
        return batch, memories, speeds, found + lost

    def _work_in_halves(self, conn: Connection, deliveries: Sequence[Delivery], error: Exception) -> None:
        if len(deliveries) > 1:
            middle = len(deliveries) // 2
            self.work(conn, deliveries[:middle])
            self.work(conn, deliveries[middle:])
            return
        self._set_aside(conn, deliveries[0], error)
        deliveries[0].session.acknowledge(deliveries[0])

    def _set_aside(self, conn: Connection, delivery: Delivery, error: Exception) -> None:
        self._log.error("message failed", topic=delivery.topic, exc_info=error)
        topic = parse_up(delivery.topic)
        device_id = topic.device_id if topic else None
        with conn.transaction():
            bury(
                conn,
                delivery,
                Rejection("failed", repr(error)),
                device_id=device_id,
                cap_bytes=self._cap_bytes,
            )

    def _finish_commands(self, conn: Connection, batch: _Batch) -> None:
        """Each in a transaction of its own: what it locks, the engine may be waiting for."""
        for delivery, topic, ack in batch.acks:
            finish = partial(
                self._incidents.command_acknowledged, conn, topic.device_id, ack.command_id, ack.result
            )
            failure = attempt(conn, finish)
            if failure is not None:
                self._set_aside(conn, delivery, failure)

    def forget(self, *, keep: int) -> None:
        """Drop the memories of the longest silent devices beyond so many: each is a tail of motion."""
        _forget(self._memories, keep)
        _forget(self._speeds, keep)

    def _place_incidents(self, conn: Connection, batch: _Batch) -> bool:
        """Where an incident opened without a place, the fresh fixes that follow give it one.

        Each in a transaction of its own; one missed by a crash is placed by the next fixes.
        """
        latest: dict[str, tuple[datetime, Position]] = {}
        for delivery, topic, (_, _, _, _, at, _, _, lat_deg, lon_deg, *_) in batch.fixes:
            known = latest.get(topic.device_id)
            if abs(at - delivery.received_at) <= _STILL_THERE and (known is None or at >= known[0]):
                latest[topic.device_id] = at, Position(lat_deg, lon_deg)
        if not latest or not self._incidents.unplaced(conn, list(latest)):
            return False
        for device_id, (at, position) in latest.items():
            failure = attempt(conn, partial(self._incidents.place, conn, device_id, position, at))
            if failure is not None:
                self._log.error("incident cannot be placed", device=device_id, exc_info=failure)
        return True

    def _read(self, conn: Connection, deliveries: Sequence[Delivery]) -> _Batch:
        batch = _Batch()
        parsed = [(delivery, parse_up(delivery.topic)) for delivery in deliveries]
        self._fleet.refresh(conn, {topic.device_id for _, topic in parsed if topic})
        read_ones: list[tuple[Delivery, UpTopic, Uplink]] = []
        for delivery, topic in parsed:
            if topic is None:
                batch.rejected.append((delivery, Rejection("bad_topic", delivery.topic), None))
                continue
            uplink = self._fleet.check(topic) or read(topic, delivery.payload, delivery.received_at)
            if isinstance(uplink, Rejection):
                known = topic.device_id if self._fleet.knows(topic.device_id) else None
                batch.rejected.append((delivery, uplink, known))
            else:
                read_ones.append((delivery, topic, uplink))
        self._fleet.load_anchors(
            conn, ((topic.device_id, uplink.stamp.boot_id) for _, topic, uplink in read_ones)
        )
        for delivery, topic, uplink in read_ones:
            placed = self._fleet.place(conn, topic.device_id, uplink.stamp, delivery.received_at)
            match uplink:
                case AccelFrame():
                    batch.frames.append(_Arrival(delivery, topic, uplink, placed))
                case GpsBatch():
                    batch.fixes.extend(
                        (delivery, topic, row) for row in _fix_rows(topic.device_id, uplink, placed)
                    )
                case AckReport():
                    batch.acks.append((delivery, topic, uplink))
                case _:
                    batch.rejected.append((delivery, Rejection("bad_topic", delivery.topic), topic.device_id))
        return batch

    def _store(self, conn: Connection, batch: _Batch) -> tuple[list[_Arrival], list[_Located]]:
        """Store frames and fixes; those that were not there before."""
        frames = copying.store(conn, ACCEL_FRAMES, [_frame_row(arrival) for arrival in batch.frames])
        fixes = copying.store(conn, GPS_FIXES, [row for _, _, row in batch.fixes])
        for index, reason in frames.refused.items():
            arrival = batch.frames[index]
            refusal = Rejection("database_refused", reason)
            batch.rejected.append((arrival.delivery, refusal, arrival.topic.device_id))
        for index, reason in fixes.refused.items():
            delivery, topic, _ = batch.fixes[index]
            batch.rejected.append((delivery, Rejection("database_refused", reason), topic.device_id))
        return (
            [batch.frames[index] for index in sorted(frames.new)],
            [batch.fixes[index] for index in sorted(fixes.new)],
        )

    def _screen(self, conn: Connection, arrivals: list[_Arrival]) -> tuple[dict[Hashable, Memory], int]:
        """Screen new frames and note candidates; the memories to keep after the commit."""
        if not arrivals:
            return {}, 0
        memories, hits = screen_batch(self._memories, [_screenable(arrival) for arrival in arrivals])
        of_boot: dict[Hashable, list[_Arrival]] = {}
        for arrival in arrivals:
            of_boot.setdefault(arrival.boot, []).append(arrival)
        for hit in hits:
            arrival = _frame_of(hit, of_boot[hit.key])
            stamp = arrival.frame.stamp
            candidate = Candidate(
                arrival.topic.device_id,
                stamp.boot_id,
                hit.uptime_ms,
                "bulk",
                moment(hit.uptime_ms, arrival.placed, stamp),
                stamp.late,
            )
            _open(conn, candidate, arrival.topic.shard, timedelta() if hit.complete else _NEXT_FRAME)
        return memories, len(hits)

    def _screen_speeds(self, conn: Connection, located: list[_Located]) -> tuple[dict[Boot, Told], int]:
        """Screen new fixes for speed lost at once, and note candidates; the memories to keep after the commit."""
        fixes = [_told(row) for _, _, row in located]
        speeds, losses = screen_speeds(self._speeds, fixes)
        for loss in losses:
            _, topic, (_, boot_id, _, _, at, fix_ms, late, *_) = located[loss.place]
            ago = timedelta(milliseconds=fix_ms - loss.uptime_ms)
            candidate = Candidate(topic.device_id, boot_id, loss.uptime_ms, "bulk", at - ago, late)
            _open(conn, candidate, topic.shard, _NEXT_FRAME)
        return speeds, len(losses)


def _open(conn: Connection, candidate: Candidate, shard: str, wait: timedelta) -> None:
    values = {"shard": shard, "at": candidate.at, "late": candidate.late, "wait": wait}
    conn.execute(SQL["open_candidate"], {**candidate.key, **values})


def _put(memories: dict[K, V], new: Mapping[K, V]) -> None:
    """Put new memories in place, last: so the longest silent ones stand first."""
    for boot, memory in new.items():
        memories.pop(boot, None)
        memories[boot] = memory


def _forget(memories: dict[K, V], keep: int) -> None:
    for boot in list(memories)[: max(0, len(memories) - keep)]:
        del memories[boot]


def _told(row: Row) -> tuple[Boot, Told]:
    device_id, boot_id, _, _, _, uptime_ms, _, _, _, speed_mps, *_ = row
    return (device_id, boot_id), Told(uptime_ms, speed_mps)


def _frame_of(hit: Hit, arrivals: Sequence[_Arrival]) -> _Arrival:
    """The frame of a boot in which a hit lies, or after which it comes, or else the first one."""
    before = [arrival for arrival in arrivals if arrival.uptime_ms <= hit.uptime_ms]
    if before:
        return max(before, key=lambda arrival: arrival.uptime_ms)
    return min(arrivals, key=lambda arrival: arrival.uptime_ms)


def _screenable(arrival: _Arrival) -> Frame:
    motion = arrival.frame.motion
    return Frame(
        key=arrival.boot,
        uptime_ms=arrival.frame.stamp.event_uptime_ms,
        rate_hz=motion.rate_hz,
        samples=motion.samples,
        scale_mps2=motion.scale_mps2,
        full_scale_g=motion.full_scale_g,
        lowpass_hz=motion.lowpass_hz,
        counts=motion.counts,
    )


def _frame_row(arrival: _Arrival) -> Row:
    stamp, motion = arrival.frame.stamp, arrival.frame.motion
    return (
        arrival.topic.device_id,
        stamp.boot_id,
        stamp.sequence,
        arrival.placed.at,
        stamp.event_uptime_ms,
        arrival.delivery.received_at,
        stamp.late,
        motion.rate_hz,
        motion.samples,
        motion.scale_mps2,
        motion.full_scale_g,
        motion.lowpass_hz,
        motion.counts,
    )


def _fix_rows(device_id: str, gps: GpsBatch, placed: Placed) -> list[Row]:
    return [
        (
            device_id,
            gps.stamp.boot_id,
            gps.stamp.sequence,
            ordinal,
            moment(fix.uptime_ms, placed, gps.stamp),
            fix.uptime_ms,
            gps.stamp.late,
            fix.lat_deg,
            fix.lon_deg,
            fix.speed_mps,
            fix.heading_deg,
            fix.accuracy_m,
        )
        for ordinal, fix in enumerate(gps.fixes)
    ]
