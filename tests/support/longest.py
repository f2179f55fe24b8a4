"""In what order tests are given to the processes that run them: the longest first, so that no end waits for one."""

from __future__ import annotations

from typing import Final

import pytest
from xdist.scheduler import LoadScopeScheduling

LONGEST: Final = (
    "test_stories.py",
    "test_device_check.py",
    "test_kill_loop.py",
    "test_database_killed.py",
    "test_role_hangs.py",
    "test_commands.py",
    "test_unit_page.py",
    "test_unit_dead_spot.py",
    "test_planted_faults.py",
    "test_engine_machine.py",
    "test_gps_vetoes.py",
    "test_bench_timers.py",
    "test_report.py",
)
"""Files whose tests take long, those that mostly wait before those that mostly reckon."""
_ONE_BY_ONE: Final = LONGEST[:6]
"""Files that need nothing in common."""


class LongestFirst(LoadScopeScheduling):
    """Gives out whole files, which have servers in common, in the order in which they were collected."""

    def __init__(self, config: pytest.Config) -> None:
        config.option.loadscopereorder = False
        super().__init__(config)

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if file.rpartition("/")[2] in _ONE_BY_ONE else file
