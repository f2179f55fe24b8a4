"""`cbutton detect`: the impact detector over recordings, one line per impact."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from schemas.recording import RecordingError
from schemas.recording_file import Block, RecordingFile, open_recording
from scoring.detect import Sensor, check_rate, detect_stream, speed_track
from scoring.finding import DETECTOR_VERSION, Analysis
from scoring.reasons import sentence
from scoring.sampling import rate_of


def run(paths: list[Path], as_json: bool) -> int:
    """Print the impacts of each recording to standard output as they are found; nothing where there is none.

    Recordings are read block by block, however long they are; how far it is shows on standard error where
    that is a terminal. A file that cannot be used is told on standard error, the others are still read, and
    the exit code is 1.
    """
    exit_code = 0
    console = Console(stderr=True)
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        for path in paths:
            try:
                for analysis in _detect(path, progress):
                    line = json.dumps(_as_json(path, analysis)) if as_json else _as_words(path, analysis)
                    print(line, flush=True)
            except RecordingError as error:
                print(error, file=sys.stderr)
                exit_code = 1
    return exit_code


def _detect(path: Path, progress: Progress) -> Iterator[Analysis]:
    file = open_recording(path)
    blocks = _counted(file, progress)
    first = next(blocks, None)
    if first is None:
        return
    sensor = Sensor(rate_of(first[0]), file.full_scale_g, file.lowpass_hz)
    check_rate(file.name, sensor.rate_hz)
    speed = speed_track(file.gps_t_s, file.gps_speed_mps, file.gps_heading_deg)
    yield from detect_stream(chain([first], blocks), sensor, speed)


def _counted(file: RecordingFile, progress: Progress) -> Iterator[Block]:
    task = progress.add_task(file.name, total=file.samples)
    try:
        for block in file.blocks():
            yield block
            progress.advance(task, block[0].size)
    finally:
        progress.remove_task(task)


def _as_json(path: Path, analysis: Analysis) -> dict[str, Any]:
    least, most = analysis.possible_severities
    return {
        "recording": path.stem,
        "at_s": round(analysis.uptime_s, 3),
        "severity": str(analysis.severity),
        "delta_v_kmh": round(analysis.delta_v_kmh, 2),
        "delta_v_is_lower_bound": analysis.delta_v_is_lower_bound,
        "pdof_deg": _rounded(analysis.pdof_deg),
        "peak_g": round(analysis.peak_g, 2),
        "duration_ms": round(analysis.duration_ms, 1),
        "rollover": analysis.rollover,
        "multiple": analysis.multiple,
        "reasons": list(analysis.reasons),
        "delta_v_from_kmh": round(analysis.delta_v_from_kmh, 2),
        "delta_v_to_kmh": round(analysis.delta_v_to_kmh, 2),
        "possible_severities": [str(least), str(most)],
        "parked": analysis.parked,
        "asi": round(analysis.measures.asi, 3),
        "speed_before_kmh": _rounded(analysis.speed_before_kmh),
        "speed_after_kmh": _rounded(analysis.speed_after_kmh),
        "confidence": round(analysis.confidence, 3),
        "detector": DETECTOR_VERSION,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _as_words(path: Path, analysis: Analysis) -> str:
    least = "at least " if analysis.delta_v_is_lower_bound else ""
    whence = "" if analysis.clock is None else f" from {analysis.clock} o'clock"
    marks = [
        word
        for word, holds in (
            ("rollover", analysis.rollover),
            ("multiple", analysis.multiple),
            ("parked", analysis.parked),
        )
        if holds
    ]
    head = (
        f"{path.stem} at {analysis.uptime_s:.2f} s: {', '.join([str(analysis.severity), *marks])}; "
        f"{least}{analysis.delta_v_kmh:.1f} km/h{whence} "
        f"({analysis.delta_v_from_kmh:.0f} to {analysis.delta_v_to_kmh:.0f}), peak {analysis.peak_g:.1f} g, "
        f"{analysis.duration_ms:.0f} ms"
    )
    return "\n  ".join([head, *(sentence(code, "en") for code in analysis.reasons)])
