from __future__ import annotations

import pytest
from support.device_traces import Session


@pytest.fixture
def device() -> Session:
    return Session()
