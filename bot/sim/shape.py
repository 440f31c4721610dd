"""A little language for the shape of JSON that robots send; its checks miss nothing.

Every problem carries a path and a short rule, never a value. Hard problems make the platform
refuse; soft ones (recommended lengths, unknown keys) are shown cut or ignored, and noted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule at one place."""

    path: str
    rule: str
    hard: bool = True

    def __str__(self) -> str:
        return f"{self.path} {self.rule}".strip()


class Shape(Protocol):
    """What a value has to look like."""

    @property
    def required(self) -> bool:
        """Whether an object must have it."""
        ...

    def check(self, value: object, path: str = "") -> Iterator[Problem]:
        """All problems of a value that is present."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A string: ``chars`` is a recommended maximum (soft), ``size`` a limit in bytes (hard)."""

    required: bool = False
    chars: int | None = None
    size: int | None = None

    def check(self, value: object, path: str = "") -> Iterator[Problem]:
        """Type, emptiness and lengths."""
        if not isinstance(value, str):
            yield Problem(path, "type")
            return
        if self.required and not value:
            yield Problem(path, "empty")
        if self.size is not None and len(value.encode()) > self.size:
            yield Problem(path, "bytes")
        if self.chars is not None and len(value) > self.chars:
            yield Problem(path, "chars", hard=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """An integer out of a few, or any."""

    values: tuple[int, ...] = ()
    required: bool = False

    def check(self, value: object, path: str = "") -> Iterator[Problem]:
        """Type and range."""
        if isinstance(value, bool) or not isinstance(value, int):
            yield Problem(path, "type")
        elif self.values and value not in self.values:
            yield Problem(path, "value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number within bounds."""

    least: float
    most: float
    required: bool = False

    def check(self, value: object, path: str = "") -> Iterator[Problem]:
        """Type and bounds."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield Problem(path, "type")
        elif not self.least <= value <= self.most:
            yield Problem(path, "value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """true or false."""

    required: bool = False

    def check(self, value: object, path: str = "") -> Iterator[Problem]:
        """Type."""
        if not isinstance(value, bool):
            yield Problem(path, "type")


@dataclass(frozen=True, slots=True, kw_only=True)
class Obj:
    """An object with these keys."""

    keys: Mapping[str, Shape]
    required: bool = False

    def check(self, value: object, path: str = "") -> Iterator[Problem]:
        """Every key, the missing and the unknown ones."""
        if not isinstance(value, dict):
            yield Problem(path, "type")
            return
        for name, inner in self.keys.items():
            below = f"{path}.{name}" if path else name
            if name in value:
                yield from inner.check(value[name], below)
            elif inner.required:
                yield Problem(below, "missing")
        for name in value:
            if name not in self.keys:
                yield Problem(path, f"unknown key {str(name)[:40]!r}", hard=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Many:
    """A list of values of one shape; ``unique`` names a key whose values must differ."""

    item: Shape
    most: int
    least: int = 1
    unique: str = ""
    required: bool = False

    def check(self, value: object, path: str = "") -> Iterator[Problem]:
        """Count, every item, and what must differ."""
        if not isinstance(value, list):
            yield Problem(path, "type")
            return
        if not self.least <= len(value) <= self.most:
            yield Problem(path, "count")
        for index, item in enumerate(value):
            yield from self.item.check(item, f"{path}[{index}]")
        if self.unique:
            keys = [repr(item.get(self.unique)) for item in value if isinstance(item, dict)]
            if len(set(keys)) != len(keys):
                yield Problem(path, f"{self.unique} twice")
