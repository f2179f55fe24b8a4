"""A small insured world for the demo and the stories: who drives what, where guards are, how people are.

It is set up through the public HTTP API, as an insurer's own system would do it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

Person = str | Mapping[str, Any]

VALID: Final = {"valid_from": "2020-04-01", "valid_to": "2099-03-31"}


@dataclass(frozen=True, slots=True)
class Motorist:
    """A policyholder with one car and one device, or without a device.

    `answers` and `contact_answers` are temperaments of `device_sim.carrier.people`, or a whole person of it.
    """

    device_id: str
    name: str
    car: tuple[str, str, str]
    route: str
    phone: str
    contact: str
    language: str = "ja"
    answers: Person = "never_answers"
    contact_answers: Person = "never_answers"
    script: tuple[dict[str, Any], ...] = ()
    has_device: bool = True
    holder: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """More about the policyholder, as the API takes it."""

    @property
    def policy_id(self) -> str:
        """The policy number, by the device."""
        return f"P-{self.device_id}"


@dataclass(frozen=True, slots=True)
class FieldUnit:
    """A guard or roadside unit.

    `temperament` is one of `device_sim.field.habits`; empty for one that nobody plays. `habits` is more about
    it, as `device_sim.field` takes it.
    """

    id: str
    kind: str
    name: str
    place: tuple[float, float]
    temperament: str = "accepts"
    habits: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Member:
    """A telephone of the desk. An operator's `name` is that of a token; `here`: signed in from the beginning."""

    name: str
    phone: str
    role: str = "operator"
    answers: Person = "takes_call"
    here: bool = True


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody who signs in at the console. Of an operator or supervisor, `name` is also the one at the desk."""

    name: str
    role: str


@dataclass(frozen=True, slots=True)
class World:
    """Everybody there is."""

    motorists: tuple[Motorist, ...]
    units: tuple[FieldUnit, ...]
    desk: tuple[Member, ...] = ()
    staff: tuple[Staff, ...] = ()


@dataclass(slots=True)
class Settled:
    """What provisioning gave: shards of devices, tokens of units and drivers."""

    shards: dict[str, str] = field(default_factory=dict[str, str])
    unit_tokens: dict[str, str] = field(default_factory=dict[str, str])
    driver_tokens: dict[str, str] = field(default_factory=dict[str, str])


UNITS: Final = (
    FieldUnit("guard-matsumoto", "guard", "警備員 松本1号", (36.2330, 137.9720)),
    FieldUnit("guard-hakone", "guard", "警備員 小田原2号", (35.2460, 139.1000)),
    FieldUnit("guard-odawara", "guard", "警備員 小田原5号", (35.2550, 139.1550)),
    FieldUnit("guard-kofu", "guard", "警備員 甲府3号", (35.6660, 138.5690)),
    FieldUnit("guard-hachioji", "guard", "警備員 八王子1号", (35.6560, 139.3390)),
    FieldUnit("tow-matsumoto", "roadside", "レッカー 松本", (36.2190, 137.9560)),
    FieldUnit("tow-odawara", "roadside", "レッカー 小田原", (35.2570, 139.1600)),
    FieldUnit("tow-kofu", "roadside", "レッカー 甲府", (35.6500, 138.5500)),
)


def provision(world: World, api_url: str, admin_token: str) -> Settled:
    """Make the world known to the backend; what is there already is left as it is.

    Raises httpx.HTTPError, and RuntimeError with the API's words where it refuses.
    """
    settled = Settled()
    with httpx.Client(
        base_url=api_url, headers={"Authorization": f"Bearer {admin_token}"}, timeout=30.0, trust_env=False
    ) as client:
        for motorist in world.motorists:
            _insure(client, motorist, settled)
        for unit in world.units:
            body = {
                "id": unit.id,
                "kind": unit.kind,
                "name": unit.name,
                "lat_deg": unit.place[0],
                "lon_deg": unit.place[1],
            }
            _answer(client.post("/v1/units", json=body), known=True)
            settled.unit_tokens[unit.id] = _answer(client.post(f"/v1/units/{unit.id}/token"))["token"]
        for member in world.desk:
            body = {"role": member.role, "phone": member.phone}
            _answer(client.put(f"/v1/desk/members/{member.name}", json=body))
    return settled


def employ(world: World, api_url: str, admin_token: str, passwords: Mapping[str, str]) -> None:
    """Make the accounts of those who sign in; one that is there already keeps its password. Raises as `provision`."""
    headers = {"Authorization": f"Bearer {admin_token}"}
    with httpx.Client(base_url=api_url, headers=headers, timeout=30.0, trust_env=False) as client:
        known = {each["name"] for each in _answer(client.get("/v1/staff"))["staff"]}
        for one in world.staff:
            if one.name not in known:
                body = {"role": one.role, "password": passwords[one.name]}
                _answer(client.put(f"/v1/staff/{one.name}", json=body))


def sign_in(world: World, api_url: str, tokens: Mapping[str, str]) -> None:
    """Operators who are there sign in, each with their own token. Raises as `provision`."""
    for member in world.desk:
        if member.role == "operator" and member.here:
            headers = {"Authorization": f"Bearer {tokens[member.name]}"}
            with httpx.Client(base_url=api_url, headers=headers, timeout=30.0, trust_env=False) as client:
                _answer(client.post("/v1/desk/sign_in", json={"phone": member.phone}))


def close_leftovers(api_url: str, operator_token: str) -> int:
    """Close what an earlier run left open, so that its cars can have new incidents; how many those were."""
    with httpx.Client(
        base_url=api_url, headers={"Authorization": f"Bearer {operator_token}"}, timeout=30.0, trust_env=False
    ) as client:
        left = _answer(client.get("/v1/incidents", params={"phase": "open", "limit": 100}))["incidents"]
        for incident in left:
            _answer(
                client.post(f"/v1/incidents/{incident['id']}/close", json={"outcome": "mistake"}), known=True
            )
    return len(left)


def _insure(client: httpx.Client, motorist: Motorist, settled: Settled) -> None:
    plate, model, colour = motorist.car
    policy = {
        "id": motorist.policy_id,
        "holder": {
            "name": motorist.name,
            "language": motorist.language,
            "phones": [motorist.phone],
            "emergency_contacts": [
                {
                    "name": f"{motorist.name} 家族",
                    "relation": "家族",
                    "number": motorist.contact,
                    "language": motorist.language,
                }
            ],
            **motorist.holder,
        },
        "vehicles": [{"plate": plate, "model": model, "colour": colour}],
        **VALID,
    }
    existing = client.get(f"/v1/policies/{motorist.policy_id}")
    known = existing.status_code == 200
    insured = existing.json() if known else _answer(client.post("/v1/policies", json=policy))
    if motorist.has_device:
        wanted = {"id": motorist.device_id, "vehicle_id": insured["vehicles"][0]["id"]}
        settled.shards[motorist.device_id] = _answer(client.post("/v1/devices", json=wanted))["shard"]
    holder_id: str = insured["holder"]["id"] if "id" in insured["holder"] else insured["holder_id"]
    settled.driver_tokens[motorist.device_id] = _answer(client.post(f"/v1/holders/{holder_id}/token"))[
        "token"
    ]


def _answer(response: httpx.Response, *, known: bool = False) -> dict[str, Any]:
    if known and response.status_code == 409:
        return {}
    if response.is_error:
        raise RuntimeError(f"{response.request.method} {response.request.url.path}: {response.text[:300]}")
    return response.json()
