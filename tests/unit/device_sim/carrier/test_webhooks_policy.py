import asyncio
from random import Random

import httpx
import pytest

from device_sim.carrier.__main__ import WebhookConfig
from device_sim.carrier.nastiness import Delivery, Nastiness, deliveries
from device_sim.carrier.webhooks import FAILURES, Policy, WebhookFailed, Webhooks, address, split

DEFAULT = Policy()


def test_an_address_without_a_fragment_takes_the_default():
    assert split("https://insurer.example/v?a=1", DEFAULT) == ("https://insurer.example/v?a=1", DEFAULT)


def test_without_overrides_it_is_twilios_own_policy():
    """ "Webhooks: connection overrides": rc 1, rp ct, ct 5000, rt 15000, tt 15000."""
    assert Policy(1, frozenset({"ct"}), 5.0, 15.0, 15.0) == DEFAULT
    assert WebhookConfig().policy() == DEFAULT


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999/", "http://[::1/", "http://insurer.example:x/"])
def test_an_address_that_is_none_is_a_failed_request(url: str):
    async def send() -> None:
        async with httpx.AsyncClient() as client:
            await Webhooks(client, "12345", DEFAULT).send(url, "POST", {})

    with pytest.raises(WebhookFailed):
        asyncio.run(send())


def test_overrides_are_read_and_not_sent():
    bare, policy = split("https://insurer.example/v?a=1#rc=3&rp=all&ct=2000&rt=4000&tt=9000", DEFAULT)

    assert bare == "https://insurer.example/v?a=1"
    assert policy == Policy(3, FAILURES, 2.0, 4.0, 9.0)


def test_single_failures_can_be_named():
    assert split("https://a.example#rp=5xx,ct", DEFAULT)[1].retry_on == {"5xx", "ct"}


@pytest.mark.parametrize("fragment", ["rc=6", "rc=x", "rp=6xx", "ct=50", "tt=20000", "retry=1", "rc"])
def test_an_override_that_cannot_be_is_refused(fragment: str):
    with pytest.raises(ValueError, match=r".+"):
        split(f"https://a.example#{fragment}", DEFAULT)


def test_a_get_carries_its_parameters_in_the_address():
    assert address("https://a.example/v", "GET", {"To": "+81"}) == "https://a.example/v?To=%2B81"
    assert address("https://a.example/v?a=1", "GET", {"b": "2"}) == "https://a.example/v?a=1&b=2"
    assert address("https://a.example/v", "POST", {"b": "2"}) == "https://a.example/v"


def test_the_signature_is_twilios():
    """The example of Twilio's own documentation on webhook security."""
    webhooks = Webhooks(httpx.AsyncClient(), "12345", DEFAULT)
    params = {
        "CallSid": "CA1234567890ABCDE",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
        "Caller": "+14158675309",
    }

    signature = webhooks.signature("https://mycompany.com/myapp.php?foo=1&bar=2", params)

    assert signature == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_a_kind_carrier_delivers_once_and_at_once():
    assert deliveries(Nastiness(), Random(1), 10.0, is_final=False) == (Delivery(10.0, "pending"),)


@pytest.mark.parametrize(
    ("nasty", "states"),
    [
        (Nastiness(callback_lost_p=1), ["lost"]),
        (Nastiness(callback_reordered_p=1), ["held"]),
        (Nastiness(callback_doubled_p=1), ["pending", "pending"]),
    ],
)
def test_a_nasty_carrier_does_what_it_is_told(nasty: Nastiness, states: list[str]):
    assert [copy.state for copy in deliveries(nasty, Random(1), 10.0, is_final=False)] == states


def test_a_last_callback_is_never_held():
    copies = deliveries(Nastiness(callback_reordered_p=1), Random(1), 10.0, is_final=True)

    assert copies == (Delivery(10.0, "pending"),)


def test_late_callbacks_are_late_within_their_bound():
    nasty = Nastiness(callback_late_p=1, callback_late_s=2)
    late = [deliveries(nasty, Random(seed), 10.0, is_final=False)[0].due_at for seed in range(50)]

    assert min(late) >= 10
    assert max(late) <= 12
    assert len(set(late)) > 40
