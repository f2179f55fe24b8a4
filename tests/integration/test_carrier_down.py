"""The simulated carrier's API away for a while, and answers that come after the news."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest
import requests
from support.carrier_customer import FINE, PEOPLE, ended, furnish, place
from support.telephone import CarrierProcess, Customer, carrier, customer, twilio, until
from twilio.base.exceptions import TwilioRestException
from urllib3.exceptions import NewConnectionError


@pytest.fixture
def insurer() -> Generator[Customer]:
    with customer() as one:
        furnish(one)
        yield one


def go_down(process: CarrierProcess, how: str, for_s: float) -> float:
    """Take the API away; when it will be back, by the monotonic clock."""
    answer = httpx.post(
        f"{process.url}/_sim/down", json={"for_s": for_s, "how": how}, trust_env=False, timeout=5
    )
    answer.raise_for_status()
    return time.monotonic() + for_s


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Generator[CarrierProcess]:
    with carrier(tmp_path_factory.mktemp("carrier"), people=PEOPLE, calls_per_s=20) as process:
        yield process


def test_a_carrier_that_refuses_connections_comes_back_and_its_calls_went_on(
    shared: CarrierProcess, insurer: Customer
):
    with twilio(shared.url) as sdk:
        sid = place(sdk, insurer, FINE)
        back_at = go_down(shared, "refuse", 2)
        with twilio(shared.url) as fresh, pytest.raises(requests.exceptions.ConnectionError) as caught:
            fresh.calls.list()
        assert isinstance(caught.value.args[0].reason, NewConnectionError)
        until(lambda: ended(insurer))
        until(lambda: time.monotonic() > back_at)
        until(lambda: _answers(shared))

        assert sdk.calls(sid).fetch().status == "completed"
        assert shared.stop() == 0
        shared.start()
        assert shared.errors() == ""


def test_a_client_with_a_connection_of_before_is_cut_off(shared: CarrierProcess, insurer: Customer):
    with twilio(shared.url) as sdk:
        sdk.calls.list()
        go_down(shared, "refuse", 1)
        with pytest.raises(requests.exceptions.ConnectionError):
            place(sdk, insurer, FINE)
        until(lambda: _answers(shared))

    assert not insurer.heard


def test_a_carrier_that_hangs_says_nothing_and_does_nothing(shared: CarrierProcess, insurer: Customer):
    with twilio(shared.url) as sdk:
        before = len(shared.sim("calls"))
        go_down(shared, "hang", 1.5)
        began = time.monotonic()
        with pytest.raises(requests.exceptions.ConnectionError):
            place(sdk, insurer, FINE)
        assert time.monotonic() - began > 1
        assert len(shared.sim("calls")) == before
        place(sdk, insurer, FINE)
        until(lambda: ended(insurer))


def test_a_carrier_with_errors_answers_500(shared: CarrierProcess, insurer: Customer):
    with twilio(shared.url) as sdk:
        back_at = go_down(shared, "500", 1)
        with pytest.raises(TwilioRestException) as caught:
            place(sdk, insurer, FINE)
        assert (caught.value.status, caught.value.code) == (500, 20500)
        until(lambda: time.monotonic() > back_at + 0.2)
        place(sdk, insurer, FINE)


def test_answers_come_after_the_callbacks_where_asked(tmp_path: Path, insurer: Customer):
    nasty = {"late_answer_p": 1, "late_answer_s": 2, "seed": 5}
    with (
        carrier(tmp_path, people=PEOPLE, nasty=nasty, time_scale=0.01) as slow,
        twilio(slow.url) as sdk,
    ):
        answered_at: list[float] = []

        def order() -> None:
            place(sdk, insurer, FINE)
            answered_at.append(time.time())

        asking = threading.Thread(target=order)
        asking.start()
        until(lambda: insurer.at("/status"))
        asking.join(10)

        assert insurer.at("/status")[0].at < answered_at[0]


def _answers(process: CarrierProcess) -> bool:
    try:
        return isinstance(process.sim("calls"), list)
    except httpx.TransportError:
        return False
