"""`cbutton evaluate-detector`: judge the detector, and tell it in tables, as JSON, or as a page."""

from __future__ import annotations

import json
import os
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from cli.evaluation.aims import aims_of, exit_code
from cli.evaluation.evaluation import evaluate, wanted
from cli.evaluation.output import as_json
from cli.evaluation.tables import print_figures
from cli.terminal import ending_on_sigterm, fail

DATA_VARIABLE = "CBUTTON_SAMPLE_DATA"


def run(
    data: Path | None,
    *,
    report: Path | None,
    seed: int,
    hours: float,
    seeds: int,
    quick: bool,
    as_json_object: bool,
    check: bool,
) -> int:
    """Evaluate and print; the exit code is 1 only with `check` and an aim that is missed.

    Without `data` the folder of CBUTTON_SAMPLE_DATA is taken, or none. Ends with words where a folder is missing.
    """
    folder = sample_folder(data)
    if report is not None and not report.absolute().parent.is_dir():
        fail(f"{report}: there is no folder {report.absolute().parent} to write it to")
    what = wanted(folder, seed=seed, hours=hours, seeds=seeds, quick=quick)
    columns = (TextColumn("evaluating"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with ending_on_sigterm(), Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=1.0)
        evaluation = evaluate(what, lambda share: progress.advance(task, share))
    if report is not None:
        from cli.evaluation.report import write_report  # noqa: PLC0415 - templates take time to load

        write_report(evaluation, report)
    if as_json_object:
        print(json.dumps(as_json(evaluation)), flush=True)
    else:
        print_figures(evaluation)
    return exit_code(aims_of(evaluation), check=check)


def sample_folder(data: Path | None) -> Path | None:
    """The folder asked for, or that of CBUTTON_SAMPLE_DATA, or none. Ends with words where it is missing."""
    told = os.environ.get(DATA_VARIABLE)
    folder = data or (Path(told) if told else None)
    if folder is not None and not folder.is_dir():
        fail(f"{folder}: no such folder; --data wants one that holds recordings (.npz, .csv)")
    return folder
