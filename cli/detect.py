"""`cbutton detect`: the impact detector over recordings, one line per impact."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from schemas.recording import RecordingError, load_recording
from scoring.analyse import Analysis
from scoring.detect import detect
from scoring.reasons import sentence


def run(paths: list[Path], as_json: bool) -> int:
    """Print the impacts of each recording to standard output; nothing where there is none.

    A file that cannot be used is told on standard error, the others are still read, and the
    exit code is 1.
    """
    exit_code = 0
    for path in paths:
        try:
            found = detect(load_recording(path))
        except RecordingError as error:
            print(error, file=sys.stderr)
            exit_code = 1
            continue
        for analysis in found:
            line = json.dumps(_as_json(path, analysis)) if as_json else _as_words(path, analysis)
            print(line, flush=True)
    return exit_code


def _as_json(path: Path, analysis: Analysis) -> dict[str, Any]:
    return {
        "recording": path.stem,
        "at_s": round(analysis.uptime_s, 3),
        "severity": str(analysis.severity),
        "delta_v_kmh": round(analysis.delta_v_kmh, 2),
        "delta_v_is_lower_bound": analysis.delta_v_is_lower_bound,
        "pdof_deg": None if analysis.pdof_deg is None else round(analysis.pdof_deg, 1),
        "peak_g": round(analysis.peak_g, 2),
        "duration_ms": round(analysis.duration_ms, 1),
        "rollover": analysis.rollover,
        "multiple": analysis.multiple,
        "reasons": list(analysis.reasons),
    }


def _as_words(path: Path, analysis: Analysis) -> str:
    least = "at least " if analysis.delta_v_is_lower_bound else ""
    whence = "" if analysis.pdof_deg is None else f" from {analysis.pdof_deg:.0f} deg"
    marks = [
        word for word, holds in (("rollover", analysis.rollover), ("multiple", analysis.multiple)) if holds
    ]
    head = (
        f"{path.stem} at {analysis.uptime_s:.2f} s: {', '.join([str(analysis.severity), *marks])}; "
        f"{least}{analysis.delta_v_kmh:.1f} km/h{whence}, peak {analysis.peak_g:.1f} g, "
        f"{analysis.duration_ms:.0f} ms"
    )
    return "\n  ".join([head, *(sentence(code, "en") for code in analysis.reasons)])
