"""What a simulated fleet is made of: the JSON configuration of `python -m device_sim cars`."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from device_sim.physics.drop import Drop
from device_sim.physics.pulses import Pulse, Shape
from device_sim.physics.rollover import Rollover
from device_sim.physics.routes import route_ids
from schemas import topics


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class _Action(_Model):
    at_s: (
        Annotated[float, Field(ge=0.0, description="Seconds after the car's start; absent: at once.")] | None
    ) = None
    min_speed_kmh: (
        Annotated[
            float, Field(gt=0.0, description="Wait from then on until the car goes at least this fast.")
        ]
        | None
    ) = None


class Crash(_Action):
    """The car is struck; `pdof_deg` is where the force comes from, clockwise from the front.

    With `drives_on` it only feels so, as a device that is struck itself: the car goes on along its route.
    """

    do: Literal["crash"]
    delta_v_kmh: float = Field(ge=1.0, le=150.0)
    pdof_deg: float = Field(0.0, ge=-360.0, le=360.0)
    shape: Shape = Shape.BARRIER
    duration_ms: float = Field(100.0, ge=20.0, le=400.0)
    drives_on: bool = False

    def pulse(self, seed: int) -> Pulse:
        """The pulse asked for; the seed varies its ringing."""
        return Pulse(self.delta_v_kmh, self.pdof_deg, self.shape, self.duration_ms, seed=seed)


class RollOver(_Action):
    """The car is struck from the side and turns over: 90 degrees onto its side, 180 onto its roof."""

    do: Literal["roll_over"]
    delta_v_kmh: float = Field(ge=1.0, le=150.0)
    pdof_deg: float = Field(90.0, ge=-360.0, le=360.0)
    shape: Shape = Shape.HAVERSINE
    duration_ms: float = Field(120.0, ge=20.0, le=400.0)
    roll_deg: float = Field(90.0, ge=30.0, le=360.0)
    roll_s: float = Field(2.0, ge=1.0, le=5.0)

    def rollover(self, seed: int) -> Rollover:
        """The rollover asked for; the seed varies its ringing and where the ground strikes."""
        pulse = Pulse(self.delta_v_kmh, self.pdof_deg, self.shape, self.duration_ms, seed=seed)
        return Rollover(pulse, self.roll_deg, self.roll_s)


class Press(_Action):
    """Somebody presses the button: short = trouble, long (3 s) = emergency."""

    do: Literal["press"]
    kind: Literal["short", "long"]


class Fall(_Action):
    """The device falls from its holder; what is not given is drawn as for a dropped phone."""

    do: Literal["drop"]
    fall_s: float | None = Field(None, ge=0.1, le=1.5)
    peak_g: float | None = Field(None, ge=4.0, le=60.0)

    def drop(self, usual: Drop) -> Drop:
        """The drop asked for, with `usual` for what was left out."""
        return Drop(self.fall_s or usual.fall_s, self.peak_g or usual.peak_g)


class Pothole(_Action):
    """A wheel meets a pothole."""

    do: Literal["pothole"]
    peak_g: float = Field(1.2, ge=0.05, le=4.0)


class Offline(_Action):
    """No coverage for a while."""

    do: Literal["offline"]
    for_s: float = Field(gt=0.0, le=86400.0)


class Stop(_Action):
    """The driver stops by the road."""

    do: Literal["stop"]


class DriveOn(_Action):
    """The driver drives off again."""

    do: Literal["drive"]


Motion = Crash | RollOver | Fall | Pothole | Stop | DriveOn
"""What happens to the car, rather than to the device."""
Action = Annotated[
    Crash | RollOver | Press | Fall | Pothole | Offline | Stop | DriveOn, Field(discriminator="do")
]


class BrokerConfig(_Model):
    """The MQTT broker; no user = no credentials."""

    host: str = "127.0.0.1"
    port: int = Field(ge=1, le=65535)
    user: str = ""
    password: str = ""


def _known_route(route: str) -> str:
    if route not in route_ids():
        raise ValueError(f"no such route; there are {', '.join(route_ids())}")
    return route


def _known_shard(shard: str) -> str:
    if shard not in topics.SHARDS:
        raise ValueError("a shard is 00 to 0f")
    return shard


RouteId = Annotated[str, AfterValidator(_known_route)]
Shard = Annotated[str, AfterValidator(_known_shard)]


class _Equipment(_Model):
    """The sensor and clock of a device; see `CarConfig`.

    `block_s` is how often motion reaches the device's processor: an impact is noticed at
    most so much later, and a longer block costs less. `gps_lag_s` is how far its fixes are
    behind; null: it has none.
    """

    rate_hz: float = Field(100.0, ge=50.0, le=1000.0)
    full_scale_g: float = Field(16.0, ge=2.0, le=200.0)
    lowpass_hz: float = Field(42.0, ge=0.0, le=500.0)
    clock: Literal["gps", "wrong", "none"] = "gps"
    gps_lag_s: int | None = Field(0, ge=0, le=10)
    block_s: float = Field(0.1, ge=0.02, le=1.0)


class CarConfig(_Equipment):
    """One car and its device. `user` and `password` replace the broker's for this device.

    clock: gps = right; wrong = says GPS but is 1,024 weeks behind, as receivers after a
    rollover of the week number are; none = never set.
    """

    device_id: str = Field(pattern=f"^(?:{topics.DEVICE_ID.pattern})$")
    shard: Shard
    route: RouteId
    seed: int = Field(0, ge=0)
    user: str | None = None
    password: str | None = None
    script: tuple[Action, ...] = ()


class Bulk(_Equipment):
    """Many plain cars: `{prefix}00001` and on, on shards and routes in turn, seeds counting up.

    They booted at different moments of the last second, so that their messages spread.
    """

    count: int = Field(ge=1, le=20_000)
    prefix: str = Field("sim-", pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,33}$")
    routes: tuple[RouteId, ...] = Field(default_factory=route_ids, min_length=1)
    shards: tuple[Shard, ...] = Field(topics.SHARDS, min_length=1)
    seed: int = Field(1, ge=0)
    block_s: float = Field(1.0, ge=0.02, le=1.0)

    def cars(self) -> list[CarConfig]:
        """The cars in full."""
        equipment = self.model_dump(include=set(_Equipment.model_fields))
        return [
            CarConfig(
                device_id=f"{self.prefix}{number + 1:05d}",
                shard=self.shards[number % len(self.shards)],
                route=self.routes[number % len(self.routes)],
                seed=self.seed + number,
                **equipment,
            )
            for number in range(self.count)
        ]


class FleetConfig(_Model):
    """A fleet: the broker, a port for the control server (0 = a free one), the cars."""

    broker: BrokerConfig
    control_port: int = Field(0, ge=0, le=65535)
    cars: tuple[CarConfig, ...] = ()
    bulk: Bulk | None = None

    def all_cars(self) -> list[CarConfig]:
        """The cars by name, then those in bulk."""
        return [*self.cars, *(self.bulk.cars() if self.bulk else [])]

    @model_validator(mode="after")
    def _check(self) -> Self:
        used = Counter(car.device_id for car in self.all_cars())
        if not used:
            raise ValueError("a fleet needs cars or bulk")
        doubled = sorted(device_id for device_id, times in used.items() if times > 1)
        if doubled:
            raise ValueError(f"device ids used twice: {', '.join(doubled)}")
        return self
