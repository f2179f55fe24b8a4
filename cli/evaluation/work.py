"""The work of an evaluation in pieces that processes share; each piece depends on its number and the seed only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import Final, Literal

from cli.evaluation.exposure import Exposure, drive_batch
from cli.evaluation.judge import Verdict, judge
from cli.evaluation.latency import Latency, latency_of
from cli.evaluation.material import Material, read_material
from cli.evaluation.negatives import composed_scene, real_scenes
from cli.evaluation.positives import crash_scene

_LATENCY_EVERY: Final = 4
"""Every so many crashes are played again bit by bit."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Scenes [first, after) of a kind and seed; `repeats` scales the composed negatives."""

    kind: Literal["crashes", "quiet", "real", "driving"]
    seed: int
    first: int
    after: int
    repeats: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """What came of a piece."""

    piece: Piece
    verdicts: tuple[Verdict, ...] = ()
    latencies: tuple[Latency, ...] = ()
    exposure: Exposure | None = None


def done(pieces: list[Piece], folder: Path | None, processes: int) -> Iterator[Done]:
    """Do all pieces, giving each as it is done; one process does them in the caller's."""
    if processes == 1:
        _open(folder)
        yield from map(_do, pieces)
        return
    # A fresh interpreter each: a fork would inherit the threads of BLAS in an unknown state.
    pool = ProcessPoolExecutor(processes, get_context("spawn"), _start, (folder,))
    try:
        for future in as_completed([pool.submit(_do, piece) for piece in pieces]):
            yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)


_opened: list[Material] = []


def _start(folder: Path | None) -> None:
    """Begin a worker: it ends with its parent, however that ends, and would wait for ever otherwise."""
    Thread(target=_end_with_parent, daemon=True).start()
    _open(folder)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _open(folder: Path | None) -> None:
    _opened[:] = [read_material(folder) if folder is not None else Material()]


def _do(piece: Piece) -> Done:
    material = _opened[0]
    numbers = range(piece.first, piece.after)
    match piece.kind:
        case "crashes":
            scenes = [crash_scene(material, piece.seed, number) for number in numbers]
            verdicts = tuple(judge(scene) for scene in scenes)
            replayed = [
                latency_of(scene)
                for number, scene, verdict in zip(numbers, scenes, verdicts, strict=True)
                if number % _LATENCY_EVERY == 0 and verdict.detected
            ]
            return Done(piece, verdicts, tuple(each for each in replayed if each is not None))
        case "quiet":
            quiet = (composed_scene(material, piece.seed, number, piece.repeats) for number in numbers)
            return Done(piece, tuple(judge(scene) for scene in quiet))
        case "real":
            return Done(piece, tuple(judge(scene) for scene in real_scenes(material)))
        case "driving":
            return Done(piece, exposure=drive_batch(piece.seed, piece.first))
