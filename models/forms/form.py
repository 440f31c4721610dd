"""A form: ordered fields, which of them may be given bare, and what must hold between them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from models.forms.field import Answers, Facts, Field, Problem


def _nothing_to_object(answers: Answers, facts: Facts) -> Sequence[tuple[str, Problem]]:
    del answers, facts
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Declared once by a handler family; every face reads it (DESIGN.md 1).

    ``key``        names its texts: ``form.<key>.title``, ``form.<key>.<field>.label`` ...
    ``version``    raised when fields change meaning; older drafts are politely begun anew
    ``fields``     in the order they are asked; at most one multi-line field, and no typed field
                   after it, so that a filled-in sheet can be read back without ambiguity
    ``positional`` keys that may be given without a label, in this order, on one line
    ``check``      problems between answers: pairs of field key and problem
    ``confirm``    whether it is shown what was understood, and what will come of it, and asked
                   before anything is done, also of a single line and of a page
    ``sealed``     its answers are told in confidence: a draft and what is kept of the dialogue are
                   encrypted, and it is never taken up in a group
    """

    key: str
    version: int
    fields: tuple[Field[Any], ...]
    positional: tuple[str, ...] = ()
    check: Callable[[Answers, Facts], Sequence[tuple[str, Problem]]] = _nothing_to_object
    confirm: bool = False
    sealed: bool = False

    def __post_init__(self) -> None:
        keys = [field.key for field in self.fields]
        if len(set(keys)) != len(keys):
            raise ValueError(f"form {self.key}: a field key stands twice")
        typed = [field for field in self.fields if field.typed]
        if any(field.describe().multiline for field in typed[:-1]):
            raise ValueError(f"form {self.key}: one multi-line field at most, and it goes last")
        if unknown := set(self.positional) - set(keys):
            raise ValueError(f"form {self.key}: positional names no field: {sorted(unknown)}")

    def field(self, key: str) -> Field[Any]:
        """The field of a key; ``KeyError`` for any other."""
        for candidate in self.fields:
            if candidate.key == key:
                return candidate
        raise KeyError(key)
