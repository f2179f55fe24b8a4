"""`cbutton impact`: what was found of impacts, in words and drawn; through the API of the running stack."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import typer

from cli.admin import ask_api, call_api
from cli.terminal import fail, print_table
from schemas.incident import Language

impact = typer.Typer(help="Impacts that were found, and the evidence of them.", no_args_is_help=True)


@impact.command("list")
def impact_list(
    device: Annotated[str, typer.Option(help="Only those of this device.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many, newest first.")] = 50,
) -> None:
    """Show impacts, the newest first, knocks included."""
    asked = {"limit": str(limit)} | ({"device": device} if device else {})
    print_table(
        ("impact", "device", "at", "severity", "km/h", "range", "from", "remarks"),
        (_row(found) for found in call_api("GET", f"/v1/impacts?{urlencode(asked)}")["impacts"]),
    )


@impact.command("show")
def impact_show(
    impact_id: Annotated[str, typer.Argument(help="Its id; see `cbutton impact list`.")],
    svg: Annotated[Path | None, typer.Option(help="Write its drawing to this file.")] = None,
    language: Annotated[Language, typer.Option(help="Of the words.")] = Language.JA,
) -> None:
    """Tell all that is known of an impact, and draw it."""
    from api.impact_words import describe  # noqa: PLC0415  a quick --help
    from api.views.impact import ImpactDetail  # noqa: PLC0415

    path = f"/v1/impacts/{quote(impact_id, safe='')}"
    found = ImpactDetail.model_validate(call_api("GET", path))
    typer.echo("\n".join(describe(found, language)))
    if svg is None:
        return
    drawing = ask_api("GET", f"{path}/drawing.svg?language={language}").text
    try:
        svg.write_text(drawing, encoding="utf-8")
    except OSError as error:
        fail(f"{svg}: {error.strerror}")


def _row(found: dict[str, Any]) -> list[str]:
    low, high, clock = found["delta_v_from_kmh"], found["delta_v_to_kmh"], found["clock"]
    remarks = [word for word in ("rollover", "multiple", "parked", "withdrawn", "late") if found[word]]
    return [
        found["id"],
        found["device_id"],
        found["at"],
        found["severity"],
        f"{found['delta_v_kmh']:.1f}",
        "" if low is None else f"{low:.1f}-{high:.1f}",
        "" if clock is None else f"{clock} o'clock",
        ", ".join(remarks),
    ]
