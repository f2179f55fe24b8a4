from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROLE = """
import sys
from runtime import logs
from runtime.settings import Settings
log = logs.configure(Settings(log_format="json"), "engine")
log.info("a guard is on the way")
print("still working", flush=True)
"""


def test_a_line_is_an_event_with_its_role() -> None:
    done = subprocess.run([sys.executable, "-c", ROLE], capture_output=True, text=True, check=True)
    said = json.loads(done.stderr)
    assert (said["event"], said["role"], said["level"]) == ("a guard is on the way", "engine", "info")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a file that is always full")
def test_work_goes_on_where_no_log_can_be_written() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", ROLE], stdout=subprocess.PIPE, stderr=full, text=True, check=False
        )
    assert done.stdout == "still working\n"
