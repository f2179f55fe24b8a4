"""`cbutton crash-test`: the standard measures of instrumented crash tests."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from schemas.crash_recording import load_crash_recording
from schemas.recording_file import RecordingError
from scoring.crash_test import CrashTest, measure_crash_test
from scoring.injury import Estimate, estimate


def run(paths: list[Path], as_json: bool) -> int:
    """Print the measures of each crash test; 1 where a file cannot be used, which is told on standard error."""
    exit_code = 0
    for path in paths:
        try:
            crash = load_crash_recording(path)
            try:
                found = measure_crash_test(crash.at_s, crash.acc_mps2)
            except ValueError as error:
                raise RecordingError(f"{path}: {error}") from error
        except RecordingError as error:
            print(error, file=sys.stderr)
            exit_code = 1
            continue
        injury = estimate(found.delta_v_kmh, found.pdof_deg)
        print(
            json.dumps(_as_json(crash.name, found, injury))
            if as_json
            else _as_words(crash.name, found, injury)
        )
    return exit_code


def _as_json(name: str, found: CrashTest, injury: tuple[Estimate, ...]) -> dict[str, Any]:
    return {
        "recording": name,
        **asdict(found),
        "injury": {
            str(each.injury): {
                "low": each.low,
                "high": each.high,
                "models": {risk.model: risk.probability for risk in each.risks},
            }
            for each in injury
        },
    }


def _as_words(name: str, found: CrashTest, injury: tuple[Estimate, ...]) -> str:
    olc = "too weak for one" if found.olc_g is None else f"{found.olc_g:.1f} g"
    hour = round(found.pdof_deg / 30) % 12 or 12
    series = ", ".join(f"{forward:.0f}" for forward, _ in found.delta_v_series_kmh[::5])
    lines = [
        f"{name}",
        f"  delta-V       {found.delta_v_kmh:.1f} km/h at {1000 * found.delta_v_at_s:.0f} ms, rebound included",
        f"  force from    {found.pdof_deg:.0f} deg, {hour} o'clock",
        f"  event         {1000 * found.time_zero_s:.0f} to {1000 * found.end_s:.0f} ms (0.8 km/h in 20 ms)",
        f"  peak, CFC 60  {found.peak_cfc60_g:.1f} g",
        f"  ASI           {found.asi:.2f}",
        f"  OLC           {olc}",
        f"  delta-V forward every 50 ms: {series} km/h",
        *(
            f"  {each.injury}: {100 * each.low:.0f} to {100 * each.high:.0f} % by {len(each.risks)} models"
            for each in injury
        ),
    ]
    return "\n".join(lines)
