"""The real roles give signs of life while they work; one that hangs is killed and started anew."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace

from support.children import until
from support.servers import short_folder

from runtime.child import ChildSpec, ChildStatus
from runtime.settings import Settings
from runtime.stack import Stack, standard_roles

ROLES = ("ingest-urgent", "ingest-bulk", "engine", "api")


def impatient(settings: Settings) -> tuple[ChildSpec, ...]:
    specs = standard_roles(settings)
    assert {spec.beats_within_s for spec in specs} == {30.0}
    return tuple(replace(spec, beats_within_s=8.0) for spec in specs)


def test_a_role_that_hangs_is_replaced_and_no_other() -> None:
    with (
        short_folder() as folder,
        Stack(Settings.unconfigured(state_dir=folder / "state"), roles=impatient, fast_unsafe=True) as stack,
    ):

        def of(name: str) -> ChildStatus:
            return next(status for status in stack.status() if status.name == name)

        assert stack.start()
        time.sleep(12)
        assert [of(name).restarts for name in ROLES] == [0, 0, 0, 0]
        before = {name: of(name).pid for name in ROLES}
        for name in ("engine", "api", "ingest-urgent"):
            pid = before[name]
            assert pid
            os.kill(pid, signal.SIGSTOP)
        for name in ("engine", "api", "ingest-urgent"):
            until(lambda name=name: of(name).restarts and of(name).state == "ready", within_s=60.0)
            assert of(name).last_exit == "signal SIGKILL"
            assert of(name).pid != before[name]
        assert (of("ingest-bulk").pid, of("ingest-bulk").restarts) == (before["ingest-bulk"], 0)
