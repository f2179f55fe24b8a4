from __future__ import annotations

import shutil

import pytest
from support.need import lacking, need


def test_a_program_that_is_there_is_found() -> None:
    assert need("sh") == shutil.which("sh")


def test_a_missing_program_skips_with_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-program is not installed"):
        need("no-such-program")


def test_on_ci_a_missing_program_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no-such-program is not installed"):
        need("no-such-program")
    with pytest.raises(pytest.fail.Exception, match="TimescaleDB"):
        lacking("TimescaleDB cannot run here")
