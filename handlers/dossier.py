"""Dossiers: everything about one stored thing, the same in chat and on its page.

A family declares a ``Record`` per prefix (``XM``, ``JY`` …); ``/查 XM-2026-0001``, the page
``/record/XM-2026-0001`` and the link in a card all show the dossier it draws up, and its buttons do
the same in each place.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from config.texts import t
from handlers.content import Button, Card, Link, Tone
from handlers.context import Context
from handlers.figures import minute_text
from handlers.reply import Markdown, Reply, fill, lines

CARD_BUTTONS: Final = 6
STEPS_IN_CHAT: Final = 6


@dataclass(frozen=True, slots=True)
class Act:
    """Something the reader may do now.

    ``action``   a registered card action (``name`` or ``name:argument``), done in one tap
    ``command``  or a command whose form opens, ``answers`` (raw, by field key) filled in already
    """

    label: str
    action: str = ""
    command: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    tone: Tone = Tone.PLAIN

    def button(self) -> Button:
        """The button of a card; a form begins by the runtime's own action ``begin``."""
        if self.action:
            return Button(self.label, self.action, self.tone)
        filled = "/".join(f"{key}={raw}" for key, raw in self.answers.items())
        return Button(self.label, f"begin:{self.command}/{filled}", self.tone)


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a time line: when (aware), what happened, who did it, in which words."""

    at: datetime
    what: str
    who: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with words below it, as somebody wrote them."""

    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """One stored thing as its reader may see it. All words are plain; the faces escape them.

    ``state``   the word of its state; ``light`` green, yellow, red, blue or empty
    ``facts``   label and value, the most important first
    ``steps``   what happened, oldest first
    ``photos``  ids of attachments that the reader may see
    ``sealed``  its words were told in confidence: nothing of it is kept in clear when it is shown
    ``papers``  official papers: (words, paper recipe key, parameters)
    ``sealed``  that somebody reads it says something about them: no audit row names it, and
                answers that show it are kept encrypted
    """

    number: str
    title: str
    state: str = ""
    light: str = ""
    facts: Sequence[tuple[str, str]] = ()
    sections: Sequence[Section] = ()
    steps: Sequence[Step] = ()
    acts: Sequence[Act] = ()
    photos: Sequence[int] = ()
    papers: Sequence[tuple[str, str, Mapping[str, str]]] = ()
    sealed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Things that answer to a number with this prefix.

    ``show`` raises ``UserError("lookup.unknown")`` both for what is not there and for what the
    reader may not see: nobody learns which it was.
    """

    prefix: str
    show: Callable[[Context, str], Dossier]


def path_of(number: str) -> str:
    """The address of a thing's page, without the base."""
    return f"/record/{number}"


def in_chat(ctx: Context, dossier: Dossier) -> Reply:
    """A dossier as text, with a card for what can be done; in a group the text alone."""
    state = fill("dossier.state", state=dossier.state) if dossier.state else ""
    head = fill("dossier.head", number=dossier.number, title=dossier.title, state=state)
    facts = [fill("dossier.fact", label=label, value=value) for label, value in dossier.facts]
    sections = [
        fill("dossier.section", title=section.title, text=section.text)
        for section in dossier.sections
        if section.text
    ]
    steps = [_step(ctx, step) for step in dossier.steps[-STEPS_IN_CHAT:]]
    more = Markdown(t("dossier.page", url=ctx.page(path_of(dossier.number))))
    return Reply(
        lines(head, *facts, *sections, *steps, "" if ctx.room else more),
        card=None if ctx.room else acts_card(ctx, dossier),
        sealed=dossier.sealed,
    )


def _step(ctx: Context, step: Step) -> Markdown:
    at = minute_text(ctx.local(step.at))
    who = fill("dossier.who", who=step.who) if step.who else ""
    note = fill("dossier.note", note=step.note) if step.note else ""
    return fill("dossier.step", at=at, what=step.what, who=who, note=note)


def acts_card(ctx: Context, dossier: Dossier) -> Card | None:
    """The buttons of a dossier as a card; None if there is nothing to do."""
    if not dossier.acts:
        return None
    return Card(
        title=dossier.title,
        desc=dossier.number,
        buttons=tuple(act.button() for act in dossier.acts[:CARD_BUTTONS]),
        links=(Link(t("dossier.open"), ctx.page(path_of(dossier.number))),),
    )
