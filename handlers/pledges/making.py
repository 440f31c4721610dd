"""承诺: draft, change, withdraw (DOMAIN.md 3, the first of the five steps 科学定诺)."""

from collections.abc import Mapping

from sqlalchemy import select

from config.texts import label, t
from handlers.clocks import after_quiet_hours
from handlers.content import Button, Card, Content, Tone
from handlers.context import Context
from handlers.options import options_of
from handlers.places import branch_by_id
from handlers.reply import Markdown, Reply, fill, lines
from handlers.spec import Action, Command, Family
from models.errors import UserError
from models.forms.field import NOTHING, Answers, Facts
from models.forms.form import Form
from models.forms.kinds import Choice, LongText, Text
from models.forms.record import RecordNumber
from models.number import next_number
from models.person import Person, Role, one_at_a_time
from models.pledge import (
    Pledge,
    PledgeClass,
    PledgeEvent,
    PledgeKind,
    PledgeState,
    PledgeStep,
    pledge_by_number,
    pledges_of,
)
from models.unit import Place, Unit
from models.wording import vague_words

REVIEWERS = (Role.SECRETARY, Role.PARTY_OFFICE)
"""Who reviews, publishes, checks and concludes the pledges of a branch."""
LEAST, MOST = 6, 500
"""Characters of a pledge."""
CHANGEABLE = (PledgeState.SUBMITTED, PledgeState.RETURNED)


def _kind_open(answers: Answers, facts: Facts) -> bool:
    del answers
    return "kind" not in facts


def _is_vague(answers: Answers, facts: Facts) -> bool:
    del facts
    return bool(vague_words(answers.get("text") or ""))


FORM = Form(
    key="pledge",
    version=1,
    fields=(
        Choice(key="kind", options=options_of(PledgeKind), when=_kind_open),
        Choice(key="category", options=options_of(PledgeClass)),
        Text(key="measure", required=False, max_chars=200, when=_is_vague),
        LongText(key="text", min_chars=LEAST, max_chars=MOST),
    ),
    positional=("kind", "category", "text"),
)

CHANGE = Form(
    key="pledge_change",
    version=1,
    fields=(
        RecordNumber(key="number"),
        Text(key="measure", required=False, max_chars=200, when=_is_vague),
        LongText(key="text", min_chars=LEAST, max_chars=MOST),
    ),
    positional=("number", "text"),
)


# What the other files of pledges use too


def find_pledge(ctx: Context, number: str) -> tuple[Pledge, Place]:
    """The pledge of a number and its branch; ``UserError`` if there is none."""
    pledge = pledge_by_number(ctx.session, number)
    if pledge is None:
        raise UserError("lookup.unknown", number=number)
    return pledge, branch_by_id(ctx, pledge.unit_id)


def branch_of_code(ctx: Context, code: str) -> Place:
    """The branch of a code that a button carries."""
    unit_id = ctx.session.scalar(select(Unit.branch_id).where(Unit.code == code))
    if unit_id is None:
        raise UserError("error.stale")
    return branch_by_id(ctx, unit_id)


def owner_of(ctx: Context, pledge: Pledge) -> Person:
    """Who made a pledge."""
    return ctx.session.get_one(Person, pledge.person_id)


def note_step(ctx: Context, pledge: Pledge, step: PledgeStep, note: str = "") -> None:
    """Keep who did what, when and why."""
    ctx.session.add(
        PledgeEvent(
            pledge_id=pledge.id,
            at=ctx.now,
            person_id=ctx.member.id if ctx.member else None,
            step=step,
            note=note,
        )
    )
    ctx.subject = pledge.number


def tell_owner(ctx: Context, pledge: Pledge, content: Content, key: str) -> None:
    """Write to the one who made a pledge, privately; ``key`` makes it happen once."""
    userid = owner_of(ctx, pledge).userid
    ctx.push_person(userid, content, f"{pledge.number}:{key}", after_quiet_hours(ctx))


# 定诺


def _own_branch(ctx: Context) -> Place:
    if ctx.who.branch_id is None:
        raise UserError("pledge.no_branch")
    return branch_by_id(ctx, ctx.who.branch_id)


def _still_open(ctx: Context, kind: str | None) -> set[PledgeKind]:
    """The kinds the speaker may still promise this year; a third pledge is refused."""
    made = {pledge.kind: pledge for pledge in pledges_of(ctx.session, ctx.who.id, ctx.today.year)}
    left = set(PledgeKind) - set(made)
    wanted = PledgeKind(kind) if kind else None
    if left and (wanted is None or wanted in left):
        return left
    taken = made[wanted or PledgeKind.POST]
    raise UserError(
        "pledge.third" if not left else "pledge.twice",
        year=ctx.today.year,
        kind=label(taken.kind),
        number=taken.number,
    )


def facts(ctx: Context, answers: Answers) -> Facts:
    """Which kind it can only be, if one has been promised already."""
    _own_branch(ctx)
    left = _still_open(ctx, answers.get("kind"))
    return {"kind": next(iter(left))} if len(left) == 1 else {}


def intro(ctx: Context, answers: Answers) -> Markdown:
    """What a good pledge is, before the first question."""
    known = facts(ctx, answers).get("kind")
    which = fill("pledge.intro_left", kind=label(known)) if known else ""
    return lines(fill("pledge.intro", year=ctx.today.year), which)


def submit(ctx: Context, answers: Answers) -> Reply:
    """``/承诺 岗位 实事 …``: goes to the branch's review; the helper advises and never blocks."""
    branch = _own_branch(ctx)
    one_at_a_time(ctx.session, ctx.who.id)
    left = _still_open(ctx, answers["kind"])
    kind = PledgeKind(answers["kind"]) if answers["kind"] else next(iter(left))
    pledge = Pledge(
        number=next_number(ctx.session, "CN", ctx.today.year),
        person_id=ctx.who.id,
        unit_id=branch.id,
        year=ctx.today.year,
        kind=kind,
        category=PledgeClass(answers["category"]),
        text=answers["text"],
        measure=answers["measure"] or "",
        at=ctx.now,
        sent_at=ctx.now,
    )
    ctx.session.add(pledge)
    ctx.session.flush()
    note_step(ctx, pledge, PledgeStep.SUBMITTED)
    saved = fill(
        "pledge.saved",
        number=pledge.number,
        kind=label(pledge.kind),
        category=label(pledge.category),
        text=pledge.text,
        branch=branch.name,
    )
    other = left - {kind}
    next_one = fill("pledge.next", kind=label(next(iter(other)))) if other else t("pledge.both")
    return Reply(lines(saved, advice(pledge), next_one), card=_card(ctx, pledge))


def advice(pledge: Pledge) -> Markdown:
    """What the helper thinks of the wording; empty if it can be checked in December."""
    words = vague_words(pledge.text)
    if not words or pledge.measure:
        return Markdown("")
    return fill("pledge.advice", words="、".join(f"“{word}”" for word in words[:4]))


def _card(ctx: Context, pledge: Pledge) -> Card | None:
    """The way to a better wording, for those whose pledge is vague."""
    if ctx.room or not advice(pledge):
        return None
    change = f"begin:pledge_change/number={pledge.number}"
    return Card(
        title=t("pledge.advice_title"),
        desc=pledge.number,
        body=t("pledge.advice_body"),
        buttons=(
            Button(t("pledge.change"), change, Tone.PRIMARY),
            Button(t("pledge.leave"), f"pledge.leave:{pledge.number}"),
        ),
    )


def leave_wording(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """The advice is declined; nothing changes."""
    del ctx, picked
    return Reply(card=Card(title=t("pledge.left"), desc=argument))


# 改诺


def _own(ctx: Context, number: str) -> Pledge:
    """The speaker's own pledge that may still be changed."""
    pledge, _ = find_pledge(ctx, number)
    if pledge.person_id != ctx.who.id:
        raise UserError("pledge.not_yours", number=number)
    if pledge.state not in CHANGEABLE:
        raise UserError("pledge.fixed", number=number, state=label(pledge.state))
    return pledge


def change_facts(ctx: Context, answers: Answers) -> Facts:
    """Whether the pledge may be changed, before anything is asked."""
    if "number" in answers:
        _own(ctx, answers["number"])
    return NOTHING


def change_intro(ctx: Context, answers: Answers) -> Markdown:
    """The pledge as it stands, and what the review missed."""
    if "number" not in answers:
        return Markdown("")
    pledge = _own(ctx, answers["number"])
    failed = "、".join(label(question) for question in pledge.questions_failed)
    return lines(
        fill("pledge.now", text=pledge.text),
        fill("pledge.failed", questions=failed, note=pledge.note) if failed else "",
    )


def change_prefill(ctx: Context, answers: Answers) -> Mapping[str, str]:
    """The page begins with the text as it was: what was sent back is not typed again."""
    if "number" not in answers:
        return NOTHING
    pledge = _own(ctx, answers["number"])
    return {"text": pledge.text, "measure": pledge.measure}


def change(ctx: Context, answers: Answers) -> Reply:
    """``/改诺 编号 新内容``: before the review, or after it sent the pledge back."""
    pledge = _own(ctx, answers["number"])
    before = pledge.text
    if answers["measure"] is not None:
        pledge.measure = answers["measure"]
    pledge.text = answers["text"]
    if pledge.state is PledgeState.RETURNED:
        pledge.move_to(ctx.session, PledgeState.SUBMITTED, sent_at=ctx.now)
    note_step(ctx, pledge, PledgeStep.REVISED, t("pledge.was", text=before))
    return Reply(
        lines(fill("pledge.changed", number=pledge.number, text=pledge.text), advice(pledge)),
        card=_card(ctx, pledge),
    )


def withdraw(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """The owner takes a pledge back before it is public; another one may be made instead."""
    del picked
    pledge, _ = find_pledge(ctx, argument)
    if pledge.person_id != ctx.who.id:
        raise UserError("pledge.not_yours", number=argument)
    pledge.move_to(ctx.session, PledgeState.WITHDRAWN)
    note_step(ctx, pledge, PledgeStep.WITHDRAWN)
    return Reply(
        fill("pledge.withdrawn", number=pledge.number),
        Card(title=t("pledge.withdrawn_title"), desc=pledge.number),
    )


FAMILY = Family(
    commands=(
        Command(key="pledge", form=FORM, facts=facts, intro=intro, run=submit, sheet=True),
        Command(
            key="pledge_change",
            form=CHANGE,
            facts=change_facts,
            intro=change_intro,
            prefill=change_prefill,
            run=change,
        ),
    ),
    actions=(
        Action(key="pledge.leave", run=leave_wording),
        Action(key="pledge.withdraw", run=withdraw),
    ),
)
