"""Administration from the command line: through the API of the running stack, as any other client."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from cli.terminal import beside_running_stack, configured, fail, print_table

if TYPE_CHECKING:
    import httpx

device = typer.Typer(help="Button devices: add, list, revoke.", no_args_is_help=True)
policy = typer.Typer(
    help="Policies with holders, phones, contacts and vehicles: add, show.", no_args_is_help=True
)
db = typer.Typer(help="The database: bring it to this version's tables.", no_args_is_help=True)
unit = typer.Typer(help="Guards and roadside units: add, list.", no_args_is_help=True)


def call_api(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """Ask the running API as an administrator; ends the command with the API's own words on refusal."""
    answer = ask_api(method, path, body)
    return answer.json() if answer.content else {}


def ask_api(method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
    """The same, for an answer that is no JSON."""
    import httpx  # noqa: PLC0415  a quick --help

    settings = beside_running_stack()
    address = settings.nearest_api_url
    try:
        answer = httpx.request(
            method,
            address + path,
            json=body,
            headers={"Authorization": f"Bearer {settings.admin_token.get_secret_value()}"},
            timeout=15.0,
            trust_env=False,
        )
    except httpx.HTTPError as error:
        fail(f"the API at {address} does not answer ({error}); is `cbutton up` running?")
    if answer.is_error:
        try:
            problem = answer.json()
            fail(f"{problem.get('title', answer.status_code)}: {problem.get('detail', '')}")
        except ValueError:
            fail(f"{answer.status_code}: {answer.text[:300]}")
    return answer


@device.command("add")
def device_add(
    device_id: Annotated[str, typer.Argument(help="3 to 40 letters, digits, - and _.")],
    vehicle: Annotated[str | None, typer.Option(help="Id of the vehicle it rides in.")] = None,
    shard: Annotated[str | None, typer.Option(help="00 to 0f; chosen by the id when left out.")] = None,
) -> None:
    """Provision a device; prints the topics it may use."""
    body = {"id": device_id, "vehicle_id": vehicle, "shard": shard}
    answer = call_api("POST", "/v1/devices", {key: value for key, value in body.items() if value})
    typer.echo(json.dumps(answer, ensure_ascii=False, indent=2))


@device.command("revoke")
def device_revoke(device_id: str) -> None:
    """Bar a device: what it still publishes is put aside and never acted upon."""
    call_api("DELETE", f"/v1/devices/{quote(device_id, safe='')}")
    typer.echo(f"{device_id} is revoked")


@device.command("list")
def device_list() -> None:
    """Show every device."""
    columns = ("id", "shard", "vehicle_id", "provisioned_at", "revoked_at")
    devices = call_api("GET", "/v1/devices")["devices"]
    print_table(
        ("device", "shard", "vehicle", "provisioned", "revoked"),
        ([str(entry[column] or "") for column in columns] for entry in devices),
    )


@policy.command("add")
def policy_add(
    file: Annotated[
        Path, typer.Argument(help="JSON as POST /v1/policies takes it; docs/openapi.json has an example.")
    ],
) -> None:
    """Insure somebody."""
    try:
        body = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        fail(f"{file}: {error.strerror}")
    except ValueError as error:
        fail(f"{file} is not JSON: {error}")
    typer.echo(json.dumps(call_api("POST", "/v1/policies", body), ensure_ascii=False, indent=2))


@policy.command("show")
def policy_show(policy_id: str) -> None:
    """Print one policy."""
    typer.echo(
        json.dumps(call_api("GET", f"/v1/policies/{quote(policy_id, safe='')}"), ensure_ascii=False, indent=2)
    )


@unit.command("add")
def unit_add(  # noqa: PLR0917  one parameter for each option
    unit_id: str,
    name: Annotated[str, typer.Option(help="What the driver is told comes.")],
    place: Annotated[str, typer.Option(help="Its base, as latitude,longitude in degrees.")],
    skill: Annotated[
        list[str], typer.Option(help="guard, roadside, tow, battery, tyre, key or fuel; repeatable.")
    ],
    shift: Annotated[str, typer.Option(help="In Japan, as 22:00-06:00; without, whenever it says so.")] = "",
    provider: Annotated[str, typer.Option(help="Whose unit it is.")] = "",
    language: Annotated[str, typer.Option(help="ja or en: what it reads.")] = "ja",
) -> None:
    """Take a unit in, or change it, and print the token its page is known by."""
    lat, _, lon = place.partition(",")
    begins, _, ends = shift.partition("-")
    try:
        at = {"lat_deg": float(lat), "lon_deg": float(lon)}
    except ValueError:
        fail("--place is written as 35.2460,139.1000")
    body: dict[str, Any] = {"id": unit_id, "name": name, "skills": skill, "language": language, **at}
    body |= {"shift_from": begins or None, "shift_to": ends or None, "provider_id": provider or None}
    path = f"/v1/units/{quote(unit_id, safe='')}"
    known = {entry["id"] for entry in call_api("GET", "/v1/units")["units"]}
    call_api(*(("PUT", path) if unit_id in known else ("POST", "/v1/units")), body)
    typer.echo(call_api("POST", f"{path}/token")["token"])


@unit.command("list")
def unit_list() -> None:
    """Show every unit and where it is."""
    print_table(
        ("unit", "skills", "name", "status", "shift", "place", "heard"),
        (
            [
                entry["id"],
                ", ".join(entry["skills"]),
                entry["name"],
                entry["status"],
                f"{entry['shift_from']}–{entry['shift_to']}" if entry["shift_from"] else "",
                f"{entry['lat_deg']:.4f}, {entry['lon_deg']:.4f}",
                entry["position_at"],
            ]
            for entry in call_api("GET", "/v1/units")["units"]
        ),
    )


@db.command("migrate")
def db_migrate() -> None:
    """Bring the database to this version's tables."""
    import psycopg  # noqa: PLC0415

    from runtime import migrate  # noqa: PLC0415

    settings = configured()
    if not settings.database_url.get_secret_value():
        settings = beside_running_stack()
    try:
        applied = migrate.apply(settings.database_url.get_secret_value())
    except (migrate.MigrationError, psycopg.Error) as error:
        fail(f"the database cannot be used: {str(error).strip()}")
    typer.echo(
        f"applied: {', '.join(migration.name for migration in applied)}" if applied else "nothing to do"
    )
