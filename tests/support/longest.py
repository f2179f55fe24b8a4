"""In what order tests are given to the processes that run them: the longest first, so that no end waits for one."""

from __future__ import annotations

from typing import Any, Final

import pytest
from xdist.scheduler import LoadScopeScheduling

_ONE_BY_ONE: Final = (
    "test_stories.py",
    "test_device_check.py",
    "test_kill_loop.py",
    "test_database_killed.py",
    "test_role_hangs.py",
    "test_commands.py",
)
"""Files whose tests take long, mostly by waiting, and have no server in common."""
_THEN: Final = (
    "test_unit_page.py",
    "test_unit_dead_spot.py",
    "test_planted_faults.py",
    "test_engine_machine.py",
    "test_gps_vetoes.py",
    "test_bench_timers.py",
    "test_report.py",
)
BUSY: Final = "busy: keeps a processor busy by itself, so that others like it are given out later"


def in_order(items: list[pytest.Item]) -> list[pytest.Item]:
    """The tests in the order in which they are given out: busy ones apart, among those that wait."""
    rank = {name: number for number, name in enumerate((*_ONE_BY_ONE, *_THEN))}
    ranked = sorted(items, key=lambda item: rank.get(item.path.name, len(rank)))
    busy = [item for item in ranked if item.get_closest_marker("busy")]
    calm = [item for item in ranked if item not in busy]
    waiting = [item for item in calm if item.path.name in _ONE_BY_ONE]
    between = len(waiting) // (len(busy) or 1) + 1
    for number, item in enumerate(busy):
        waiting.insert(number * (between + 1), item)
    return [*waiting, *(item for item in calm if item.path.name not in _ONE_BY_ONE)]


class LongestFirst(LoadScopeScheduling):
    """Gives out whole files, which have servers in common, in the order in which they were collected."""

    def __init__(self, config: pytest.Config, log: Any) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if file.rpartition("/")[2] in _ONE_BY_ONE else file
