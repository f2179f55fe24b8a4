"""A recording on disk, read block by block, so that hours of it need no more memory than minutes.

What is small comes at once: the GPS track and the scalars. Motion comes as blocks, each checked as it is read.
"""

from __future__ import annotations

import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, Final
from zipfile import BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Block = tuple[Floats, Floats]
"""Times (n,) in s and accelerations (n, 3) in m/s2."""

G_MPS2: Final = 9.80665
GPS: Final = ("gps_lat_deg", "gps_lon_deg", "gps_speed_mps", "gps_heading_deg")
AXES: Final = ("acc_x_mps2", "acc_y_mps2", "acc_z_mps2")
SCALARS: Final = {"full_scale_g": 16.0, "lowpass_hz": 0.0, "epoch_s": 0.0}
BLOCK_SAMPLES: Final = 100_000


class RecordingError(ValueError):
    """A file that is not a recording we can use; the message says what to do about it."""


@dataclass(frozen=True, slots=True, eq=False)
class RecordingFile:
    """A recording whose motion has not been read yet.

    `samples` is how many there are, None where only reading tells (.csv). GPS arrays are (m,), NaN where a fix
    does not tell. `blocks()` reads the motion from the beginning, each time it is called.
    """

    path: Path
    samples: int | None
    gps_t_s: Floats
    gps_lat_deg: Floats
    gps_lon_deg: Floats
    gps_speed_mps: Floats
    gps_heading_deg: Floats
    full_scale_g: float
    lowpass_hz: float
    epoch_s: float

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.path.stem

    def blocks(self, most: int = BLOCK_SAMPLES) -> Iterator[Block]:
        """Times and accelerations of at most `most` samples at a time; at least two samples in all.

        Raises RecordingError where the motion is of the wrong shape, order or unit.
        """
        read = _npz_blocks(self.path, most) if self.path.suffix == ".npz" else _csv_blocks(self.path, most)
        last_s, samples = -np.inf, 0
        for number, (times_s, acc_mps2) in enumerate(read):
            _check_block(self.path, times_s, acc_mps2, last_s)
            if number == 0:
                _check_unit(self.path, acc_mps2)
            last_s, samples = float(times_s[-1]), samples + times_s.size
            yield times_s, acc_mps2
        if samples < 2:
            raise RecordingError(f"{self.path}: acc_t_s must be at least two finite, rising seconds")


def open_recording(path: Path) -> RecordingFile:
    """Read everything but the motion. Raises RecordingError, saying what is wrong and what is wanted."""
    if not path.exists():
        raise RecordingError(f"{path}: no such file")
    if path.suffix not in {".npz", ".csv"}:
        raise RecordingError(f"{path}: a recording ends in .npz or .csv")
    samples, columns = _npz_columns(path) if path.suffix == ".npz" else (None, _csv_columns(path))
    fixes = int(columns.get("gps_t_s", np.zeros(0)).size)
    track: dict[str, Floats] = {name: columns.get(name, np.full(fixes, np.nan)) for name in GPS}
    for name, values in track.items():
        if values.shape != (fixes,):
            raise RecordingError(f"{path}: {name} is {values.shape}; wanted ({fixes},) like gps_t_s")
    return RecordingFile(
        path=path,
        samples=samples,
        gps_t_s=columns.get("gps_t_s", np.zeros(0)),
        gps_lat_deg=track["gps_lat_deg"],
        gps_lon_deg=track["gps_lon_deg"],
        gps_speed_mps=track["gps_speed_mps"],
        gps_heading_deg=track["gps_heading_deg"],
        full_scale_g=_scalar(path, columns, "full_scale_g"),
        lowpass_hz=_scalar(path, columns, "lowpass_hz"),
        epoch_s=_scalar(path, columns, "epoch_s"),
    )


def _check_block(path: Path, times_s: Floats, acc_mps2: Floats, last_s: float) -> None:
    if not np.all(np.isfinite(times_s)) or np.any(np.diff(times_s, prepend=last_s) <= 0):
        raise RecordingError(f"{path}: acc_t_s must be at least two finite, rising seconds")
    if not np.all(np.isfinite(acc_mps2)):
        raise RecordingError(f"{path}: acc_mps2 holds NaN or infinity; cut those samples out first")


def _check_unit(path: Path, acc_mps2: Floats) -> None:
    typical_mps2 = float(np.median(np.linalg.norm(acc_mps2, axis=1)))
    if 0.5 < typical_mps2 < 2.0:
        raise RecordingError(
            f"{path}: the median of |acc_mps2| is {typical_mps2:.2f}: this looks like g; multiply by {G_MPS2}"
        )


def _scalar(path: Path, columns: dict[str, Floats], name: str) -> float:
    value = columns.get(name, np.asarray(SCALARS[name]))
    if value.size != 1 or not np.all(np.isfinite(value)):
        raise RecordingError(f"{path}: {name} must be one finite number")
    return float(value.reshape(()))


def _npz_columns(path: Path) -> tuple[int, dict[str, Floats]]:
    """How many samples of motion there are, and every numeric array that is not motion."""
    with _unbroken(path, "npz"), ZipFile(path) as archive:
        names = {name.removesuffix(".npy") for name in archive.namelist()}
        shapes: dict[str, tuple[int, ...]] = {}
        for name in ("acc_t_s", "acc_mps2"):
            if name not in names:
                hint = "; a crash test goes to `cbutton crash-test`" if "t_s" in names else ""
                found = ", ".join(sorted(names)) or "nothing"
                raise RecordingError(f"{path}: has no {name}; found {found}{hint}")
            with archive.open(f"{name}.npy") as member:
                shapes[name] = _header(member)[0]
        times, acceleration = shapes["acc_t_s"], shapes["acc_mps2"]
        if len(times) != 1 or acceleration != (times[0], 3):
            raise RecordingError(
                f"{path}: acc_mps2 is {acceleration}, acc_t_s {times}; wanted (n, 3) and (n,)"
            )
        columns: dict[str, Floats] = {}
        for name in names & {"gps_t_s", *GPS, *SCALARS}:
            with archive.open(f"{name}.npy") as member:
                array: Any = np.lib.format.read_array(member, allow_pickle=False)
            if np.issubdtype(array.dtype, np.number):
                columns[name] = np.asarray(array, dtype=np.float64)
    return times[0], columns


def _npz_blocks(path: Path, most: int) -> Iterator[Block]:
    with (
        _unbroken(path, "npz"),
        ZipFile(path) as archive,
        archive.open("acc_t_s.npy") as times,
        archive.open("acc_mps2.npy") as motion,
    ):
        (samples,), _, time_type = _header(times)
        _, by_column, motion_type = _header(motion)
        # Columns that lie one after the other give rows only once the whole has been read.
        whole = _items(motion, motion_type, 3 * samples).reshape(3, samples).T if by_column else None
        for first in range(0, samples, most):
            count = min(most, samples - first)
            at_s = _items(times, time_type, count)
            if whole is None:
                yield at_s, _items(motion, motion_type, 3 * count).reshape(count, 3)
            else:
                yield at_s, whole[first : first + count]


def _header(member: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether columns lie one after the other, and type of an array in a .npy file."""
    version = np.lib.format.read_magic(member)
    read: Any = (
        np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    )
    shape, by_column, kind = read(member)
    if not np.issubdtype(kind, np.number):
        raise ValueError(f"an array of {kind}, not of numbers")
    return shape, by_column and len(shape) > 1, kind


def _items(member: IO[bytes], kind: np.dtype[Any], count: int) -> Floats:
    data = member.read(count * kind.itemsize)
    if len(data) != count * kind.itemsize:
        raise EOFError("the file ends in the middle of an array")
    return np.frombuffer(data, dtype=kind).astype(np.float64)


def _csv_names(path: Path) -> list[str]:
    with _unbroken(path, "csv"), path.open(encoding="utf-8", newline="") as lines:
        names = [name.strip() for name in lines.readline().split(",")]
    missing = [name for name in ("acc_t_s", *AXES) if name not in names]
    if missing:
        raise RecordingError(f"{path}: missing columns {', '.join(missing)} in the header line")
    return names


def _csv_columns(path: Path) -> dict[str, Floats]:
    """The scalars, from the first row, and the rows that hold a fix."""
    names = _csv_names(path)
    columns: dict[str, Floats] = {}
    with _unbroken(path, "csv"), path.open(encoding="utf-8", newline="") as lines:
        next(lines, "")
        first = next(lines, "")
        row = first.rstrip("\r\n").split(",")
        for scalar in set(SCALARS) & set(names):
            columns[scalar] = np.asarray(
                _number(row[names.index(scalar)]) if len(row) == len(names) else np.nan
            )
        if all(name in names for name in GPS[:2]):
            lat = names.index(GPS[0])
            known = [name for name in GPS if name in names]
            fixes = [
                [_number(cells[names.index(name)]) for name in ("acc_t_s", *known)]
                for cells in (line.rstrip("\r\n").split(",") for line in chain([first], lines))
                if len(cells) == len(names) and np.isfinite(_number(cells[lat]))
            ]
            table = np.array(fixes, dtype=np.float64).reshape(len(fixes), 1 + len(known))
            columns["gps_t_s"] = table[:, 0]
            columns.update({name: table[:, 1 + index] for index, name in enumerate(known)})
    return columns


def _number(cell: str) -> float:
    return float(cell) if cell.strip() else np.nan


def _csv_blocks(path: Path, most: int) -> Iterator[Block]:
    names = _csv_names(path)
    wanted = [names.index(name) for name in ("acc_t_s", *AXES)]
    with _unbroken(path, "csv"), path.open(encoding="utf-8", newline="") as lines:
        next(lines, "")
        while rows := [line for line in islice(lines, most) if line.strip()]:
            table = np.loadtxt(rows, delimiter=",", usecols=wanted, ndmin=2, dtype=np.float64)
            yield table[:, 0], np.ascontiguousarray(table[:, 1:])


@contextmanager
def _unbroken(path: Path, kind: str) -> Generator[None]:
    """Say which file it was that could not be read, and as what."""
    try:
        yield
    except RecordingError:
        raise
    except (OSError, ValueError, EOFError, IndexError, BadZipFile, zlib.error) as error:
        raise RecordingError(f"{path}: not a readable .{kind} file ({error})") from error
