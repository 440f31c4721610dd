"""书记听您说: the dossier, ``/办理``, what is mine, and the ledger 建议 (DOMAIN.md 4)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import or_, select, true
from sqlalchemy.orm import aliased

from config.texts import label, t
from handlers.content import Button, Card, Link, Tone
from handlers.context import Context
from handlers.dossier import Act, Dossier, Record, Section, Step, in_chat
from handlers.personal import SHOWN, Access, Held, Holding
from handlers.reply import Reply, fill, lines
from handlers.spec import Action, Column, Command, Family, Kind, Ledger, Rows, View
from handlers.suggestions.acts import acts_of
from handlers.suggestions.desk import (
    RECEIVERS,
    category_label,
    concerns,
    due_text,
    is_sender,
    light,
    may_read,
    person_name,
    tier_label,
    unit_name,
)
from models.classify import ALL, LearntWord
from models.errors import UserError
from models.forms.field import Answers
from models.forms.form import Form
from models.forms.record import RecordNumber
from models.person import Person, Role
from models.suggestion import (
    CLOSED,
    INTERNAL,
    OPEN,
    PREFIX,
    Level,
    State,
    StepKind,
    Suggestion,
    SuggestionStep,
    SuggestionSupport,
    by_number,
    steps_of,
)
from models.unit import Unit

LISTED: Final = 20
BUTTONS: Final = 6
OWN_SEALED: Final = 300
"""Newest confidential ones that are looked through for one's own."""
STANDING: Final = timedelta(days=120)
_PHOTO_STEPS: Final = (StepKind.RECEIVED, StepKind.ADDED, StepKind.DONE)


def show(ctx: Context, number: str) -> Dossier:
    """A suggestion as its reader may see it: who handles it, who sent it, or who seconded it."""
    one = by_number(ctx.session, number)
    if one is None:
        raise UserError("lookup.unknown", number=number)
    if ctx.room is not None and one.published_on is None:
        return _for_group(ctx, one)
    if may_read(ctx, ctx.who, one):
        return _for_handlers(ctx, one)
    if is_sender(ctx, ctx.who, one):
        return _for_sender(ctx, one)
    if ctx.session.get(SuggestionSupport, (one.id, ctx.who.id)) is not None:
        return _for_seconder(ctx, one)
    if one.published_on is not None:
        return _published(ctx, one)
    raise UserError("lookup.unknown", number=number)


def _published(ctx: Context, one: Suggestion) -> Dossier:
    """What 你说我改 shows to everybody."""
    return Dossier(
        number=one.number,
        title=one.gist,
        state=state_text(one),
        facts=[
            (t("suggestion.fact_category"), category_label(ctx, one.category)),
            (t("suggestion.fact_unit"), unit_name(ctx, one.unit_id)),
        ],
        sections=[Section(t("suggestion.section_answer"), one.answer)],
        photos=_photos(steps_of(ctx.session, one)) if one.shows_photos else (),
    )


def _for_handlers(ctx: Context, one: Suggestion) -> Dossier:
    why = t("suggestion.because", words=one.category_why) if one.category_why else ""
    steps = steps_of(ctx.session, one)
    return Dossier(
        number=one.number,
        title=t("suggestion.dossier", category=category_label(ctx, one.category)),
        state=state_text(one),
        light=light(ctx, one),
        facts=[
            (t("suggestion.fact_sender"), sender_text(ctx, one)),
            (t("suggestion.fact_category"), category_label(ctx, one.category) + why),
            (t("suggestion.fact_place"), unit_name(ctx, one.place_id)),
            (t("suggestion.fact_desk"), unit_name(ctx, one.desk_id)),
            (t("suggestion.fact_receiver"), person_name(ctx, one.receiver_id)),
            (t("suggestion.fact_unit"), _doers(ctx, one)),
            (t("suggestion.fact_tier"), tier_label(ctx, one.tier)),
            (t("suggestion.fact_due"), _due(ctx, one)),
            (t("suggestion.fact_supporters"), t("suggestion.people", count=one.supporters)),
            *_verdict(one),
        ],
        sections=[
            Section(t("suggestion.section_said"), one.said),
            Section(t("suggestion.section_draft"), one.draft_text),
            Section(t("suggestion.section_answer"), one.answer),
        ],
        steps=[_step(ctx, step, names=True) for step in steps],
        acts=acts_of(ctx, one),
        photos=_photos(steps),
        sealed=one.level is Level.CONFIDENTIAL,
    )


def _for_sender(ctx: Context, one: Suggestion) -> Dossier:
    steps = [step for step in steps_of(ctx.session, one) if step.kind not in INTERNAL]
    return Dossier(
        number=one.number,
        title=t("suggestion.dossier", category=category_label(ctx, one.category)),
        state=state_text(one),
        light=light(ctx, one),
        facts=[
            (t("suggestion.fact_level"), label(one.level)),
            (t("suggestion.fact_unit"), _doers(ctx, one)),
            (t("suggestion.fact_due"), _due(ctx, one)),
            (t("suggestion.fact_supporters"), t("suggestion.people", count=one.supporters)),
            *_verdict(one),
        ],
        sections=[
            Section(t("suggestion.section_said"), one.said),
            Section(t("suggestion.section_answer"), one.answer),
        ],
        steps=[_step(ctx, step, names=False) for step in steps],
        acts=sender_acts(one),
        photos=_photos(steps),
        sealed=one.level is not Level.NAMED,
    )


def _for_group(ctx: Context, one: Suggestion) -> Dossier:
    """Where others read along: how it stands, and nothing else; the rest in private."""
    allowed = may_read(ctx, ctx.who, one) or one.person_id == ctx.who.id
    if one.level is Level.CONFIDENTIAL or not allowed:
        raise UserError("suggestion.private", number=one.number)
    return Dossier(
        number=one.number,
        title=t("suggestion.dossier", category=category_label(ctx, one.category)),
        state=state_text(one),
        light=light(ctx, one),
        facts=[
            (t("suggestion.fact_unit"), _doers(ctx, one)),
            (t("suggestion.fact_due"), _due(ctx, one)),
        ],
    )


def _for_seconder(ctx: Context, one: Suggestion) -> Dossier:
    return Dossier(
        number=one.number,
        title=t("suggestion.dossier", category=category_label(ctx, one.category)),
        state=state_text(one),
        facts=[(t("suggestion.fact_supporters"), t("suggestion.people", count=one.supporters))],
        sections=[
            Section(t("suggestion.section_said"), one.said[:40]),
            Section(t("suggestion.section_answer"), one.answer),
        ],
    )


def sender_text(ctx: Context, one: Suggestion) -> str:
    """Who sent it, as those who handle it may know."""
    if one.level is Level.NAMED and one.person_id is not None:
        person = ctx.session.get_one(Person, one.person_id)
        return t("suggestion.sender", name=person.name, unit=unit_name(ctx, person.unit_id))
    return label(one.level)


def _doers(ctx: Context, one: Suggestion) -> str:
    if one.unit_id is None:
        return unit_name(ctx, one.desk_id)
    if one.handler_id is None:
        return unit_name(ctx, one.unit_id)
    return f"{unit_name(ctx, one.unit_id)} {person_name(ctx, one.handler_id)}"


def state_text(one: Suggestion) -> str:
    """The state in words, with what it waits for."""
    if one.state is State.RECEIVED and one.receiver_id is None:
        return t("suggestion.state_waiting")
    if one.draft is not None:
        return t("suggestion.state_draft", state=label(one.state), draft=label(one.draft))
    if one.done_by_id is not None:
        return t("suggestion.state_done")
    return label(one.state)


def _due(ctx: Context, one: Suggestion) -> str:
    if one.clock is None:
        return "—"
    return t("suggestion.due", clock=label(one.clock), due=due_text(ctx, one))


def _verdict(one: Suggestion) -> list[tuple[str, str]]:
    if one.solved is None or one.stars is None:
        return []
    return [(t("suggestion.fact_verdict"), verdict_text(solved=one.solved, stars=one.stars))]


def verdict_text(*, solved: bool, stars: int) -> str:
    """A verdict in words."""
    key = "suggestion.verdict_solved" if solved else "suggestion.verdict_unsolved"
    return t(key, stars=stars)


def _step(ctx: Context, step: SuggestionStep, *, names: bool) -> Step:
    """One line of the time line; the sender sees units at work, not who wrote what."""
    who = t("suggestion.sender_did") if step.by_sender else ""
    if names and not step.by_sender:
        who = person_name(ctx, step.person_id)
    note = step.said
    if step.solved is not None and step.stars is not None:
        note = lines(verdict_text(solved=step.solved, stars=step.stars), step.said)
    return Step(step.at, label(step.kind), who, note)


def _photos(steps: Sequence[SuggestionStep]) -> list[int]:
    ids = [part for step in steps if step.kind in _PHOTO_STEPS for part in step.photos.split(",")]
    return [int(part) for part in ids if part]


def photo_pair(ctx: Context, one: Suggestion) -> tuple[list[int], list[int]]:
    """Photos of how it was, and of what was done."""
    steps = steps_of(ctx.session, one)
    done = [step for step in steps if step.kind is StepKind.DONE]
    return _photos([step for step in steps if step.kind is not StepKind.DONE]), _photos(done)


def sender_acts(one: Suggestion) -> list[Act]:
    """What the sender may do now."""
    number = {"number": one.number}
    if one.state in CLOSED:
        return [Act(t("suggestion.act_rate"), command="rate", answers=number, tone=Tone.PRIMARY)]
    if one.state in OPEN:
        return [Act(t("suggestion.act_add"), command="suggestion_add", answers=number)]
    return []


# Lists


WORK = Form(
    key="suggestion_work",
    version=1,
    fields=(RecordNumber(key="number", required=False),),
    positional=("number",),
)


def work_list(ctx: Context, answers: Answers) -> Reply:
    """``/办理 [编号]``: what waits for the speaker, the first due first, with buttons."""
    if answers["number"]:
        dossier = show(ctx, answers["number"])
        ctx.subject = "" if dossier.sealed else dossier.number
        return in_chat(ctx, dossier)
    waiting = list(_waiting(ctx))
    if not waiting:
        return Reply(t("suggestion.work_none"))
    rows = [
        fill(
            "suggestion.work_line",
            number=one.number,
            category=category_label(ctx, one.category),
            said=one.said[:24],
            state=state_text(one),
            due=due_text(ctx, one),
        )
        for one in waiting[:LISTED]
    ]
    head = t("suggestion.work_head", count=len(waiting))
    card = None if ctx.room else _work_card(ctx, waiting)
    return Reply(lines(head, *rows), card=card)


def _waiting(ctx: Context) -> Iterator[Suggestion]:
    found = ctx.session.scalars(
        select(Suggestion)
        .where(Suggestion.state.in_(OPEN), concerns(ctx.who))
        .order_by(Suggestion.due_at.asc().nulls_last(), Suggestion.number)
        .limit(500)
    )
    return (one for one in found if acts_of(ctx, one))


def _work_card(ctx: Context, waiting: Sequence[Suggestion]) -> Card:
    return Card(
        title=t("suggestion.work_title", count=len(waiting)),
        desc=t("suggestion.work_desc"),
        buttons=tuple(
            Button(one.number.removeprefix(f"{PREFIX}-"), f"suggestion.open:{one.number}")
            for one in waiting[:BUTTONS]
        ),
        links=(Link(t("suggestion.open_ledger"), ctx.page("/ledger/suggestion")),),
    )


def open_one(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """A button of the list: the dossier with what can be done."""
    del picked
    return in_chat(ctx, show(ctx, argument))


def my_suggestions(ctx: Context) -> Sequence[str]:
    """The speaker's own: named ones, seconded ones, and what is sealed (privately only)."""
    named = ctx.session.scalars(
        select(Suggestion)
        .where(Suggestion.person_id == ctx.who.id)
        .order_by(Suggestion.day.desc(), Suggestion.number.desc())
        .limit(5)
    ).all()
    return [_mine(one) for one in (*named, *_sealed_ones(ctx))]


def _sealed_ones(ctx: Context) -> Iterator[Suggestion]:
    """One's own confidential suggestions: the names are opened one by one."""
    if ctx.room is not None or not ctx.vault.ring():
        return
    since = ctx.today - STANDING
    for one in ctx.session.scalars(
        select(Suggestion)
        .where(
            Suggestion.level == Level.CONFIDENTIAL,
            or_(Suggestion.state.in_(OPEN), Suggestion.day >= since),
        )
        .order_by(Suggestion.day.desc())
        .limit(OWN_SEALED)
    ):
        if is_sender(ctx, ctx.who, one):
            yield one


def _mine(one: Suggestion) -> str:
    return fill("suggestion.mine", number=one.number, state=state_text(one), said=one.said[:20])


SENDER = aliased(Person)
HANDLER = aliased(Person)
DESK = aliased(Unit)
DOER = aliased(Unit)
PLACE = aliased(Unit)


def _rows(view: View) -> Rows:
    """All that the viewer deals with or sent under their name; the operator sees all."""
    member = view.member
    seen = true() if member is None else or_(concerns(member), Suggestion.person_id == member.id)
    return (
        select()
        .select_from(Suggestion)
        .join(DESK, DESK.id == Suggestion.desk_id)
        .outerjoin(DOER, DOER.id == Suggestion.unit_id)
        .outerjoin(PLACE, PLACE.id == Suggestion.place_id)
        .outerjoin(SENDER, SENDER.id == Suggestion.person_id)
        .outerjoin(HANDLER, HANDLER.id == Suggestion.handler_id)
        .where(seen)
    )


def _category(value: str, view: View) -> str:
    return category_label(view.ctx, value)


def _solved(value: bool | None, view: View) -> str:  # noqa: FBT001  (the column's value)
    del view
    if value is None:
        return ""
    return t("suggestion.solved" if value else "suggestion.unsolved")


LEDGER = Ledger(
    key="suggestion",
    columns=(
        Column(key="number", expr=Suggestion.number, width=16),
        Column(key="said", expr=Suggestion.said, width=50),
        Column(key="state", expr=Suggestion.state, kind=Kind.WORD, width=12),
        Column(key="category", expr=Suggestion.category, width=14, show=_category),
        Column(key="level", expr=Suggestion.level, kind=Kind.WORD, width=8),
        Column(key="sender", expr=SENDER.name, width=10),
        Column(key="day", expr=Suggestion.day, kind=Kind.DATE, width=12),
        Column(key="due", expr=Suggestion.due_at, kind=Kind.TIME, width=18),
        Column(key="desk", expr=DESK.name, width=24, wide=True),
        Column(key="unit", expr=DOER.name, width=24, wide=True),
        Column(key="handler", expr=HANDLER.name, width=10, wide=True),
        Column(key="place", expr=PLACE.name, width=24, wide=True),
        Column(key="answer", expr=Suggestion.answer, width=40, wide=True),
        Column(key="solved", expr=Suggestion.solved, width=8, wide=True, show=_solved),
        Column(key="stars", expr=Suggestion.stars, kind=Kind.NUMBER, width=8, wide=True),
        Column(key="supporters", expr=Suggestion.supporters, kind=Kind.NUMBER, width=8, wide=True),
        Column(key="reopened", expr=Suggestion.reopened, kind=Kind.NUMBER, width=8, wide=True),
        Column(key="source", expr=Suggestion.source, kind=Kind.WORD, width=8, wide=True),
    ),
    query=_rows,
    order=(Suggestion.day.desc(), Suggestion.number.desc()),
)


def held(ctx: Context, person_id: int) -> Sequence[Held]:
    """What the family holds about a person: said, seconded and dealt with under their name.

    Confidential ones are there where the keys are: on the page, not in the file.
    """
    said = ctx.session.scalars(
        select(Suggestion)
        .where(Suggestion.person_id == person_id)
        .order_by(Suggestion.day.desc(), Suggestion.number)
        .limit(SHOWN)
    )
    seconded = ctx.session.scalars(
        select(Suggestion)
        .join(SuggestionSupport, SuggestionSupport.suggestion_id == Suggestion.id)
        .where(SuggestionSupport.person_id == person_id)
        .order_by(Suggestion.day.desc(), Suggestion.number)
        .limit(SHOWN)
    )
    done = ctx.session.execute(
        select(Suggestion.number, SuggestionStep.at, SuggestionStep.kind)
        .join(Suggestion, Suggestion.id == SuggestionStep.suggestion_id)
        .where(SuggestionStep.person_id == person_id)
        .order_by(SuggestionStep.at.desc())
        .limit(SHOWN)
    )
    return [
        *(
            Held(title=t("holding.suggestion.one"), at=s.day, number=s.number, text=s.said)
            for s in said
        ),
        *(
            Held(title=t("holding.suggestion.sealed"), at=s.day, number=s.number)
            for s in _sealed_ones(ctx)
        ),
        *(Held(title=t("holding.suggestion.second"), at=s.day, number=s.number) for s in seconded),
        *(Held(title=label(row.kind), at=row.at, number=row.number) for row in done),
    ]


HOLDING = Holding(
    key="suggestion",
    tables=("suggestion", "suggestion_step", "suggestion_support"),
    find=held,
    readers=dict.fromkeys((*RECEIVERS, Role.SPECIALIST), Access.TEXT),
)


def _words(view: View) -> Rows:
    del view
    return select().select_from(LearntWord).where(LearntWord.word != ALL)


WORDS = Ledger(
    key="suggestion_words",
    columns=(
        Column(key="category", expr=LearntWord.category, width=16, show=_category),
        Column(key="word", expr=LearntWord.word, width=16),
        Column(key="count", expr=LearntWord.count, kind=Kind.NUMBER, width=10),
    ),
    query=_words,
    order=(LearntWord.category, LearntWord.count.desc(), LearntWord.word),
    roles=frozenset({Role.PARTY_OFFICE, Role.COMMITTEE_SECRETARY, Role.ADMIN}),
)

FAMILY = Family(
    commands=(Command(key="suggestion_work", form=WORK, run=work_list),),
    actions=(Action(key="suggestion.open", run=open_one),),
    records=(Record(prefix=PREFIX, show=show),),
    ledgers=(LEDGER, WORDS),
    mine=(my_suggestions,),
    holdings=(HOLDING,),
)
