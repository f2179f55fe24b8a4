"""Short motion laid over a car's ordinary motion: crash pulses, potholes, a falling device."""

from __future__ import annotations

from dataclasses import dataclass, field

from schemas.recording import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Shock:
    """Motion (n, 3) in m/s2 from a sample on."""

    first: int
    mps2: Floats

    @property
    def end(self) -> int:
        """The first sample after it."""
        return self.first + len(self.mps2)

    def rows(self, onto: Floats, begin: int) -> tuple[slice, Floats] | None:
        """Which rows of a block that begins at sample `begin` it touches, and with what."""
        first, end = max(self.first, begin), min(self.end, begin + len(onto))
        if first >= end:
            return None
        return slice(first - begin, end - begin), self.mps2[first - self.first : end - self.first]


@dataclass(slots=True)
class Shocks:
    """The shocks that are under way or still to come; they add up."""

    pending: list[Shock] = field(default_factory=list["Shock"])

    def add(self, shock: Shock) -> None:
        """Plan one."""
        self.pending.append(shock)

    def lay(self, onto: Floats, begin: int) -> None:
        """Add them to a block (n, 3) that begins at sample `begin`; forget those that end within."""
        for shock in self.pending:
            if found := shock.rows(onto, begin):
                onto[found[0]] += found[1]
        self.pending = [shock for shock in self.pending if shock.end > begin + len(onto)]


@dataclass(frozen=True, slots=True, eq=False)
class Fall:
    """A falling device: what it reads instead of the car, and how it lies afterwards (rotation)."""

    shock: Shock
    mount: Floats

    def lay(self, measured: Floats, fallen: Floats, begin: int) -> None:
        """Change a block's rows from the fall on: to the fall, then to `fallen`, the block as it lies then."""
        after = max(0, self.shock.first - begin)
        measured[after:] = fallen[after:]
        if found := self.shock.rows(measured, begin):
            measured[found[0]] = found[1]
