"""What every bench has in common: one core, interleaved rounds, the machine's facts, the last line.

Knows no numpy: the number of its threads must be told before it is loaded.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

THREAD_VARIABLES: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
_USUAL_CACHE_BYTES: Final = 32 * 2**20


def on_one_core() -> None:
    """Keep this process on one core, and numpy to one thread; call before numpy is loaded."""
    for variable in THREAD_VARIABLES:
        os.environ[variable] = "1"
    if sys.platform == "linux":
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def machine() -> dict[str, Any]:
    """What a figure of time depends on."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "cores_used": len(os.sched_getaffinity(0)) if sys.platform == "linux" else None,
        "numpy_threads": os.environ.get(THREAD_VARIABLES[0]),
        "last_level_cache_mb": round(cache_bytes() / 2**20, 1),
        "load_average": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "numpy": version("numpy"),
    }


def cache_bytes() -> int:
    """The size of the last-level cache; 32 MB where the system does not tell."""
    known: list[int] = []
    for path in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size"):
        words = path.read_text().strip()
        if words.endswith("K") and words[:-1].isdigit():
            known.append(int(words[:-1]) * 1024)
    return max(known, default=_USUAL_CACHE_BYTES)


def in_turn(
    works: Mapping[str, Sequence[Callable[[], object]]], rounds: int, tell: Callable[[str], None]
) -> dict[str, list[float]]:
    """The seconds of processor time that each work's parts took together, round by round.

    Works are equally long lists of parts. Part by part they take turns, half of the parts apart, so that what
    else runs on the machine strikes all alike and none finds in the cache what another just read. Processor time
    leaves out when others had the core. A first round is not counted.
    """
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        spent = dict.fromkeys(works, 0.0)
        count = min(len(parts) for parts in works.values())
        for place in range(count):
            for turn, (name, parts) in enumerate(works.items()):
                part = parts[(place + turn * max(1, count // 2)) % count]
                began_s = time.process_time()
                part()
                spent[name] += time.process_time() - began_s
        if number:
            for name, took in spent.items():
                seconds[name].append(took)
            tell(f"round {number} of {rounds}")
    return seconds


def ratios(over: Sequence[float], under: Sequence[float]) -> list[float]:
    """Round by round, one work's seconds over another's."""
    return [one / other for one, other in zip(over, under, strict=True)]


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, least and most, to four digits that count."""
    told = {"median": statistics.median(values), "least": min(values), "most": max(values)}
    return {name: float(f"{value:.4g}") for name, value in told.items()}


def tell(words: str) -> None:
    """Progress, on standard error."""
    print(words, file=sys.stderr, flush=True)


def finish(result: Mapping[str, Any], *, as_json: bool) -> None:
    """Print a bench's figures: as JSON on one last line, or a line for each."""
    if as_json:
        print(json.dumps(result), flush=True)
        return
    for name, value in result.items():
        print(f"{name}: {value if not isinstance(value, dict) else json.dumps(value)}")


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())
