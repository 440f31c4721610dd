"""交叉互查: the month's draw, public and repeatable, and what each branch is told (DOMAIN.md 6)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from config.checklists import checklists
from config.lexicon import mapped
from config.texts import label, t
from handlers.board import Board, BoardPage, Cell, Figure, Filter, TableBlock, TextBlock
from handlers.clocks import after_quiet_hours, is_paused
from handlers.content import Text
from handlers.context import Context
from handlers.duties import day_words
from handlers.organisation import seen_units
from handlers.reply import Markdown, Reply, fill, lines
from handlers.spec import Command, Family, View
from models.check import Check, CheckKind, CheckState, Round, last_round, pairs_of
from models.draw import Entrant, Limit, NoDraw, broken, draw
from models.errors import UserError
from models.forms.choices import Choices
from models.forms.field import Answers, Option
from models.forms.form import Form
from models.forms.kinds import Period
from models.forms.kinds import Text as TextField
from models.forms.periods import PeriodKind
from models.forms.typed import normal
from models.group import Group
from models.number import next_numbers
from models.person import Grant, Person, PersonState, Role
from models.unit import BranchType, Unit, UnitKind, UnitState, covers, upwards

KEEPERS = (Role.PARTY_OFFICE, Role.ADMIN)
EVERY = ""
"""The choice of all offices."""

DRAW = Form(
    key="draw",
    version=1,
    fields=(
        Period(key="period", required=False, kinds=(PeriodKind.MONTH,)),
        Choices(
            key="relaxed",
            required=False,
            options=tuple(Option(limit.value, label(limit)) for limit in Limit),
        ),
        TextField(key="exempt", required=False, max_chars=400),
    ),
    positional=("period",),
)
NONE = Form(key="nothing", version=1, fields=())


@dataclass(frozen=True, slots=True)
class Field:
    """The branches of one party office that take part, and those that are left out."""

    office: Unit
    taking_part: Sequence[Unit]
    left_out: Sequence[Unit]


def fields(ctx: Context, exempt: Collection[str] = ()) -> list[Field]:
    """Every active branch under its nearest party office; paused and exempt ones are left out."""
    offices = {
        unit.path: unit
        for unit in ctx.session.scalars(
            select(Unit)
            .join(Grant, Grant.unit_id == Unit.id)
            .join(Person, Person.id == Grant.person_id)
            .where(
                Grant.role == Role.PARTY_OFFICE,
                Unit.state == UnitState.ACTIVE,
                Person.state == PersonState.ACTIVE,
            )
        )
    }
    found: dict[str, tuple[list[Unit], list[Unit]]] = {}
    for branch in ctx.session.scalars(
        select(Unit)
        .where(Unit.kind == UnitKind.BRANCH, Unit.state == UnitState.ACTIVE)
        .order_by(Unit.code)
    ):
        path = next((above for above in upwards(branch.path) if above in offices), None)
        if path is None:
            continue
        inside, outside = found.setdefault(path, ([], []))
        busy = branch.code in exempt or branch.branch_type is None or is_paused(ctx, branch.path)
        (outside if busy else inside).append(branch)
    return [Field(offices[path], *both) for path, both in sorted(found.items())]


def hold(
    ctx: Context, field: Field, period: str, relaxed: Collection[Limit] = ()
) -> tuple[Round, Sequence[Check]]:
    """Draw and write down one month's round of an office; ``NoDraw`` if there is none.

    The seed is the period and the office's code: known beforehand, the same for everybody.
    """
    before = last_round(ctx.session, field.office.id, period)
    last = pairs_of(ctx.session, before.id) if before else []
    seed = f"{period} {field.office.code}"
    entrants = [
        Entrant(unit.id, unit.code, BranchType(unit.branch_type))
        for unit in field.taking_part
        if unit.branch_type
    ]
    pairs = draw(entrants, seed, last, relaxed)
    due = ctx.calendar.add_working(ctx.today, ctx.rules.checks.round_days)
    round_ = Round(
        unit_id=field.office.id,
        period=period,
        seed=seed,
        relaxed=",".join(sorted(relaxed)),
        exempt=",".join(unit.code for unit in field.left_out),
        due_on=due,
        drawn_at=ctx.now,
        drawn_by_id=ctx.member.id if ctx.member else None,
    )
    ctx.session.add(round_)
    ctx.session.flush()
    numbers = next_numbers(ctx.session, "JC", ctx.today.year, len(pairs))
    kinds = {unit.id: unit.branch_type for unit in field.taking_part}
    checks = [
        Check(
            number=number,
            round_id=round_.id,
            kind=CheckKind.CROSS,
            checker_id=checker,
            branch_id=target,
            planned_at=ctx.now,
            due_on=due,
            checklist=_version(kinds[target]),
        )
        for number, (checker, target) in zip(numbers, sorted(pairs.items()), strict=True)
    ]
    ctx.session.add_all(checks)
    ctx.session.flush()
    return round_, checks


def _version(kind: BranchType | None) -> str:
    return checklists()[kind.value].version if kind else ""


def tell(ctx: Context, round_: Round, checks: Sequence[Check]) -> None:
    """Let each branch's groups know whom it checks and who comes; the duty follows by itself."""
    names = dict(
        ctx.session.execute(
            select(Unit.id, Unit.name).where(Unit.id.in_({check.branch_id for check in checks}))
        ).all()
    )
    goes = {check.checker_id: check.branch_id for check in checks if check.checker_id}
    comes = {target: checker for checker, target in goes.items()}
    groups = ctx.session.execute(
        select(Group.chatid, Group.unit_id).where(Group.unit_id.in_(list(names)))
    )
    for chatid, branch in groups:
        if branch is None:
            continue
        text = fill(
            "round.told",
            period=period_words(round_.period),
            checks=names[goes[branch]],
            checked_by=names[comes[branch]],
            due=day_words(ctx, round_.due_on),
        )
        ctx.push_group(chatid, Text(text), f"round:{round_.id}:{chatid}", after_quiet_hours(ctx))


def period_words(period: str) -> str:
    """``2026-11`` as 2026年11月."""
    year, _, month = period.partition("-")
    return t("round.period", year=int(year), month=int(month))


def ways_out(ctx: Context, field: Field, error: NoDraw) -> Markdown:
    """Why there is no draw, and what would help: people decide which."""
    del ctx
    if not error.relax:
        return fill("round.too_few", count=len(field.taking_part))
    kinds = [unit.branch_type for unit in field.taking_part if unit.branch_type]
    largest = max(set(kinds), key=kinds.count)
    reason = ""
    if 2 * kinds.count(largest) > len(kinds):
        reason = fill(
            "round.majority", type=label(largest), count=kinds.count(largest), all=len(kinds)
        )
    ways = t("round.or").join(
        t("round.and").join(label(limit) for limit in Limit if limit in way) for way in error.relax
    )
    first = t("echo.list").join(label(limit) for limit in Limit if limit in error.relax[0])
    return lines(t("round.no_draw"), reason, fill("round.relax", ways=ways, first=first))


def hold_draw(ctx: Context, answers: Answers) -> Reply:
    """``/抽签 [月份]``: the party office draws; refused draws say what to relax."""
    period = answers["period"].days()[0] if answers["period"] else ctx.today
    key = f"{period:%Y-%m}"
    if key < f"{ctx.today:%Y-%m}":
        raise UserError("round.past")
    exempt = _exempt(ctx, answers["exempt"] or "")
    field = _own_field(ctx, exempt)
    if _round(ctx, field.office.id, key) is not None:
        raise UserError("round.drawn_before", period=period_words(key))
    relaxed = frozenset(Limit(value) for value in answers["relaxed"] or ())
    try:
        round_, checks = hold(ctx, field, key, relaxed)
    except NoDraw as error:
        return Reply(ways_out(ctx, field, error))
    tell(ctx, round_, checks)
    ctx.subject = field.office.code
    return Reply(_drawn_words(ctx, field, round_, checks))


def _drawn_words(ctx: Context, field: Field, round_: Round, checks: Sequence[Check]) -> Markdown:
    return fill(
        "round.drawn",
        period=period_words(round_.period),
        count=len(checks),
        left=len(field.left_out),
        seed=round_.seed,
        due=day_words(ctx, round_.due_on),
        url=Markdown(ctx.page(f"/board/rounds?period={round_.period}")),
    )


def _own_field(ctx: Context, exempt: Collection[str]) -> Field:
    mine = [field for field in fields(ctx, exempt) if ctx.who.has(*KEEPERS, over=field.office.path)]
    if not mine:
        raise UserError("error.not_allowed")
    return mine[0]


def _exempt(ctx: Context, typed: str) -> frozenset[str]:
    """Codes of the branches that are named; an unknown name is refused, nobody is guessed at."""
    book = ctx.directory.units(ctx.session)
    codes = set()
    text = normal(typed)
    for mark in mapped("marks", "separator")["item"]:
        text = text.replace(mark, "\n")
    for name in filter(None, map(str.strip, text.split("\n"))):
        found = book.find(name)
        if len(found) != 1:
            raise UserError("round.unknown_branch", name=name)
        codes.add(found[0].key)
    return frozenset(codes)


def _round(ctx: Context, office: int, period: str) -> Round | None:
    return ctx.session.scalar(select(Round).where(Round.unit_id == office, Round.period == period))


def show_round(ctx: Context, answers: Answers) -> Reply:
    """``/互查``: whom the own branch checks this month and who comes."""
    del answers
    branch = ctx.room.branch_id if ctx.room else ctx.who.branch_id
    newest = _newest(ctx, branch)
    if newest is None:
        raise UserError("round.none_yet")
    round_, checks = newest
    rows = [
        fill(
            "round.goes" if check.checker_id == branch else "round.comes",
            name=ctx.directory.place(
                ctx.session,
                check.branch_id if check.checker_id == branch else check.checker_id or 0,
            ).name,
            number=check.number,
            state=label(check.state),
        )
        for check in checks
    ]
    head = fill("round.head", period=period_words(round_.period), due=day_words(ctx, round_.due_on))
    url = ctx.page(f"/board/rounds?period={round_.period}")
    return Reply(lines(head, *rows, "" if ctx.room else Markdown(t("round.page", url=url))))


def _newest(ctx: Context, branch: int | None) -> tuple[Round, Sequence[Check]] | None:
    if branch is None:
        return None
    mine = (Check.checker_id == branch) | (Check.branch_id == branch)
    round_id = ctx.session.scalar(
        select(Check.round_id)
        .where(mine, Check.round_id.is_not(None))
        .order_by(Check.id.desc())
        .limit(1)
    )
    if round_id is None:
        return None
    checks = ctx.session.scalars(
        select(Check).where(mine, Check.round_id == round_id).order_by(Check.id)
    ).all()
    return ctx.session.get_one(Round, round_id), checks


def show_rounds(ctx: Context, params: Mapping[str, str]) -> BoardPage:
    """The page of the draws: pairs, seed, what was relaxed, and how to repeat it.

    Of a month the reader's own office is shown first; the others, and all of them, by choice.
    """
    rows = ctx.session.execute(
        select(Round, Unit)
        .join(Unit, Unit.id == Round.unit_id)
        .order_by(Round.period.desc(), Unit.path)
    ).all()
    periods = list(dict.fromkeys(round_.period for round_, _ in rows))
    chosen = params.get("period", "")
    chosen = chosen if chosen in periods else next(iter(periods), "")
    drawn = [(round_, office) for round_, office in rows if round_.period == chosen]
    offices = [office for _, office in drawn]
    code = params.get("office", _own_office(ctx, offices))
    found = [round_ for round_, office in drawn if office.code == code]
    shown = found or [round_ for round_, _ in drawn]
    choices = [(EVERY, t("round.all_offices")), *((one.code, one.name) for one in offices)]
    return BoardPage(
        title=t("board.rounds.title"),
        note=t("round.board_note"),
        filters=(
            Filter("period", t("round.month"), [(p, period_words(p)) for p in periods], chosen),
            Filter("office", t("round.office"), choices, code if found else EVERY),
        ),
        figures=_figures(ctx, shown),
        blocks=[block for round_ in shown for block in _blocks(ctx, round_)]
        or [TextBlock(text=t("round.none_yet"))],
    )


def _own_office(ctx: Context, offices: Sequence[Unit]) -> str:
    """The code of the nearest of these offices above the reader; empty if there is none."""
    path = ctx.directory.place(ctx.session, ctx.who.unit_id).path
    above = [office for office in offices if covers(office.path, path)]
    return max(above, key=lambda office: len(office.path)).code if above else EVERY


def _figures(ctx: Context, rounds: Iterable[Round]) -> Sequence[Figure]:
    ids = [round_.id for round_ in rounds]
    states = ctx.session.scalars(select(Check.state).where(Check.round_id.in_(ids))).all()
    done = sum(state is CheckState.DONE for state in states)
    left = sum(state is CheckState.EXEMPT for state in states)
    return (
        Figure(t("round.fig_pairs"), str(len(states)), t("round.fig_pairs_note")),
        Figure(t("round.fig_done"), str(done), t("round.fig_done_note")),
        Figure(t("round.fig_left"), str(left), t("round.fig_left_note")),
    )


def _blocks(ctx: Context, round_: Round) -> Iterable[TableBlock | TextBlock]:
    checks = ctx.session.scalars(
        select(Check).where(Check.round_id == round_.id).order_by(Check.number)
    ).all()
    ids = {i for check in checks for i in (check.branch_id, check.checker_id) if i is not None}
    units = {unit.id: unit for unit in ctx.session.scalars(select(Unit).where(Unit.id.in_(ids)))}
    visible = set(ctx.session.scalars(select(Unit.id).where(seen_units(View(ctx, ctx.member, {})))))
    before = last_round(ctx.session, round_.unit_id, round_.period)
    last = pairs_of(ctx.session, before.id) if before else []
    office = ctx.directory.place(ctx.session, round_.unit_id)
    yield TextBlock(title=office.name, text=_method(ctx, round_, checks, units, last))
    yield TableBlock(
        headings=(
            t("round.col_checker"),
            t("round.col_checker_type"),
            t("round.col_branch"),
            t("round.col_branch_type"),
            t("round.col_state"),
            t("round.col_number"),
        ),
        rows=[_pair_row(check, units, visible) for check in checks if check.checker_id],
    )


def _pair_row(check: Check, units: Mapping[int, Unit], visible: Collection[int]) -> Sequence[Cell]:
    checker, branch = units[check.checker_id or 0], units[check.branch_id]
    light = {CheckState.DONE: "green", CheckState.EXEMPT: "blue"}.get(check.state, "")
    href = f"/record/{check.number}" if {checker.id, branch.id} & set(visible) else ""
    return (
        Cell(checker.name),
        Cell(label(checker.branch_type) if checker.branch_type else ""),
        Cell(branch.name),
        Cell(label(branch.branch_type) if branch.branch_type else ""),
        Cell(label(check.state), light),
        Cell(check.number, href=href),
    )


def _method(
    ctx: Context,
    round_: Round,
    checks: Sequence[Check],
    units: Mapping[int, Unit],
    last: Sequence[tuple[int, int]],
) -> str:
    """Seed and rules, and our own check of the result against them, in words."""
    pairs = {check.checker_id: check.branch_id for check in checks if check.checker_id}
    entrants = [
        Entrant(unit.id, unit.code, unit.branch_type) for unit in units.values() if unit.branch_type
    ]
    found = broken(pairs, entrants, last)
    kept = [label(limit) for limit in Limit if not found[limit]]
    relaxed = [
        t("round.broken", limit=label(limit), count=len(found[limit]))
        for limit in Limit
        if found[limit]
    ]
    text = [
        t("round.method", seed=round_.seed, at=f"{ctx.local(round_.drawn_at):%Y-%m-%d %H:%M}"),
        t("round.kept", limits=t("echo.list").join(kept) or t("round.none")),
        t("round.relaxed_said", limits=t("echo.list").join(relaxed)) if relaxed else "",
        t("round.left_out", count=len(round_.exempt.split(","))) if round_.exempt else "",
    ]
    return "\n".join(part for part in text if part)


FAMILY = Family(
    commands=(
        Command(key="round", form=NONE, run=show_round),
        Command(key="draw", form=DRAW, run=hold_draw, roles=frozenset(KEEPERS), sheet=True),
    ),
    boards=(Board(key="rounds", show=show_rounds),),
)
