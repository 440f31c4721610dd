"""结对: proposed, confirmed by both sides, kept with entries, reviewed by both (DOMAIN.md 8)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select

from config.texts import label, t
from handlers.clocks import after_quiet_hours
from handlers.content import Button, Card, Content, Text, Tone
from handlers.context import Context
from handlers.options import options_of
from handlers.places import branch_by_id
from handlers.reply import Markdown, Reply, fill, lines
from handlers.spec import Action, Command, Family
from models.attachment import attach
from models.directory import People
from models.errors import UserError
from models.forms.field import NOTHING, Answers, Facts
from models.forms.form import Form
from models.forms.kinds import Attachment, Choice, Date, LongText, YesNo
from models.forms.kinds import Text as TextField
from models.forms.record import RecordNumber
from models.number import next_number
from models.pair import (
    LIVE,
    Pair,
    PairEntry,
    PairKind,
    PairSide,
    PairState,
    PairView,
    quarter_of,
    sides_of,
)
from models.person import Person, Role, holders
from models.unit import Place, Unit, UnitKind, unit_by_code
from models.wording import label_in

REVIEWERS = (Role.SECRETARY, Role.PARTY_OFFICE)

FORM = Form(
    key="pair",
    version=1,
    fields=(
        Choice(key="kind", options=options_of(PairKind)),
        TextField(key="partners", max_chars=200),
        Date(key="until", required=False),
        LongText(key="goal", min_chars=4, max_chars=1000),
    ),
    positional=("kind", "partners", "goal"),
)

ANSWER = Form(
    key="pair_answer",
    version=1,
    fields=(RecordNumber(key="number"), YesNo(key="ok")),
    positional=("number", "ok"),
)

ENTRY = Form(
    key="pair_entry",
    version=1,
    fields=(
        RecordNumber(key="number"),
        Attachment(key="photos", required=False),
        LongText(key="said", min_chars=4, max_chars=1000),
    ),
    positional=("number", "said"),
)

REVIEW = Form(
    key="pair_review",
    version=1,
    fields=(
        RecordNumber(key="number"),
        Choice(key="view", options=options_of(PairView)),
        TextField(key="said", required=False, max_chars=300),
    ),
    positional=("number", "view", "said"),
)


@dataclass(frozen=True, slots=True)
class Partner:
    """Somebody, or a branch, with whom a pair is proposed; ``name`` as it is shown."""

    person: Person
    name: str
    unit_id: int | None = None


# Who takes part


def find_pair(ctx: Context, number: str, *, lock: bool = False) -> Pair:
    """The pair of a number; ``lock`` lets two who answer at once wait for each other."""
    query = select(Pair).where(Pair.number == number)
    pair = ctx.session.scalar(query.with_for_update() if lock else query)
    if pair is None:
        raise UserError("lookup.unknown", number=number)
    return pair


def own_side(ctx: Context, pair: Pair, sides: Sequence[PairSide]) -> PairSide | None:
    """The side the speaker may act for: oneself, or the branch whose secretary one is now."""
    if pair.kind is not PairKind.BRANCH:
        return next((side for side in sides if side.person_id == ctx.who.id), None)
    for side in sides:
        if side.unit_id is not None:
            path = branch_by_id(ctx, side.unit_id).path
            if ctx.who.has(Role.SECRETARY, over=path):
                return side
    return None


def _acting(ctx: Context, number: str, *, lock: bool = False) -> tuple[Pair, PairSide]:
    pair = find_pair(ctx, number, lock=lock)
    side = own_side(ctx, pair, sides_of(ctx.session, pair.id))
    if side is None:
        raise UserError("pair.not_yours", number=number)
    return pair, side


def tell(ctx: Context, side: PairSide, pair: Pair, *contents: Content) -> None:
    """Write privately to a side: the person, or all secretaries of the branch."""
    people = [ctx.session.get_one(Person, side.person_id)]
    if side.unit_id is not None:
        unit = ctx.session.get_one(Unit, side.unit_id)
        people = list(holders(ctx.session, Role.SECRETARY, unit)) or people
    token = ctx.token()
    for person in people:
        for at, content in enumerate(contents):
            key = f"{pair.number}:{token}:{person.id}:{at}"
            ctx.push_person(person.userid, content, key, after_quiet_hours(ctx))


# Proposed


def _named(ctx: Context, word: str) -> Person:
    """One person by name or userid; of several with one name, the one of the own branch."""
    found = People(ctx.session).find(word)
    people = [
        ctx.session.scalars(select(Person).where(Person.userid == named.key)).one()
        for named in found
    ]
    if len(people) > 1:
        near = [person for person in people if person.unit_id in _own_units(ctx)]
        people = near if len(near) == 1 else people
    if len(people) != 1:
        key = "pair.several" if people else "pair.nobody"
        names = "、".join(f"{person.name}（{person.userid}）" for person in people)
        raise UserError(key, word=word, names=names)
    return people[0]


def _own_units(ctx: Context) -> set[int]:
    branch = ctx.who.branch_id or ctx.who.unit_id
    return set(ctx.session.scalars(select(Unit.id).where(Unit.branch_id == branch)))


def _partners(ctx: Context, kind: PairKind, typed: str) -> list[Partner]:
    """Whom the speaker means, in the right number for the kind."""
    if kind is PairKind.BRANCH:
        return [_branch(ctx, typed)]
    words = [word for word in typed.replace("，", "、").replace(",", "、").split("、") if word]
    people = list({p.id: p for p in (_named(ctx, word.strip()) for word in words)}.values())
    if any(person.id == ctx.who.id for person in people):
        raise UserError("pair.oneself")
    _right_number(ctx, kind, len(people))
    if kind is PairKind.MASSES:
        _right_standing(ctx, people)
    return [Partner(person, person.name) for person in people]


def _branch(ctx: Context, typed: str) -> Partner:
    if ctx.who.branch_id is None or not ctx.who.has(
        Role.SECRETARY, over=branch_by_id(ctx, ctx.who.branch_id).path
    ):
        raise UserError("pair.secretaries_only")
    found = ctx.directory.units(ctx.session).find(typed.strip())
    unit = unit_by_code(ctx.session, found[0].key) if len(found) == 1 else None
    if unit is None or unit.kind is not UnitKind.BRANCH:
        raise UserError("pair.no_branch", word=typed)
    if unit.id == ctx.who.branch_id:
        raise UserError("pair.oneself")
    secretaries = holders(ctx.session, Role.SECRETARY, unit)
    if not secretaries:
        raise UserError("pair.no_secretary", name=unit.name)
    return Partner(secretaries[0], unit.name, unit.id)


def _right_number(ctx: Context, kind: PairKind, count: int) -> None:
    """The ratio 1:2, one with one, one with a few."""
    rules = ctx.rules.pair
    least, most = {
        PairKind.MASSES: (rules.masses, rules.masses),
        PairKind.ONE: (1, 1),
        PairKind.MANY: (2, rules.many_most),
    }[kind]
    if not least <= count <= most:
        raise UserError(f"pair.count_{kind.value}", least=least, most=most, count=count)


def _right_standing(ctx: Context, people: Sequence[Person]) -> None:
    """A party member with colleagues outside the party, as far as standings are known."""
    party = ctx.rules.standing.party
    own = ctx.session.scalar(select(Person.standing).where(Person.id == ctx.who.id))
    if own and own not in party:
        raise UserError("pair.members_lead")
    if inside := [person.name for person in people if person.standing in party]:
        raise UserError("pair.members_inside", names="、".join(inside))


def facts(ctx: Context, answers: Answers) -> Facts:
    """Names nobody has, wrong numbers and labels are said at once, not at the end."""
    if answers.get("kind") and answers.get("partners"):
        kind = PairKind(answers["kind"])
        _not_twice(ctx, kind, _partners(ctx, kind, answers["partners"]))
    if word := label_in(answers.get("goal") or ""):
        raise UserError("pair.label", word=word)
    return NOTHING


def _not_twice(ctx: Context, kind: PairKind, partners: Sequence[Partner]) -> None:
    """A live pair of the same kind with the same people is enough; so is one lead of the masses."""
    own = select(PairSide.pair_id).where(PairSide.person_id == ctx.who.id)
    theirs = select(PairSide.pair_id).where(
        PairSide.person_id.in_([partner.person.id for partner in partners])
    )
    same = select(Pair.number).where(
        Pair.kind == kind, Pair.state.in_(LIVE), Pair.id.in_(own), Pair.id.in_(theirs)
    )
    if number := ctx.session.scalar(same.limit(1)):
        raise UserError("pair.twice", number=number)
    if kind is PairKind.MASSES:
        leads = select(PairSide.pair_id).where(PairSide.person_id == ctx.who.id, PairSide.lead)
        query = select(Pair.number).where(
            Pair.kind == kind, Pair.state.in_(LIVE), Pair.id.in_(leads)
        )
        if number := ctx.session.scalar(query.limit(1)):
            raise UserError("pair.one_lead", number=number)


def intro(ctx: Context, answers: Answers) -> Markdown:
    """How pairs work, before the first question."""
    del answers
    return fill("pair.intro", masses=ctx.rules.pair.masses, most=ctx.rules.pair.many_most)


def propose(ctx: Context, answers: Answers) -> Reply:
    """``/结对 一带一 李四 …``: the other side is asked, privately; a no needs no reason."""
    facts(ctx, answers)
    kind = PairKind(answers["kind"])
    partners = _partners(ctx, kind, answers["partners"])
    ends = answers["until"] or date(ctx.today.year, 12, 31)
    if ends < ctx.today:
        raise UserError("pair.past", day=ends)
    branch = kind is PairKind.BRANCH
    pair = Pair(
        number=next_number(ctx.session, "DZ", ctx.today.year),
        kind=kind,
        unit_id=ctx.who.branch_id or ctx.who.unit_id,
        partners="、".join(partner.name for partner in partners),
        goal=answers["goal"],
        at=ctx.now,
        starts_on=ctx.today,
        ends_on=ends,
    )
    ctx.session.add(pair)
    ctx.session.flush()
    own = PairSide(
        pair_id=pair.id,
        person_id=ctx.who.id,
        unit_id=ctx.who.branch_id if branch else None,
        lead=True,
        confirmed_at=ctx.now,
    )
    others = [
        PairSide(pair_id=pair.id, person_id=p.person.id, unit_id=p.unit_id, lead=False)
        for p in partners
    ]
    ctx.session.add_all([own, *others])
    ctx.session.flush()
    ctx.subject = pair.number
    asker = branch_by_id(ctx, pair.unit_id).name if branch else ctx.who.name
    for side in others:
        _ask(ctx, pair, side, asker)
    return Reply(
        fill(
            "pair.proposed",
            number=pair.number,
            kind=label(kind),
            partners=pair.partners,
            goal=pair.goal,
            ends=ends,
        )
    )


def _ask(ctx: Context, pair: Pair, side: PairSide, asker: str) -> None:
    text = fill(
        "pair.asked",
        asker=asker,
        kind=label(pair.kind),
        goal=pair.goal,
        ends=pair.ends_on,
        number=pair.number,
    )
    card = Card(
        title=t("pair.ask_title"),
        desc=pair.number,
        buttons=(
            Button(t("pair.yes"), f"pair.yes:{pair.number}", Tone.PRIMARY),
            Button(t("pair.no"), f"pair.no:{pair.number}"),
        ),
    )
    tell(ctx, side, pair, Text(text), card)


# Confirmed


def _answer(ctx: Context, number: str, *, ok: bool) -> Markdown:
    pair, side = _acting(ctx, number, lock=True)
    if side.lead or side.confirmed_at is not None or pair.state is not PairState.PROPOSED:
        raise UserError("pair.answered", number=number, state=label(pair.state))
    sides = sides_of(ctx.session, pair.id)
    lead = next(one for one in sides if one.lead)
    ctx.subject = pair.number
    if not ok:
        pair.move_to(ctx.session, PairState.DECLINED)
        tell(ctx, lead, pair, Text(fill("pair.declined_lead", number=pair.number)))
        return fill("pair.declined", number=pair.number)
    side.confirmed_at = ctx.now
    if all(one.confirmed_at for one in sides):
        pair.move_to(ctx.session, PairState.ACTIVE, starts_on=ctx.today)
        told = fill("pair.active_lead", number=pair.number, partners=pair.partners)
        tell(ctx, lead, pair, Text(told))
        return fill("pair.active", number=pair.number, goal=pair.goal)
    return fill("pair.waiting", number=pair.number)


def answer(ctx: Context, answers: Answers) -> Reply:
    """``/回应 编号 是``: the other side's yes or no."""
    return Reply(_answer(ctx, answers["number"], ok=answers["ok"]))


def say_yes(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """Yes in one tap."""
    del picked
    return Reply(_answer(ctx, argument, ok=True), Card(title=t("pair.yes_title"), desc=argument))


def say_no(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """No in one tap; nobody asks why."""
    del picked
    return Reply(_answer(ctx, argument, ok=False), Card(title=t("pair.no_title"), desc=argument))


# Kept


def _active(ctx: Context, number: str) -> tuple[Pair, PairSide]:
    pair, side = _acting(ctx, number)
    if pair.state is not PairState.ACTIVE:
        raise UserError("pair.not_active", number=number, state=label(pair.state))
    return pair, side


def active_facts(ctx: Context, answers: Answers) -> Facts:
    """Whether it is the speaker's own active pair, before anything is asked."""
    if "number" in answers:
        _active(ctx, answers["number"])
    return NOTHING


def add_entry(ctx: Context, answers: Answers) -> Reply:
    """``/互助 编号 做了什么``: by either side; branches owe one a quarter."""
    if word := label_in(answers["said"]):
        raise UserError("pair.label", word=word)
    pair, _ = _active(ctx, answers["number"])
    entry = PairEntry(
        pair_id=pair.id,
        person_id=ctx.who.id,
        quarter=quarter_of(ctx.today),
        said=answers["said"],
        at=ctx.now,
    )
    ctx.session.add(entry)
    ctx.session.flush()
    pair.entries = ctx.session.scalar(select(func.count()).where(PairEntry.pair_id == pair.id)) or 0
    if answers["photos"]:
        attach(ctx.session, answers["photos"], ctx.who.id, pair.number)
    ctx.subject = pair.number
    return Reply(fill("pair.noted", number=pair.number, count=pair.entries, partners=pair.partners))


# Reviewed


def review_opens(ctx: Context, pair: Pair) -> date:
    """The first day on which the sides may look back."""
    return pair.ends_on - timedelta(days=ctx.rules.pair.review_days)


def review(ctx: Context, answers: Answers) -> Reply:
    """``/互评 编号 很有帮助``: read by the sides alone; when all have spoken, the pair ends."""
    if word := label_in(answers["said"] or ""):
        raise UserError("pair.label", word=word)
    find_pair(ctx, answers["number"], lock=True)
    pair, side = _active(ctx, answers["number"])
    opens = review_opens(ctx, pair)
    if ctx.today < opens:
        raise UserError("pair.too_early", number=pair.number, day=opens)
    if side.reviewed_at is not None:
        raise UserError("pair.reviewed_before", number=pair.number)
    side.view = PairView(answers["view"])
    side.review = answers["said"] or ""
    side.reviewed_at = ctx.now
    ctx.subject = pair.number
    sides = sides_of(ctx.session, pair.id)
    if any(one.reviewed_at is None for one in sides):
        return Reply(fill("pair.reviewed", number=pair.number))
    pair.move_to(ctx.session, PairState.ENDED, ended_at=ctx.now)
    for one in sides:
        if one is not side:
            tell(ctx, one, pair, Text(fill("pair.ended", number=pair.number)))
    return Reply(fill("pair.ended", number=pair.number))


def withdraw(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """Whoever proposed it takes it back before all have agreed."""
    del picked
    pair, side = _acting(ctx, argument, lock=True)
    if not side.lead:
        raise UserError("pair.not_yours", number=argument)
    pair.move_to(ctx.session, PairState.WITHDRAWN)
    ctx.subject = pair.number
    return Reply(card=Card(title=t("pair.withdrawn"), desc=pair.number))


def end(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """Either side may stop at any time, without a reason and without a review."""
    del picked
    find_pair(ctx, argument, lock=True)
    pair, side = _active(ctx, argument)
    pair.move_to(ctx.session, PairState.ENDED, ended_at=ctx.now)
    ctx.subject = pair.number
    for one in sides_of(ctx.session, pair.id):
        if one.id != side.id:
            tell(ctx, one, pair, Text(fill("pair.stopped", number=pair.number)))
    return Reply(lines(fill("pair.stopped", number=pair.number)), Card(title=t("pair.stop_title")))


def place_of_pair(ctx: Context, pair: Pair) -> Place:
    """The branch of the side that proposed it."""
    return branch_by_id(ctx, pair.unit_id)


FAMILY = Family(
    commands=(
        Command(key="pair", form=FORM, facts=facts, intro=intro, run=propose, sheet=True),
        Command(key="pair_answer", form=ANSWER, run=answer),
        Command(key="pair_entry", form=ENTRY, facts=active_facts, run=add_entry),
        Command(key="pair_review", form=REVIEW, facts=active_facts, run=review),
    ),
    actions=(
        Action(key="pair.yes", run=say_yes),
        Action(key="pair.no", run=say_no),
        Action(key="pair.withdraw", run=withdraw),
        Action(key="pair.end", run=end),
    ),
)
