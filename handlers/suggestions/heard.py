"""What the secretary heard on visits and reception days becomes suggestions (DOMAIN.md 4, 8)."""

from collections.abc import Sequence
from string import digits
from typing import Final

from config.lexicon import mapped
from handlers.context import Context
from handlers.reply import Markdown, fill, lines
from handlers.suggestions.giving import Said, store
from models.forms.field import Answers, Facts, Problem
from models.person import Member
from models.suggestion import Level, Source, Suggestion
from models.unit import Place

LOW: Final = 10
AT_ONCE: Final = 30
"""Suggestions of one visit or conversation at most."""


def each_line(text: str | None) -> list[str]:
    """The suggestions of a list, one a line; numbers before them fall away."""
    marks = digits + mapped("marks", "separator")["number"]
    rows = [row.strip().lstrip(marks).strip() for row in (text or "").split("\n")]
    return [row for row in rows if row]


def rows_hold(answers: Answers, facts: Facts) -> Sequence[tuple[str, Problem]]:
    """Each suggestion of a list keeps the limits of one; all of them or none is stored."""
    del facts
    rows = each_line(answers.get("said"))
    short = next((row for row in rows if len(row) < LOW), None)
    if short is not None:
        return [("said", Problem("problem.heard.short", {"line": short, "low": LOW}))]
    if len(rows) > AT_ONCE:
        return [("said", Problem("problem.heard.many", {"most": AT_ONCE}))]
    return []


def bring(
    ctx: Context, sender: Member, place: Place, said: Sequence[str], source: Source
) -> list[Suggestion]:
    """Each sentence becomes a suggestion; ``sender`` is who hears what became of it."""
    return [
        store(ctx, Said(said=words, level=Level.NAMED, place=place, source=source), sender)
        for words in said
    ]


def brought(made: Sequence[Suggestion]) -> Markdown:
    """What was taken in, one a line; empty for nothing."""
    if not made:
        return Markdown("")
    rows = [fill("heard.line", number=one.number, said=one.said[:24]) for one in made]
    return lines(fill("heard.collected", count=len(made)), *rows)
