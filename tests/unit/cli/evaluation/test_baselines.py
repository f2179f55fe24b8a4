import numpy as np
import pytest

from cli.evaluation.baselines import BASELINES, events, felt
from schemas.recording import G_MPS2
from scoring.frames import Motion
from scoring.speed import SpeedTrack


def fired(
    along: tuple[float, float, float], size_g: float, duration_s: float, *, speed_kmh: float | None
) -> set[str]:
    """Which rules fire on a block of acceleration after calm driving with z up."""
    acc = np.zeros((3, 2000))
    acc[2] = G_MPS2
    first = 1500
    acc[:, first : first + round(duration_s * 100)] += size_g * G_MPS2 * np.array(along)[:, None]
    motion = Motion(acc.astype(np.float32), 5.0, 100.0, 16.0, 42.0)
    times_s = np.arange(5.0, 25.0)
    track = None if speed_kmh is None else SpeedTrack(times_s, np.full(20, speed_kmh / 3.6), np.zeros(20))
    ready = felt(motion, track)
    found = {rule.name: events(rule, ready) for rule in BASELINES}
    assert all(len(moments) <= 1 for moments in found.values())
    assert all(abs(moments[0] - 20.0) < 0.3 for moments in found.values() if moments)
    return {name for name, moments in found.items() if moments}


FORWARD = (1.0, 0.0, 0.0)
UP = (0.0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("along", "size_g", "duration_s", "speed_kmh", "rules"),
    [
        (FORWARD, 1.0, 1.0, 80.0, set()),  # hard braking: 5.3 km/h in 150 ms
        (FORWARD, 2.0, 0.10, 80.0, {"B3"}),  # 7.1 km/h
        (FORWARD, 2.0, 0.12, 80.0, {"B3", "B4"}),  # 8.5 km/h
        (FORWARD, 3.0, 0.02, 80.0, {"B2"}),
        (FORWARD, 6.0, 0.10, 80.0, {"B1", "B2", "B3", "B4", "B5"}),
        (FORWARD, 6.0, 0.10, 10.0, {"B2", "B3", "B4", "B5"}),
        (FORWARD, 6.0, 0.10, None, {"B2", "B3", "B4", "B5"}),
        (UP, 5.0, 0.01, 80.0, {"B1"}),
        (UP, 5.0, 0.03, 80.0, {"B1", "B5"}),
    ],
)
def test_each_rule_fires_on_what_it_names(
    along: tuple[float, float, float],
    size_g: float,
    duration_s: float,
    speed_kmh: float | None,
    rules: set[str],
) -> None:
    assert fired(along, size_g, duration_s, speed_kmh=speed_kmh) == rules
