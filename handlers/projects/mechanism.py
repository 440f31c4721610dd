"""典型机制: the library of what worked, with scenarios and cases (F-060, A-24)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import func, select

from config.texts import label, t
from handlers.board import Board, BoardPage, Cell, TableBlock
from handlers.content import Card, Tone
from handlers.context import Context
from handlers.dossier import Act, Dossier, Record, Section, Step, path_of
from handlers.paper import Block, Grid, Heading, Layout, PageBreak, Paper, Para
from handlers.reply import Reply, fill, lines, say
from handlers.spec import Action, Column, Command, Family, Kind, Ledger, Rows, View
from models.errors import UserError
from models.forms.field import Answers, Facts, Problem
from models.forms.form import Form
from models.forms.kinds import LongText, Text
from models.forms.record import RecordNumber, number_in
from models.mechanism import (
    KIND,
    Mechanism,
    MechanismCase,
    MechanismState,
    cases_of,
    let_be_found,
    listed,
    mechanism_by_number,
    mechanism_named,
    mechanisms_in,
    set_cases,
)
from models.number import next_number
from models.person import Person, Role
from models.project import Project, Stage, by_number
from models.search import search
from models.unit import Unit

OFFICES: Final = frozenset({Role.PARTY_OFFICE, Role.SPECIALIST})
SHOWN: Final = 8
_BETWEEN: Final = re.compile(r"[\s、，,；;/]+")


def _cases_known(answers: Answers, facts: Facts) -> Sequence[tuple[str, Problem]]:
    del answers
    if unknown := facts.get("unknown"):
        return [("cases", Problem("problem.mechanism_case", {"names": "、".join(unknown)}))]
    return []


FORM: Final = Form(
    key="mechanism",
    version=1,
    fields=(
        RecordNumber(key="number", required=False, aside=True),
        Text(key="name", min_chars=4, max_chars=40),
        Text(key="scenario", min_chars=4, max_chars=300),
        Text(key="cases", required=False, max_chars=300),
        LongText(key="practice", min_chars=10, max_chars=2000),
    ),
    positional=("number", "name"),
    check=_cases_known,
)
FIND: Final = Form(
    key="mechanisms",
    version=1,
    fields=(Text(key="words", required=False, aside=True, max_chars=60),),
    positional=("words",),
)


def _cases(ctx: Context, text: str | None) -> tuple[list[Project], list[str]]:
    """The projects whose numbers a text names, and what it names beside them."""
    found, unknown = [], []
    for word in dict.fromkeys(part for part in _BETWEEN.split(text or "") if part):
        project = by_number(ctx.session, number_in(word))
        if project is None:
            unknown.append(word)
        else:
            found.append(project)
    return found, unknown


def facts(ctx: Context, answers: Answers) -> Facts:
    """Which cases are no projects; refuses at once what may not be changed."""
    if answers.get("number"):
        _changeable(ctx, answers["number"])
    return {"unknown": _cases(ctx, answers.get("cases"))[1]}


def known(ctx: Context, answers: Answers) -> Mapping[str, str]:
    """What is stored, for a page that is opened; of a case that begins one, what it says."""
    if answers.get("number"):
        one = _changeable(ctx, answers["number"])
        cases = "、".join(project.number for project, _ in cases_of(ctx.session, one.id))
        values = {"name": one.name, "scenario": one.scenario, "practice": one.practice}
        return {"number": one.number, "cases": cases, **values}
    projects, _ = _cases(ctx, answers.get("cases"))
    if not projects:
        return {}
    first = projects[0]
    return {"scenario": first.problem, "practice": first.carrier or first.mechanism}


def _known(ctx: Context, number: str) -> Mechanism:
    one = mechanism_by_number(ctx.session, number)
    if one is None:
        raise UserError("mechanism.unknown", number=number)
    return one


def _changeable(ctx: Context, number: str) -> Mechanism:
    """A mechanism that the speaker's office, or one above it, may change."""
    one = _known(ctx, number)
    ctx.need(*OFFICES, over=ctx.session.get_one(Unit, one.unit_id).path)
    return one


def distil(ctx: Context, answers: Answers) -> Reply:
    """``/提炼机制``: put a mechanism into the library, or change one that is there."""
    if answers["number"]:
        one = _changeable(ctx, answers["number"])
    else:
        path = min(ctx.who.paths(*OFFICES), key=len)
        unit = ctx.session.scalars(select(Unit).where(Unit.path == path)).one()
        if earlier := mechanism_named(ctx.session, unit.id, answers["name"]):
            raise UserError("mechanism.twice", name=earlier.name, number=earlier.number)
        number = next_number(ctx.session, "JX", ctx.today.year)
        one = Mechanism(number=number, unit_id=unit.id, person_id=ctx.who.id, at=ctx.now)
        ctx.session.add(one)
    one.name, one.scenario, one.practice = (answers[k] for k in ("name", "scenario", "practice"))
    one.changed_at = ctx.now
    ctx.session.flush()
    projects, _ = _cases(ctx, answers["cases"])
    if answers["cases"] is not None:
        set_cases(ctx.session, one, [project.id for project in projects])
    let_be_found(ctx.session, one, ctx.session.get_one(Unit, one.unit_id).path)
    ctx.subject = one.number
    return say("mechanism.saved", number=one.number, name=one.name, count=len(projects))


def turn(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """Take a mechanism out of the library, or put it back; ``argument`` is its number."""
    del picked
    one = _changeable(ctx, argument)
    listed_now = one.state is MechanismState.LISTED
    to = MechanismState.WITHDRAWN if listed_now else MechanismState.LISTED
    one.move_to(ctx.session, to, changed_at=ctx.now)
    let_be_found(ctx.session, one, ctx.session.get_one(Unit, one.unit_id).path)
    ctx.subject = one.number
    key = "mechanism.withdrawn" if listed_now else "mechanism.restored"
    return Reply(fill(key, number=one.number), Card(title=t(f"{key}_title"), desc=one.name))


def find(ctx: Context, answers: Answers) -> Reply:
    """``/机制 [词]``: what the library has for a matter, or what is new in it."""
    words = answers["words"]
    if words:
        hits = search(ctx.session, words, kinds=[KIND], limit=SHOWN)
        found = listed(ctx.session, [hit.number for hit in hits])
    else:
        found = listed(ctx.session)[:SHOWN]
    if not found:
        raise UserError("mechanism.none_found" if words else "mechanism.none", words=words or "")
    rows = [
        fill("mechanism.line", number=one.number, name=one.name, scenario=one.scenario)
        for one in found
    ]
    more = fill("mechanism.more", number=found[0].number, url=ctx.page("/board/mechanisms"))
    return Reply(lines(*rows, more))


# Dossier


def show(ctx: Context, number: str) -> Dossier:
    """A mechanism as everybody may read it."""
    one = mechanism_by_number(ctx.session, number)
    if one is None:
        raise UserError("lookup.unknown", number=number)
    unit = ctx.session.get_one(Unit, one.unit_id)
    by = ctx.session.get(Person, one.person_id)
    cases = "\n".join(_case(project, branch) for project, branch in cases_of(ctx.session, one.id))
    return Dossier(
        number=one.number,
        title=one.name,
        state=label(one.state),
        facts=((t("mechanism.by"), unit.name),),
        sections=(
            Section(t("form.mechanism.scenario.label"), one.scenario),
            Section(t("form.mechanism.practice.label"), one.practice),
            Section(t("form.mechanism.cases.label"), cases),
        ),
        steps=(Step(one.at, t("mechanism.step"), by.name if by else ""),),
        acts=tuple(_acts(ctx, one, unit)),
    )


def _case(project: Project, branch: Unit) -> str:
    return t("mechanism.case", number=project.number, branch=branch.name, name=project.name)


def _acts(ctx: Context, one: Mechanism, unit: Unit) -> Iterator[Act]:
    if not ctx.who.has(*OFFICES, over=unit.path):
        return
    yield Act(t("mechanism.change"), command="mechanism", answers={"number": one.number})
    key = "withdraw" if one.state is MechanismState.LISTED else "restore"
    yield Act(t(f"mechanism.{key}"), action=f"mechanism.turn:{one.number}")


def sections(ctx: Context, project: Project) -> Iterator[Section]:
    """The mechanisms for which a project is a case, as part of its dossier."""
    rows = [
        t("alike.mechanism", number=one.number, name=one.name, scenario=one.scenario)
        for one in mechanisms_in(ctx.session, project.id)
    ]
    yield Section(t("mechanism.title"), "\n".join(rows))


def acts(ctx: Context, project: Project) -> Iterator[Act]:
    """The way from a good end into the library."""
    ended_well = project.stage is Stage.CONCLUDED and project.outstanding
    if ended_well and ctx.who.has(*OFFICES) and not mechanisms_in(ctx.session, project.id):
        answers = {"cases": project.number}
        yield Act(t("mechanism.distil"), command="mechanism", answers=answers, tone=Tone.PRIMARY)


# Board, book, ledger


def board(ctx: Context, params: Mapping[str, str]) -> BoardPage:
    """The library at a glance, and as a book."""
    del params
    found = listed(ctx.session)
    counts = dict(
        ctx.session.execute(
            select(MechanismCase.mechanism_id, func.count()).group_by(MechanismCase.mechanism_id)
        ).all()
    )
    rows = [
        (
            Cell(one.name, href=path_of(one.number)),
            Cell(one.scenario),
            Cell(str(counts.get(one.id, 0))),
            Cell(one.number),
        )
        for one in found
    ]
    return BoardPage(
        title=t("board.mechanisms.title"),
        note=t("mechanism.note"),
        blocks=(
            TableBlock(
                headings=[t(f"mechanism.column_{n}") for n in range(1, 5)],
                rows=rows,
                numeric=frozenset({2}),
            ),
        ),
        acts=(Act(t("mechanism.add"), command="mechanism"),) if ctx.who.has(*OFFICES) else (),
        papers=((t("mechanism.book"), "toolbox", {}),) if found else (),
    )


def toolbox(ctx: Context, params: Mapping[str, Any]) -> Paper:
    """典型机制工具箱: scenario, practice and cases of each, as a book."""
    del params
    found = list(reversed(listed(ctx.session)))
    if not found:
        raise UserError("mechanism.none")
    company = ctx.session.scalar(
        select(Unit.name).where(Unit.parent_id.is_(None)).order_by(Unit.id).limit(1)
    )
    body: list[Block] = [Heading(t("mechanism.preface")), Para(t("mechanism.preface_text"))]
    for at, one in enumerate(found, 1):
        body += [PageBreak(), *_chapter(ctx, at, one)]
    return Paper(
        title=t("mechanism.book"),
        subtitle=t("mechanism.subtitle", count=len(found)),
        layout=Layout.BOOK,
        body=body,
        contents=True,
        issuer=t("papers.publicity.issuer", company=company or ""),
        day=ctx.today,
    )


def _chapter(ctx: Context, at: int, one: Mechanism) -> Iterator[Block]:
    yield Heading(t("album.heading", number=at, name=one.name))
    yield Heading(t("mechanism.part_1"), 2)
    yield Para(one.scenario)
    yield Heading(t("mechanism.part_2"), 2)
    yield from (Para(line) for line in one.practice.splitlines() if line.strip())
    yield Heading(t("mechanism.part_3"), 2)
    cases = cases_of(ctx.session, one.id)
    if not cases:
        yield Para("—")
        return
    headings = [t(f"mechanism.case_{n}") for n in range(1, 4)]
    rows = [(unit.name, project.name, project.result or "—") for project, unit in cases]
    yield Grid(headings, rows, (26, 30, 44))


def _rows(view: View) -> Rows:
    del view
    return select().select_from(Mechanism).join(Unit, Unit.id == Mechanism.unit_id)


_COUNT = (
    select(func.count())
    .where(MechanismCase.mechanism_id == Mechanism.id)
    .correlate(Mechanism)
    .scalar_subquery()
)
LEDGER: Final = Ledger(
    key="mechanism",
    takes="mechanism",
    columns=(
        Column(key="number", expr=Mechanism.number, width=16),
        Column(key="name", expr=Mechanism.name, width=30),
        Column(key="scenario", expr=Mechanism.scenario, width=50),
        Column(key="cases", expr=_COUNT, kind=Kind.NUMBER, width=8),
        Column(key="state", expr=Mechanism.state, kind=Kind.WORD, width=10),
        Column(key="practice", expr=Mechanism.practice, width=60, wide=True),
        Column(key="unit", expr=Unit.name, width=28, wide=True),
        Column(key="at", expr=Mechanism.at, kind=Kind.TIME, width=18, wide=True),
    ),
    query=_rows,
    order=(Mechanism.id.desc(),),
)

FAMILY = Family(
    commands=(
        Command(
            key="mechanism",
            form=FORM,
            facts=facts,
            prefill=known,
            run=distil,
            sheet=True,
            roles=OFFICES,
        ),
        Command(key="mechanisms", form=FIND, run=find),
    ),
    actions=(Action(key="mechanism.turn", run=turn),),
    records=(Record(prefix="JX", show=show),),
    ledgers=(LEDGER,),
    boards=(Board(key="mechanisms", show=board),),
    papers={"toolbox": toolbox},
)
