"""Fixtures for everyone: real servers, started once a session, and a fresh database per test."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

import pytest
from support.longest import BUSY, LongestFirst, in_order
from support.servers import Broker, Databases, running_broker, short_folder
from support.timescale import running_timescale

from runtime import postgres
from runtime.settings import Settings


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", BUSY)
    # The machine's own settings must not decide how tests come out.
    for variable in [name for name in os.environ if name.startswith("CBUTTON_")]:
        if variable != "CBUTTON_SAMPLE_DATA":
            del os.environ[variable]
    Settings.model_config["env_file"] = None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = in_order(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LongestFirst:
    return LongestFirst(config, log)


@pytest.fixture(scope="session")
def databases() -> Generator[Databases]:
    """The bundled PostgreSQL: `fresh()` and `empty()` give a database of one's own."""
    with short_folder(in_memory=True) as folder, postgres.temporary(folder) as server:
        yield Databases(server.url)


@pytest.fixture
def database_url(databases: Databases) -> Generator[str]:
    """A database of the bundled PostgreSQL with all migrations applied, for this test alone."""
    with databases.fresh() as url:
        yield url


@pytest.fixture(scope="session")
def timescale_databases() -> Generator[Databases]:
    """A PostgreSQL with TimescaleDB; skipped where there is none, which CI=true does not allow."""
    with running_timescale() as url_of:
        yield Databases(url_of)


@pytest.fixture
def timescale_url(timescale_databases: Databases) -> Generator[str]:
    """A database with TimescaleDB and all migrations applied, for this test alone."""
    with timescale_databases.fresh() as url:
        yield url


@pytest.fixture(scope="session")
def broker() -> Generator[Broker]:
    """The bundled MQTT broker, shared by all tests: use client ids and devices of your own."""
    with running_broker() as running:
        yield running
