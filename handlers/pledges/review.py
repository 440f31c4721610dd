"""审诺 and 公诺: the branch's four questions, and publication (DOMAIN.md 3)."""

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import ColumnElement, and_, func, or_, select, true

from config.texts import label, t
from handlers.clocks import after_quiet_hours
from handlers.content import Button, Card, Text, Tone
from handlers.context import Context
from handlers.dossier import Act
from handlers.duty import Duty, DutySource
from handlers.organisation import near
from handlers.places import branch_in_question
from handlers.pledges.making import (
    REVIEWERS,
    branch_of_code,
    find_pledge,
    note_step,
    owner_of,
    tell_owner,
)
from handlers.reply import Markdown, Reply, fill, lines
from handlers.spec import Action, Command, Family
from models.errors import UserError
from models.forms.field import NOTHING, Answers, Facts
from models.forms.form import Form
from models.forms.kinds import Text as TextField
from models.forms.kinds import Unit as UnitField
from models.forms.kinds import YesNo
from models.forms.record import RecordNumber
from models.group import chats_of
from models.person import Grant, Member, Person, PersonState, Role
from models.pledge import Pledge, PledgeState, PledgeStep, Question
from models.unit import Place, Unit

NAMED = 12
"""How many pledges one message to a group quotes."""
QUOTED = 60
"""Characters of a pledge in a list."""


def _some_no(answers: Answers, facts: Facts) -> bool:
    del facts
    return any(answers.get(question.value) is False for question in Question)


REVIEW = Form(
    key="pledge_review",
    version=1,
    fields=(
        RecordNumber(key="number"),
        *(YesNo(key=question.value) for question in Question),
        TextField(key="note", max_chars=300, when=_some_no),
    ),
    positional=("number", *(question.value for question in Question), "note"),
)

BRANCH = Form(
    key="pledge_branch",
    version=1,
    fields=(UnitField(key="unit", required=False),),
    positional=("unit",),
)


# 审诺


def _reviewable(ctx: Context, number: str) -> tuple[Pledge, Place]:
    """A pledge that waits for the review and that the speaker may judge: never one's own."""
    pledge, branch = find_pledge(ctx, number)
    ctx.need(*REVIEWERS, over=branch.path)
    if pledge.person_id == ctx.who.id:
        raise UserError("pledge.own_review")
    if pledge.state is not PledgeState.SUBMITTED:
        raise UserError("pledge.not_waiting", number=number, state=label(pledge.state))
    return pledge, branch


def review_facts(ctx: Context, answers: Answers) -> Facts:
    """Whether the speaker may review it, before anything is asked."""
    if "number" in answers:
        _reviewable(ctx, answers["number"])
    return NOTHING


def review_intro(ctx: Context, answers: Answers) -> Markdown:
    """The pledge that is judged."""
    if "number" not in answers:
        return Markdown("")
    pledge, _ = _reviewable(ctx, answers["number"])
    return fill(
        "pledge.quote",
        number=pledge.number,
        name=owner_of(ctx, pledge).name,
        kind=label(pledge.kind),
        category=label(pledge.category),
        text=pledge.text,
        measure=fill("pledge.quote_measure", measure=pledge.measure) if pledge.measure else "",
    )


def review(ctx: Context, answers: Answers) -> Reply:
    """``/审诺 编号 是 是 是 是``: four yes approve it; any no sends it back with the question."""
    pledge, branch = _reviewable(ctx, answers["number"])
    failed = [question for question in Question if not answers[question.value]]
    if failed:
        return _send_back(ctx, pledge, failed, answers["note"] or "")
    pledge.move_to(ctx.session, PledgeState.APPROVED, failed="", note="", reviewed_at=ctx.now)
    note_step(ctx, pledge, PledgeStep.APPROVED)
    waiting = ctx.session.scalar(select(func.count()).where(_approved(branch.id))) or 0
    text = fill(
        "pledge.approved", number=pledge.number, name=owner_of(ctx, pledge).name, count=waiting
    )
    if ctx.room:
        return Reply(text)
    card = Card(
        title=t("pledge.publish_title", count=waiting),
        desc=branch.name,
        buttons=(
            Button(t("pledge.publish"), f"pledge.publish:{branch.code}", Tone.PRIMARY),
            Button(t("pledge.publish_later"), f"pledge.later:{branch.code}"),
        ),
    )
    return Reply(text, card)


def _send_back(ctx: Context, pledge: Pledge, failed: Sequence[Question], note: str) -> Reply:
    """The text stays; the questions that failed and the reason go to its owner, privately."""
    pledge.move_to(
        ctx.session,
        PledgeState.RETURNED,
        failed=",".join(failed),
        note=note,
        reviewed_at=ctx.now,
    )
    questions = "、".join(label(question) for question in failed)
    note_step(
        ctx, pledge, PledgeStep.RETURNED, t("pledge.failed_plain", questions=questions, note=note)
    )
    told = fill(
        "pledge.returned_owner",
        number=pledge.number,
        text=pledge.text,
        questions=questions,
        note=note,
    )
    times = ctx.token()
    tell_owner(ctx, pledge, Text(told), f"returned:{times}:text")
    card = Card(
        title=t("pledge.returned_title"),
        desc=pledge.number,
        buttons=(
            Button(t("pledge.change"), f"begin:pledge_change/number={pledge.number}", Tone.PRIMARY),
        ),
    )
    tell_owner(ctx, pledge, card, f"returned:{times}:card")
    return Reply(
        fill(
            "pledge.returned",
            number=pledge.number,
            name=owner_of(ctx, pledge).name,
            questions=questions,
        )
    )


# 公诺


def _approved(unit_id: int) -> ColumnElement[bool]:
    """Condition: has passed a branch's review and is not public yet."""
    return and_(Pledge.unit_id == unit_id, Pledge.state == PledgeState.APPROVED)


def publish_branch(ctx: Context, branch: Place) -> int:
    """Make public what has passed the review; one message to the branch's groups. How many."""
    # The afternoon's job and the secretary may publish at the same moment: one waits for the other.
    pledges = ctx.session.scalars(
        select(Pledge).where(_approved(branch.id)).order_by(Pledge.id).with_for_update()
    ).all()
    if not pledges:
        return 0
    rows = []
    for pledge in pledges:
        pledge.move_to(ctx.session, PledgeState.PUBLIC, published_at=ctx.now)
        note_step(ctx, pledge, PledgeStep.PUBLISHED)
        rows.append(_public_line(ctx, pledge))
    more = t("pledge.public_more", count=len(rows) - NAMED) if len(rows) > NAMED else ""
    head = fill("pledge.public_head", branch=branch.name, count=len(rows))
    text = lines(head, *rows[:NAMED], more, t("pledge.public_foot", number=pledges[0].number))
    for chat in chats_of(ctx.session, branch.id):
        key = f"{pledges[0].number}:public:{chat}"
        ctx.push_group(chat, Text(text), key, after_quiet_hours(ctx))
    return len(pledges)


def _public_line(ctx: Context, pledge: Pledge) -> Markdown:
    cut = pledge.text if len(pledge.text) <= QUOTED else pledge.text[: QUOTED - 1] + "…"
    name = owner_of(ctx, pledge).name
    return fill("pledge.public_line", name=name, kind=label(pledge.kind), text=cut)


def _publish(ctx: Context, branch: Place) -> int:
    ctx.need(*REVIEWERS, over=branch.path)
    count = publish_branch(ctx, branch)
    if not count:
        raise UserError("pledge.nothing_to_publish", branch=branch.name)
    ctx.subject = branch.code
    return count


def publish(ctx: Context, answers: Answers) -> Reply:
    """``/公诺 [支部]``: publish what has passed, without waiting for the afternoon."""
    branch = branch_in_question(ctx, answers["unit"])
    if branch is None:
        raise UserError("pledge.which_branch")
    count = _publish(ctx, branch)
    return Reply(fill("pledge.published", branch=branch.name, count=count))


def publish_tapped(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """The button after an approval; ``argument`` is the branch's code."""
    del picked
    branch = branch_of_code(ctx, argument)
    count = _publish(ctx, branch)
    return Reply(card=Card(title=t("pledge.published_title", count=count), desc=branch.name))


def publish_later(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """The afternoon's job will do it."""
    del picked
    branch = branch_of_code(ctx, argument)
    return Reply(card=Card(title=t("pledge.later_title"), desc=branch.name))


# Duties


def waiting_reviews(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Pledges that wait for the branch; the secretary's own waits for the party office."""
    rows = ctx.session.execute(
        select(
            Pledge.number,
            Pledge.kind,
            Pledge.sent_at,
            Person.name,
            Unit.name,
            Unit.path,
            BY_SECRETARY,
        )
        .join(Person, Person.id == Pledge.person_id)
        .join(Unit, Unit.id == Pledge.unit_id)
        .where(Pledge.state == PledgeState.SUBMITTED, to_review_by(member) if member else true())
        .order_by(Pledge.id)
    )
    days = ctx.rules.pledge.review_days
    for number, kind, sent_at, name, branch, path, by_secretary in rows:
        since = ctx.local(sent_at).date()
        yield Duty(
            key=f"pledge_review:{number}:{sent_at:%Y%m%d%H%M}",
            title=t("pledge.duty_review"),
            detail=t(
                "pledge.duty_about",
                number=number,
                branch=branch,
                name=name,
                kind=label(kind),
            ),
            due=ctx.calendar.add_working(since, days),
            since=since,
            unit_path=path,
            role=Role.PARTY_OFFICE if by_secretary else Role.SECRETARY,
            number=number,
            act=Act(t("pledge.review"), command="pledge_review", answers={"number": number}),
        )


BY_SECRETARY = (
    select(Grant.id)
    .where(
        Grant.person_id == Pledge.person_id,
        Grant.unit_id == Pledge.unit_id,
        Grant.role == Role.SECRETARY,
    )
    .exists()
)


def to_review_by(member: Member) -> ColumnElement[bool]:
    """What waits for a secretary, and for the party office the pledges of secretaries."""
    return or_(near(member, Role.SECRETARY), and_(BY_SECRETARY, near(member, Role.PARTY_OFFICE)))


def sent_back(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Pledges that the review sent back wait for their owners; nobody else can mend them."""
    rows = ctx.session.execute(
        select(Pledge, Unit.path)
        .join(Unit, Unit.id == Pledge.unit_id)
        .join(Person, Person.id == Pledge.person_id)
        .where(
            Pledge.state == PledgeState.RETURNED,
            Person.state == PersonState.ACTIVE,
            Pledge.person_id == member.id if member else true(),
        )
        .order_by(Pledge.id)
    )
    days = ctx.rules.pledge.review_days
    for pledge, path in rows:
        sent = ctx.local(pledge.reviewed_at or pledge.sent_at)
        yield Duty(
            key=f"pledge_change:{pledge.number}:{sent:%Y%m%d%H%M}",
            title=t("pledge.duty_change"),
            detail=t(
                "pledge.duty_failed",
                number=pledge.number,
                questions="、".join(label(question) for question in pledge.questions_failed),
            ),
            due=ctx.calendar.add_working(sent.date(), days),
            unit_path=path,
            owners=(pledge.person_id,),
            escalates=False,
            number=pledge.number,
            act=Act(t("pledge.change"), command="pledge_change", answers={"number": pledge.number}),
        )


FAMILY = Family(
    commands=(
        Command(
            key="pledge_review",
            form=REVIEW,
            facts=review_facts,
            intro=review_intro,
            run=review,
            roles=frozenset(REVIEWERS),
        ),
        Command(key="pledge_publish", form=BRANCH, run=publish, roles=frozenset(REVIEWERS)),
    ),
    actions=(
        Action(key="pledge.publish", run=publish_tapped, roles=frozenset(REVIEWERS)),
        Action(key="pledge.later", run=publish_later, roles=frozenset(REVIEWERS)),
    ),
    duties=(
        DutySource(key="pledge_review", find=waiting_reviews),
        DutySource(key="pledge_change", find=sent_back),
    ),
)
