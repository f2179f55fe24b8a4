"""How often somebody may come: a bucket of tries for each, that fills again with time.

In this process's memory only: with several processes of the API everybody may come that many times more often.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable


class Throttle:
    """Lets `burst` tries pass at once and `per_s` a second after that, for each key. Safe between threads.

    Of keys, the `most` that came last are remembered.
    """

    def __init__(
        self, *, burst: int, per_s: float, most: int = 50_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst, self._per_s, self._most, self._clock = burst, per_s, most, clock
        self._lock = threading.Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> bool:
        """Take a try; false if there is none left."""
        with self._lock:
            left = self._now_left(key)
            self._left[key] = (max(left - 1, 0.0) if left >= 1 else left, self._clock())
            self._left.move_to_end(key)
            while len(self._left) > self._most:
                self._left.popitem(last=False)
            return left >= 1

    def allows(self, key: str) -> bool:
        """Whether a try would be let through now; takes none."""
        with self._lock:
            return self._now_left(key) >= 1

    def _now_left(self, key: str) -> float:
        left, at_s = self._left.get(key, (float(self._burst), self._clock()))
        return min(float(self._burst), left + (self._clock() - at_s) * self._per_s)
