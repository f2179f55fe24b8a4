"""Tools of the machine that a test cannot do without."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest


def need(tool: str) -> str:
    """Path of a program; without it the test is skipped, or fails where CI=true."""
    path = shutil.which(tool, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
    if path is None:
        lacking(f"the program {tool} is not installed: scripts/test installs it where it may")
    return path


def lacking(what: str) -> NoReturn:
    """Skip this test because the machine lacks something; on CI that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} (CI=true allows no such skip)", pytrace=False)
    pytest.skip(what)
