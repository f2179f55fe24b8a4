"""`cbutton calibrate-detector`: the weights of the detector's score, fitted anew."""

from __future__ import annotations

import sys
from pathlib import Path

from cli.evaluation.calibration import Calibration, examples, fit
from cli.evaluation.command import sample_folder
from cli.evaluation.material import Material, read_material
from scoring.score import BIAS, WEIGHTS


def run(data: Path | None, *, seed: int) -> None:
    """Fit, and print the weights beside those in use; nothing is changed."""
    folder = sample_folder(data)
    material = Material() if folder is None else read_material(folder)
    print("Composing crashes and shocks that are none; this takes a minute or two.", file=sys.stderr)
    print(_words(fit(examples(material, seed))))


def _words(found: Calibration) -> str:
    rows = [("bias", BIAS, found.bias)]
    rows += [(str(feature), WEIGHTS.get(feature, 0.0), weight) for feature, weight in found.weights.items()]
    return "\n".join(
        [
            f"{'feature':16}  in use  fitted",
            *(f"{name:16}  {used:6.2f}  {fitted:6.2f}" for name, used, fitted in rows),
            f"fitted on {found.crashes} crashes and {found.others} shocks that are none,",
            f"of which a crash scores higher in {100 * found.auc:.2f} % of pairs",
        ]
    )
