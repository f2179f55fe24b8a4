"""A whole evaluation: what is to be done, and what came of it."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cli.evaluation.exposure import BATCH_H, Exposure, added
from cli.evaluation.figures import Figures, figures_of
from cli.evaluation.judge import Verdict
from cli.evaluation.latency import Latency
from cli.evaluation.material import Material, read_material
from cli.evaluation.negatives import composed_count
from cli.evaluation.work import Done, Piece, done

_PER_PIECE: Final = 25
_OTHER_SEEDS_FROM: Final = 1000
"""Seeds of the repeated sets are this much on, so that seed 1 with ten sets shares nothing with seed 2."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to do: composed crashes and how often each composed negative, hours of driving, number of seeds."""

    folder: Path | None
    seed: int
    crashes: int
    repeats: int
    hours: float
    seeds: int
    processes: int


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What came of it; `figures` and `verdicts` are the first seed's, `by_seed` those of every seed.

    `other_verdicts` are the misses and false impacts of the other seeds.
    """

    wanted: Wanted
    material: Material
    figures: Figures
    by_seed: dict[int, Figures]
    verdicts: tuple[Verdict, ...]
    other_verdicts: tuple[Verdict, ...]
    latencies: tuple[Latency, ...]
    exposure: Exposure

    @property
    def noteworthy(self) -> tuple[Verdict, ...]:
        """Every miss and every false impact of all seeds, the gravest first."""
        chosen = [each for each in (*self.verdicts, *self.other_verdicts) if each.missed or each.false]
        return tuple(
            sorted(chosen, key=lambda each: (-(each.truth.delta_v_kmh if each.truth else 1000.0), each.name))
        )


def wanted(
    folder: Path | None, *, seed: int, hours: float, seeds: int, quick: bool, processes: int | None = None
) -> Wanted:
    """The usual amounts; `quick` is for a look within a minute."""
    return Wanted(
        folder,
        seed,
        crashes=200 if quick else 1500,
        repeats=5 if quick else 30,
        hours=min(hours, BATCH_H) if quick else hours,
        seeds=seeds,
        processes=processes or min(os.cpu_count() or 1, 8),
    )


def evaluate(what: Wanted, advance: Callable[[float], None]) -> Evaluation:
    """Do it; `advance` is told how much of 1.0 was done since the last call.

    Raises FileNotFoundError where the folder is missing.
    """
    material = read_material(what.folder) if what.folder is not None else Material()
    pieces = _pieces(what, material)
    # A batch of driving takes about as long as so many scenes.
    weights = [float(piece.after - piece.first) if piece.kind != "driving" else 40.0 for piece in pieces]
    total = sum(weights)
    parts: list[Done] = []
    for part in done(pieces, what.folder, what.processes):
        parts.append(part)
        advance(weights[pieces.index(part.piece)] / total)
    order = {piece: place for place, piece in enumerate(pieces)}
    parts.sort(key=lambda part: order[part.piece])
    seeds = _seeds(what)
    real = [verdict for part in parts if part.piece.kind == "real" for verdict in part.verdicts]
    composed = {
        seed: [
            verdict
            for part in parts
            if part.piece.seed == seed and part.piece.kind in {"crashes", "quiet"}
            for verdict in part.verdicts
        ]
        for seed in seeds
    }
    by_seed = {seed: figures_of([*real, *composed[seed]]) for seed in seeds}
    return Evaluation(
        what,
        material,
        by_seed[what.seed],
        by_seed,
        (*real, *composed[what.seed]),
        tuple(each for seed in seeds[1:] for each in composed[seed] if each.missed or each.false),
        tuple(each for part in parts if part.piece.seed == what.seed for each in part.latencies),
        added([part.exposure for part in parts if part.exposure is not None]),
    )


def _seeds(what: Wanted) -> list[int]:
    return [what.seed, *(what.seed * _OTHER_SEEDS_FROM + other for other in range(1, what.seeds))]


def _pieces(what: Wanted, material: Material) -> list[Piece]:
    pieces = [Piece("real", what.seed, 0, 1)]
    pieces += [
        Piece("driving", what.seed, number, number + 1) for number in range(math.ceil(what.hours / BATCH_H))
    ]
    quiet = composed_count(material, what.repeats)
    for seed in _seeds(what):
        pieces += [
            Piece("crashes", seed, first, min(first + _PER_PIECE, what.crashes))
            for first in range(0, what.crashes, _PER_PIECE)
        ]
        pieces += [
            Piece("quiet", seed, first, min(first + _PER_PIECE, quiet), what.repeats)
            for first in range(0, quiet, _PER_PIECE)
        ]
    return pieces
