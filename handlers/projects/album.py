"""卓越实践项目集: the outstanding projects of a year as a printed book (A-20)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select

from config.texts import label, t
from handlers.board import Board, BoardPage, Cell, TableBlock
from handlers.content import Document
from handlers.context import Context
from handlers.dossier import path_of
from handlers.figures import percent_text
from handlers.paper import Block, Grid, Heading, Layout, PageBreak, Paper, PaperForm, Para
from handlers.projects.funnel import year_filter, year_in
from handlers.projects.scoring import points_text
from handlers.projects.view import actual_text
from handlers.reply import Markdown, Reply
from handlers.spec import Command, Family
from models.crew import crew_of
from models.errors import UserError
from models.forms.field import Answers
from models.forms.form import Form
from models.forms.kinds import Integer
from models.judges import Side
from models.overview import by_home, funnel_of, homes_of, lines_of, share
from models.person import Person
from models.project import Project, Stage
from models.score import pair_of
from models.unit import Unit, covers

FORM: Final = Form(
    key="album",
    version=1,
    fields=(Integer(key="year", required=False, aside=True, low=2000, high=2199),),
    positional=("year",),
)


def outstanding(ctx: Context, year: int) -> Sequence[tuple[Project, Unit]]:
    """The outstanding projects of a year, in the order of the units above their branches."""
    rows = ctx.session.execute(
        select(Project, Unit)
        .join(Unit, Unit.id == Project.unit_id)
        .where(Project.year == year, Project.outstanding, Project.stage != Stage.ENDED)
        .order_by(Unit.id, Project.id)
    )
    found = [(project, unit) for project, unit in rows]
    homes = homes_of(ctx.session)

    def place(row: tuple[Project, Unit]) -> int:
        path = row[1].path
        return next((n for n, home in enumerate(homes) if covers(home.path, path)), len(homes))

    return sorted(found, key=place)


def paper(ctx: Context, params: Mapping[str, Any]) -> Paper:
    """The book; parameter ``year``. Each project on a page of its own, in four parts."""
    year = year_in(ctx, params)
    chosen = outstanding(ctx, year)
    if not chosen:
        raise UserError("album.none", year=year)
    company = ctx.session.scalar(
        select(Unit.name).where(Unit.parent_id.is_(None)).order_by(Unit.id).limit(1)
    )
    body: list[Block] = [*_preface(ctx, year, len(chosen))]
    for number, (project, unit) in enumerate(chosen, 1):
        body += [PageBreak(), *_project(ctx, number, project, unit)]
    return Paper(
        title=t("album.title"),
        subtitle=t("album.subtitle", year=year),
        layout=Layout.BOOK,
        body=body,
        contents=True,
        issuer=t("papers.publicity.issuer", company=company or ""),
        day=ctx.today,
    )


def _preface(ctx: Context, year: int, count: int) -> Iterator[Block]:
    lines = lines_of(ctx.session, year)
    whole = funnel_of(lines)
    yield Heading(t("album.preface"))
    yield Para(
        t(
            "album.preface_text",
            year=year,
            branches=whole.branches,
            projects=whole.projects,
            keys=whole.keys,
            count=count,
            share=percent_text(share(count, whole.branches)),
        )
    )
    yield Para(t("album.preface_parts"))
    yield Heading(t("album.preface_units"), 2)
    yield Grid(
        [t(f"album.unit_{n}") for n in range(1, 7)],
        [
            (
                home.name,
                *map(str, counted),
                percent_text(share(counted.outstanding, counted.projects)),
            )
            for home, rows in by_home(lines, homes_of(ctx.session)).items()
            if (counted := funnel_of(rows)).branches
        ],
        (36, 12, 12, 14, 14, 12),
    )


def _project(ctx: Context, number: int, project: Project, unit: Unit) -> Iterator[Block]:
    owner = ctx.session.get(Person, project.owner_id) if project.owner_id else None
    yield Heading(t("album.heading", number=number, name=project.name))
    kinds = [label(project.direction) if project.direction else "", project.area]
    yield Grid(
        (),
        (
            (t("project.fact_branch"), unit.name),
            (t("project.fact_owner"), owner.name if owner else "—"),
            (t("album.crew"), _crew(ctx, project)),
            (t("project.fact_kind"), " · ".join(kind for kind in kinds if kind) or "—"),
            (t("score.fact"), _scores(ctx, project)),
        ),
        (20, 80),
    )
    yield Heading(t("album.part_problem"), 2)
    yield Para(project.problem or "—")
    yield Heading(t("album.part_indicator"), 2)
    yield from _indicator(project)
    yield Heading(t("album.part_carrier"), 2)
    yield Para(project.carrier or project.mechanism or "—")
    yield Heading(t("album.part_result"), 2)
    yield Para(project.result or "—")


def _indicator(project: Project) -> Iterator[Block]:
    """The indicator as a small table; where the figures come from below it."""
    if not project.indicator:
        yield Para("—")
        return
    unit = project.indicator_unit
    figures = (project.baseline, project.target, actual_text(project) if project.actual else "")
    yield Grid(
        [t(f"album.indicator_{n}") for n in range(1, 6)],
        ((project.indicator, unit or "—", *(figure or "—" for figure in figures)),),
        (30, 12, 14, 14, 30),
    )
    if project.evidence:
        yield Para(t("album.evidence", evidence=project.evidence))


def _crew(ctx: Context, project: Project) -> str:
    people = crew_of(ctx.session, project.id)
    return (
        "；".join(
            t("album.crew_kind", kind=label(kind), names="、".join(names))
            for kind, names in people.items()
        )
        or "—"
    )


def _scores(ctx: Context, project: Project) -> str:
    """Both scores, and the jury's mean if there is one."""
    pair = pair_of(ctx.session, project.id)
    parts = []
    if pair.is_open:
        business, party = (points_text(pair.scores[side].points) for side in Side)
        parts.append(t("score.both", business=business, party=party))
    if project.jury_points is not None:
        parts.append(t("album.jury", points=f"{project.jury_points:.1f}"))
    return "；".join(parts) or "—"


def board(ctx: Context, params: Mapping[str, str]) -> BoardPage:
    """The outstanding projects of a year, and the book."""
    year = year_in(ctx, params)
    rows = [
        (
            Cell(unit.name),
            Cell(project.name, href=path_of(project.number)),
            Cell(_short(project)),
            Cell("" if project.jury_points is None else f"{project.jury_points:.1f}"),
        )
        for project, unit in outstanding(ctx, year)
    ]
    return BoardPage(
        title=t("board.album.title"),
        note=t("album.note"),
        filters=(year_filter(ctx, year),),
        blocks=(
            TableBlock(
                headings=[t(f"album.column_{n}") for n in range(1, 5)],
                rows=rows,
                numeric=frozenset({3}),
            ),
        ),
        papers=((t("album.title"), "album", {"year": str(year)}),) if rows else (),
    )


def _short(project: Project) -> str:
    if not project.indicator:
        return "—"
    unit = project.indicator_unit
    return f"{project.indicator} {project.baseline} → {project.actual or project.target} {unit}"


def send(ctx: Context, answers: Answers) -> Reply:
    """``/项目集 [年度]``: the book as Word and PDF, privately."""
    year = answers["year"] or ctx.today.year
    chosen = outstanding(ctx, year)
    if not chosen:
        raise UserError("album.none", year=year)
    name = t("album.file", year=year)
    for form in PaperForm:
        file = Document("album", name, form.value, ctx.who.userid, params={"year": str(year)})
        ctx.push_person(ctx.who.userid, file, f"album:{ctx.message_id}:{form}")
    url = ctx.page(f"/board/album?year={year}")
    return Reply(Markdown(t("album.sending", year=year, count=len(chosen), url=url)))


FAMILY = Family(
    commands=(Command(key="album", form=FORM, run=send),),
    boards=(Board(key="album", show=board),),
    papers={"album": paper},
)
