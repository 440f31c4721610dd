"""搜索: one question to everything the reader may see (decision 0037).

Each ledger is asked with its own rights, so a search shows nothing that its ledger would not. What
is typed is read as a number (it leads straight to the thing), as periods (上周, 本季度, 3—4月) and
as words that must all occur; a sentence nobody wrote is cut into its words.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from config.texts import t
from handlers.context import Context
from handlers.dossier import Record, in_chat
from handlers.mine import find
from handlers.narrow import Days, Narrowing, days_of, narrowing
from handlers.reply import Markdown, Reply, fill, lines, say
from handlers.seek import pieces
from handlers.spec import Column, Command, Ledger, View, Where
from handlers.table import Wish, cell_text, some_of
from models.errors import UserError
from models.forms.field import Answers
from models.forms.form import Form
from models.forms.kinds import Text
from models.forms.record import number_in
from models.forms.typed import normal

SHOWN: Final = 3
"""Rows of one ledger, on the page; the rest stand in the ledger itself."""
IN_CHAT: Final = 2
COUNTED: Final = 99
"""Further hits are not counted."""
AROUND: Final = 60
"""Characters of a text around what was found."""
LONGEST_PERIOD: Final = 12

FORM = Form(
    key="search",
    version=1,
    fields=(Text(key="words", max_chars=60),),
    positional=("words",),
)


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for: words that must all occur, and the days it has to be of."""

    words: tuple[str, ...]
    days: Days | None = None
    period: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """One row: what it is called, the number of its record (if any), the text around the words."""

    title: str
    number: str
    about: str
    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """What one ledger holds. ``total`` is counted up to ``COUNTED``; ``query`` opens all of it."""

    ledger: Ledger
    hits: Sequence[Hit]
    total: int
    query: str

    @property
    def count(self) -> str:
        """How many, in words."""
        return t("search.many", count=COUNTED) if self.total > COUNTED else str(self.total)


def read_question(ctx: Context, typed: str) -> Question:
    """Words and the period, in whichever order; a period may stand before a word without a blank.

    Only the first period counts; what looks like a second one is a word.
    """
    words: list[str] = []
    days, period = None, ""
    for part in normal(typed).split():
        named = "" if days else _period(ctx, part)
        if named:
            days, period = days_of(named, ctx.today), named
        if rest := part[len(named) :]:
            words.append(rest)
    return Question(tuple(dict.fromkeys(words)), days, period)


def _period(ctx: Context, part: str) -> str:
    """The longest beginning that names days."""
    longest = min(len(part), LONGEST_PERIOD)
    ends = range(longest, 1, -1)
    return next((part[:end] for end in ends if days_of(part[:end], ctx.today)), "")


def search(
    ctx: Context, ledgers: Sequence[Ledger], typed: str, shown: int = SHOWN
) -> tuple[Question, list[Found]]:
    """What the speaker may see of it, ledger by ledger, and the question that was answered."""
    question = read_question(ctx, typed)
    view = View(ctx, ctx.member, {})
    found = list(_found(view, ledgers, question, shown))
    parts = tuple(dict.fromkeys(part for word in question.words for part in pieces(word)))
    if not found and parts != question.words:
        question = Question(parts, question.days, question.period)
        found = list(_found(view, ledgers, question, shown))
    return question, found


def _found(
    view: View, ledgers: Sequence[Ledger], question: Question, shown: int
) -> Iterator[Found]:
    if not question.words and question.days is None:
        return
    for ledger in ledgers:
        column = _day_column(ledger)
        if not ledger.found or not ledger.may(view.member) or (question.days and column is None):
            continue
        filters = {column.key: question.period} if question.days and column else {}
        wish = Wish(search=" ".join(question.words), filters=filters, limit=shown)
        rows, total = some_of(ledger, view, wish, COUNTED + 1)
        if rows:
            asked = {"q": wish.search, **{f"f.{key}": value for key, value in filters.items()}}
            query = urlencode({key: value for key, value in asked.items() if value})
            hits = [_hit(ledger, view, row, question.words) for row in rows]
            yield Found(ledger, hits, total, query)


def _day_column(ledger: Ledger) -> Column | None:
    return next((c for c in ledger.columns if narrowing(c) is Narrowing.DAYS), None)


def _hit(ledger: Ledger, view: View, row: Sequence[Any], words: Sequence[str]) -> Hit:
    texts = [cell_text(c, value, view) for c, value in zip(ledger.columns, row, strict=True)]
    held = [text for text in texts[1:] if any(word in normal(text) for word in words)]
    longest = max(held, key=len, default="")
    named = [text for text in texts[1:5] if text and text != longest]
    return Hit(
        title=texts[0],
        number=number_in(texts[0]),
        about=" · ".join(short for text in named if (short := " ".join(text.split())[:20])),
        text=around(longest, words),
    )


def around(text: str, words: Sequence[str], chars: int = AROUND) -> str:
    """The part of a text in which the first of the words stands."""
    plain = " ".join(text.split())
    places = [at for word in words if (at := normal(plain).find(word)) >= 0]
    start = max(min(places, default=0) - chars // 4, 0) if len(plain) > chars else 0
    piece = plain[start : start + chars]
    return f"{'…' if start else ''}{piece}{'…' if start + chars < len(plain) else ''}"


def search_command(
    ledgers: Callable[[], Mapping[str, Ledger]], records: Mapping[str, Record]
) -> Command:
    """``/搜索 词``: privately, for what is found are the things the speaker may see."""

    def run(ctx: Context, answers: Answers) -> Reply:
        typed = answers["words"]
        if number := number_in(typed):
            return in_chat(ctx, find(records, ctx, number))
        question, found = search(ctx, tuple(ledgers().values()), typed, IN_CHAT)
        if not question.words and question.days is None:
            raise UserError("search.nothing_asked")
        if not found:
            return say("search.none", words=typed)
        rows = [row for one in found for row in _rows(one)]
        url = ctx.page(f"/search?{urlencode({'q': typed})}")
        head = fill("search.head", words=typed, count=sum(len(one.hits) for one in found))
        return Reply(lines(head, *rows, Markdown(t("search.more", url=url))))

    return Command(key="search", form=FORM, run=run, where=Where.PRIVATE)


def _rows(found: Found) -> Iterator[Markdown]:
    yield fill("search.ledger", name=found.ledger.name, count=found.count)
    for hit in found.hits:
        yield fill("search.hit", title=hit.title, text=hit.text or hit.about)
