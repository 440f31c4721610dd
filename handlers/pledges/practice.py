"""践诺: what was done for a pledge, with evidence (DOMAIN.md 3, 履责践诺)."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from config.texts import label, t
from handlers.context import Context
from handlers.dossier import Act, Dossier, Record, Section
from handlers.figures import minute_text
from handlers.options import options_of
from handlers.places import branch_by_id
from handlers.pledges.book import may_read
from handlers.pledges.making import find_pledge, owner_of
from handlers.reply import Markdown, Reply, fill, lines
from handlers.spec import Action, Command, Family
from handlers.tray import attach_from_tray, tray_card
from models.attachment import attach, of_record
from models.errors import UserError
from models.forms.field import Answers, Facts
from models.forms.form import Form
from models.forms.kinds import Attachment, Choice, LongText
from models.forms.record import RecordNumber
from models.number import next_number
from models.pledge import (
    EntryState,
    Pledge,
    PledgeEntry,
    PledgeKind,
    PledgeState,
    entry_by_number,
    settle_pledge,
)


def _never(answers: Answers, facts: Facts) -> bool:
    """Nobody is asked for a number: the kind says it; buttons and those who know it give it."""
    del answers, facts
    return False


def _which(answers: Answers, facts: Facts) -> bool:
    return not answers.get("number") and bool(facts.get("several"))


FORM = Form(
    key="practice",
    version=1,
    fields=(
        RecordNumber(key="number", required=False, when=_never),
        Choice(key="kind", options=options_of(PledgeKind), when=_which),
        Attachment(key="photos", required=False),
        LongText(key="said", min_chars=4, max_chars=1000),
    ),
    positional=("number", "kind", "said"),
)


def _mine(ctx: Context) -> Sequence[Pledge]:
    """The speaker's public pledges, the newest year first; last year's until they are concluded."""
    return ctx.session.scalars(
        select(Pledge)
        .where(Pledge.person_id == ctx.who.id, Pledge.state == PledgeState.PUBLIC)
        .order_by(Pledge.year.desc(), Pledge.kind, Pledge.id)
    ).all()


def _own(ctx: Context, number: str) -> Pledge:
    pledge, _ = find_pledge(ctx, number)
    if pledge.person_id != ctx.who.id:
        raise UserError("practice.not_yours", number=number)
    if pledge.state is not PledgeState.PUBLIC:
        raise UserError("practice.not_public", number=number, state=label(pledge.state))
    return pledge


def facts(ctx: Context, answers: Answers) -> Facts:
    """Whether it has to be asked for which of the two pledges something was done."""
    if answers.get("number"):
        _own(ctx, answers["number"])
        return {}
    return {"several": len({pledge.kind for pledge in _mine(ctx)}) > 1}


def intro(ctx: Context, answers: Answers) -> Markdown:
    """The pledge in question; somebody without a public one is told so before typing."""
    if answers.get("number"):
        return fill("practice.about", text=_own(ctx, answers["number"]).text)
    if not _mine(ctx):
        raise UserError("practice.none")
    return Markdown("")


def _chosen(ctx: Context, answers: Answers) -> Pledge:
    if answers["number"]:
        return _own(ctx, answers["number"])
    found = _mine(ctx)
    wanted = [pledge for pledge in found if answers["kind"] in (None, pledge.kind)]
    if not wanted:
        raise UserError("practice.none_of_kind" if found else "practice.none")
    return wanted[0]


def practise(ctx: Context, answers: Answers) -> Reply:
    """``/践诺 服务 …``: one thing done for one's own public pledge."""
    pledge = _chosen(ctx, answers)
    entry = PledgeEntry(
        number=next_number(ctx.session, "LN", ctx.today.year),
        pledge_id=pledge.id,
        said=answers["said"],
        at=ctx.now,
    )
    ctx.session.add(entry)
    settle_pledge(ctx.session, pledge)
    if answers["photos"]:
        attach(ctx.session, answers["photos"], ctx.who.id, entry.number)
    ctx.subject = entry.number
    saved = fill(
        "practice.saved",
        number=entry.number,
        pledge=pledge.number,
        kind=label(pledge.kind),
        said=entry.said,
        count=pledge.entries,
    )
    undo = t("practice.undo", number=entry.number, hours=ctx.rules.pledge.correct_hours)
    photos = t("progress.photos_private") if ctx.room else ""
    return Reply(lines(saved, undo, photos), card=tray_card(ctx, entry.number, "practice.attach"))


def attach_photos(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """Let photos of the tray be evidence of one's own entry; ``argument`` is ``LN-…/ids``."""
    del picked
    number, _, ids = argument.partition("/")
    _own_entry(ctx, number)
    return attach_from_tray(ctx, number, ids)


def _own_entry(ctx: Context, number: str) -> tuple[PledgeEntry, Pledge]:
    entry = entry_by_number(ctx.session, number)
    pledge = ctx.session.get_one(Pledge, entry.pledge_id) if entry else None
    if entry is None or pledge is None or pledge.person_id != ctx.who.id:
        raise UserError("practice.not_your_entry")
    return entry, pledge


def withdraw(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """Take one's own entry back within a day; it stays in the history and counts no more."""
    del picked
    entry, pledge = _own_entry(ctx, argument)
    hours = ctx.rules.pledge.correct_hours
    if not ctx.within(entry.at, hours):
        raise UserError("practice.too_late", number=entry.number, hours=hours)
    entry.move_to(ctx.session, EntryState.WITHDRAWN)
    settle_pledge(ctx.session, pledge)
    ctx.subject = entry.number
    return Reply(fill("practice.withdrawn", number=entry.number, count=pledge.entries))


def show_entry(ctx: Context, number: str) -> Dossier:
    """One entry with its evidence, for those who may read the pledge."""
    entry = entry_by_number(ctx.session, number)
    pledge = ctx.session.get_one(Pledge, entry.pledge_id) if entry else None
    if (
        entry is None
        or pledge is None
        or not may_read(ctx, pledge, branch_by_id(ctx, pledge.unit_id))
    ):
        raise UserError("lookup.unknown", number=number)
    own = pledge.person_id == ctx.who.id
    fresh = ctx.within(entry.at, ctx.rules.pledge.correct_hours)
    withdrawable = own and fresh and entry.state is EntryState.VALID
    photos = of_record(ctx.session, entry.number)
    return Dossier(
        number=entry.number,
        title=t("practice.dossier", name=owner_of(ctx, pledge).name),
        state=label(entry.state),
        facts=(
            (t("practice.fact_pledge"), f"{pledge.number}"),
            (t("practice.fact_kind"), label(pledge.kind)),
            (t("practice.fact_at"), minute_text(ctx.local(entry.at))),
            (t("practice.fact_photos"), t("progress.photo_count", count=len(photos))),
        ),
        sections=(
            Section(t("practice.section_said"), entry.said),
            Section(t("practice.section_pledge"), pledge.text),
        ),
        acts=(Act(t("practice.withdraw"), action=f"practice.withdraw:{entry.number}"),)
        if withdrawable
        else (),
        photos=[photo.id for photo in photos],
    )


FAMILY = Family(
    commands=(
        Command(key="practice", form=FORM, facts=facts, intro=intro, run=practise, sheet=True),
    ),
    actions=(
        Action(key="practice.attach", run=attach_photos),
        Action(key="practice.withdraw", run=withdraw),
    ),
    records=(Record(prefix="LN", show=show_entry),),
)
