"""Whom a message speaks to and which command it names, before anything else is read.

The platform marks no mention: the name stands in the text as the person sees it (WeCom page
100719), with blanks in it or a special one after it, sometimes below a quotation or, with pictures
(``mixed``), below other words.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from config.lexicon import mapped
from models.forms.typed import Typed, fold, normal

_SLASH: Final = mapped("marks", "command")["slash"]
_CLAUSE: Final = mapped("marks", "separator")["clause"]
_STRANGER: Final = re.compile(r"\s*@[^\s@/]{1,32}(?:\s+|(?=/))")
# A quotation that a client wrote into the text: quoted lines, or a bracketed line above a rule.
_QUOTE: Final = re.compile(r"\s*(?:(?:>[^\n]*\n)+|[\[\"][^\n]*\n(?:[^\n]*\n){0,40}?[- ]{3,}\n)")
_WORD: Final = re.compile(r"[^\W\d_]+")


@lru_cache(maxsize=16)
def _mention(names: tuple[str, ...]) -> re.Pattern[str] | None:
    """A mention of one of the names at the start of a line, with any number of blanks inside."""
    forms = []
    for name in sorted((normal(name) for name in names), key=len, reverse=True):
        parts = [re.escape(part) for part in name.split()]
        if parts:
            # A Latin name must not end in the middle of a longer word.
            tail = r"(?![A-Za-z0-9_])" if name.strip()[-1].isascii() else ""
            forms.append(r"[ ]+".join(parts) + tail)
    if not forms:
        return None
    return re.compile(rf"(?:^|(?<=\n))[ ]*@[ ]?(?:{'|'.join(forms)})[ :,]*", re.IGNORECASE)


def strip_mention(typed: Typed, names: Sequence[str]) -> Typed:
    """The message without one mention of the bot, read again where it was cut.

    ``names`` are the display names of the bot; width, case and the number of blanks do not
    matter. The mention is looked for at the start of the lines, so an address like ``user@host``
    stays. A quotation above it goes with it. If words stand above it and a command follows it,
    the command comes first and the words after it. With no known name, a leading ``@word``
    before a blank or a slash is taken for the bot under a new name.
    """
    pattern = _mention(tuple(names))
    found = pattern.search(typed.text) if pattern else None
    if found is None:
        stranger = _STRANGER.match(typed.text)
        return typed.part(stranger.end()).strip() if stranger else typed.strip()
    before, after = typed.part(0, found.start()), typed.part(found.end())
    if quote := _QUOTE.match(before.text):
        before = before.part(quote.end())
    if not before:
        return after.strip()
    first, second = (after, before) if after.text[:1] in _SLASH else (before, after)
    return Typed.read(f"{first.source.strip()}\n{second.source.strip()}").strip()


def after_slash(typed: Typed) -> Typed | None:
    r"""What follows the slash (／, \ and 、 count as well) at the start; None if there is none."""
    text = typed.text.lstrip()
    if text[:1] not in _SLASH or not text:
        return None
    rest = text.lstrip(_SLASH + " ")
    return typed.part(len(typed.text) - len(rest))


def split_command(typed: Typed) -> tuple[str, Typed] | None:
    """The word after the slash, as normalised, and the rest; None if it is no command.

    The word runs to the first blank, mark or digit: ``/进展80%``, ``／ 进展：80%`` and
    ``/进展 80%`` all give 进展. It may hold more than the name of a
    command (``/进展八成``): see :func:`match_name`.
    """
    body = after_slash(typed)
    found = _WORD.match(body.text) if body else None
    if body is None or found is None:
        return None
    return found.group(), _rest(body, found.end())


@lru_cache(maxsize=16)
def _known(names: frozenset[str]) -> tuple[re.Pattern[str], dict[str, str]]:
    """One expression for all names, the longest first, and the names by their folded form."""
    by_form = {fold(name): name for name in names}
    parts = []
    for form in sorted(by_form, key=len, reverse=True):
        # A Latin name must not end in the middle of a longer word.
        tail = "(?![a-z])" if form[-1:].isascii() and form[-1:].isalpha() else ""
        words = normal(by_form[form]).casefold().split()
        parts.append(r"\s*".join(map(re.escape, words)) + tail)
    return re.compile("|".join(parts) or r"(?!)", re.IGNORECASE), by_form


def match_name(body: Typed, names: frozenset[str]) -> tuple[str, Typed] | None:
    """The longest of the names that the text begins with, as given, and the rest.

    ``body`` is what :func:`after_slash` gave, or a text without a slash. Width, case and blanks do
    not matter. A Latin name must not end inside a longer Latin word. A Chinese one may be followed
    by anything, as Chinese has no blanks (``/进展八成``): the caller decides about ``/进展表``.
    """
    pattern, by_form = _known(names)
    found = pattern.match(body.text)
    return (by_form[fold(found.group())], _rest(body, found.end())) if found else None


def _rest(body: Typed, start: int) -> Typed:
    """What follows a name, without the blanks and colons between."""
    rest = body.part(start)
    return rest.part(len(rest.text) - len(rest.text.lstrip(_CLAUSE + " \n"))).strip()
