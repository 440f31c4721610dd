"""挂图作战: every branch's project on one wall, as page and as picture (A-09).

More branches than a wall can hold are shown by company, each tile leading to a wall of its own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from statistics import median
from typing import Any, Final
from urllib.parse import urlencode

from config.texts import label, t
from handlers.board import Board, BoardPage, Figure, Filter, Tile, TilesBlock
from handlers.content import Picture
from handlers.context import Context
from handlers.dossier import path_of
from handlers.figures import light, minute_text, percent_text
from handlers.projects.funnel import year_filter, year_in
from handlers.reply import Reply, say
from handlers.spec import Command, Family, Poster
from models.forms.field import Answers
from models.forms.form import Form
from models.overview import Home, Line, by_home, funnel_of, homes_of, lines_of
from models.project import Grade, Stage
from models.unit import BranchType, Unit, unit_by_code, upwards

NONE: Final = Form(key="nothing", version=1, fields=())
LIGHTS: Final = ("green", "yellow", "red")
NO_PROJECT: Final = "none"
MOST: Final = 600
"""Branches with a tile of their own: a province of 305 has them, ten thousand nobody would read."""
KEPT: Final = ("year", "type", "grade", "light")
"""Choices that stay when one goes on to a unit."""


def light_of(ctx: Context, line: Line) -> str:
    """Green, yellow, red by points behind plan; empty without any figure."""
    if line.stage is Stage.CONCLUDED:
        return "green"
    rules = ctx.rules.progress
    return light(line.ahead(ctx.today), rules.behind_yellow, rules.behind_red)


def _chosen(ctx: Context, params: Mapping[str, str]) -> Iterator[Line]:
    """The branches that the filters leave."""
    unit = _unit(ctx, params)
    for line in lines_of(ctx.session, year_in(ctx, params), unit.path if unit else ""):
        if (of := params.get("type")) and (line.branch_type is None or line.branch_type != of):
            continue
        if (grade := params.get("grade")) and (line.grade is None or line.grade != grade):
            continue
        colour = light_of(ctx, line) or NO_PROJECT
        if (wanted := params.get("light")) and colour != wanted:
            continue
        yield line


def _unit(ctx: Context, params: Mapping[str, str]) -> Unit | None:
    """The unit to which the wall is narrowed, by the code in its address."""
    code = params.get("unit", "")
    return unit_by_code(ctx.session, code) if code else None


def show(ctx: Context, params: Mapping[str, str]) -> BoardPage:
    """The wall with its filters; the tiles of each unit together, those without a project first."""
    lines = list(_chosen(ctx, params))
    unit = _unit(ctx, params)
    return BoardPage(
        title=t("wall.title_of", name=unit.name) if unit else t("board.wall.title"),
        note=t("wall.note"),
        filters=_filters(ctx, params),
        figures=tuple(Figure(name, value) for name, value in _figures(ctx, lines)),
        blocks=tuple(_blocks(ctx, lines, params)),
    )


def _blocks(ctx: Context, lines: Sequence[Line], params: Mapping[str, str]) -> Iterator[TilesBlock]:
    """A block per unit with its branches; of too many branches one block of units.

    Branches that lie in no unit further down stand below it.
    """
    unit = _unit(ctx, params)
    grouped = dict(by_home(lines, homes_of(ctx.session, unit.path if unit else "")))
    if len(lines) > MOST and len(grouped) > 1:
        top = unit.path if unit else ""
        own = [home for home in grouped if home.path == top or len(list(upwards(home.path))) == 1]
        below = {home: rows for home, rows in grouped.items() if home not in own}
        yield TilesBlock(
            title=t("wall.units", count=len(below)),
            tiles=[_unit_tile(ctx, home, rows, params) for home, rows in below.items()],
            note=t("wall.units_note"),
        )
        grouped = {home: grouped[home] for home in own}
    for home, rows in grouped.items():
        yield _tiles(ctx, home, rows)


def _unit_tile(ctx: Context, home: Home, lines: Sequence[Line], params: Mapping[str, str]) -> Tile:
    """A unit as the middle of its branches, and how many of them need somebody's eyes."""
    rules = ctx.rules.progress
    ahead = _middle(line.ahead(ctx.today) for line in lines)
    percent = _middle(line.percent for line in lines)
    colours = [light_of(ctx, line) for line in lines]
    counts = [t("wall.branches", count=len(lines))]
    counts += [
        t("wall.count", light=t(f"web.light_{one}"), count=colours.count(one))
        for one in ("red", "yellow")
        if one in colours
    ]
    kept = {key: params[key] for key in KEPT if params.get(key)}
    return Tile(
        home.name,
        percent_text(percent),
        light(ahead, rules.behind_yellow, rules.behind_red),
        " · ".join(counts),
        "/board/wall?" + urlencode({"unit": home.code, **kept}),
    )


def _middle(values: Iterable[Decimal | None]) -> Decimal | None:
    """The median of what there is."""
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _filters(ctx: Context, params: Mapping[str, str]) -> Sequence[Filter]:
    every = ("", t("wall.all"))
    types = [every, *((of.value, label(of)) for of in BranchType)]
    grades = [every, *((grade.value, label(grade)) for grade in Grade)]
    lights = [every, *((one, t(f"web.light_{one}")) for one in LIGHTS)]
    lights.append((NO_PROJECT, t("wall.none")))
    return (
        year_filter(ctx, year_in(ctx, params)),
        *_units(ctx, params),
        Filter("type", t("ledger.distribution.type"), types, params.get("type", "")),
        Filter("grade", t("ledger.distribution.grade"), grades, params.get("grade", "")),
        Filter("light", t("wall.light"), lights, params.get("light", "")),
    )


def _units(ctx: Context, params: Mapping[str, str]) -> Iterator[Filter]:
    """The units right below the roots and below the chosen one, and the way back."""
    unit = _unit(ctx, params)
    homes = homes_of(ctx.session)
    if unit is not None:
        homes += [home for home in homes_of(ctx.session, unit.path) if home not in homes]
    if len(homes) > 1:
        options = [("", t("wall.all")), *((home.code, home.name) for home in homes)]
        yield Filter("unit", t("overview.unit"), options, unit.code if unit else "")


def _figures(ctx: Context, lines: Sequence[Line]) -> Sequence[tuple[str, str]]:
    whole = funnel_of(lines)
    colours = [light_of(ctx, line) for line in lines]
    return (
        (t("funnel.branches"), str(whole.branches)),
        (t("funnel.projects"), str(whole.projects)),
        (t("funnel.keys"), str(whole.keys)),
        (t("wall.red"), str(colours.count("red"))),
    )


def _tiles(ctx: Context, home: Home, lines: Sequence[Line]) -> TilesBlock:
    ordered = sorted(lines, key=lambda line: (line.project_id is not None, line.unit_id))
    return TilesBlock(
        title=t("wall.home", name=home.name, count=len(lines)),
        tiles=[_tile(ctx, line) for line in ordered],
    )


def _tile(ctx: Context, line: Line) -> Tile:
    if line.number is None:
        return Tile(line.branch, t("project.missing"))
    grade = t("wall.grade", grade=label(line.grade)) if line.grade else ""
    stage = label(line.stage) if line.stage not in (None, Stage.ONGOING) else ""
    note = " ".join(part for part in (grade, stage, line.name or "") if part)
    value = percent_text(line.percent)
    return Tile(line.branch, value, light_of(ctx, line), note, path_of(line.number))


def draw(ctx: Context, params: Mapping[str, Any]) -> Poster:
    """The wall as a picture: the tiles of the page without the small print."""
    lines = list(_chosen(ctx, params))
    return Poster(
        title=t("board.wall.title"),
        subtitle=t("wall.subtitle", year=year_in(ctx, params), at=minute_text(ctx.local(ctx.now))),
        figures=tuple(_figures(ctx, lines)),
        blocks=tuple(_bare(block) for block in _blocks(ctx, lines, params)),
        notes=(t("wall.note"),),
    )


def _bare(block: TilesBlock) -> TilesBlock:
    tiles = [Tile(tile.title, tile.value, tile.light) for tile in block.tiles]
    return TilesBlock(title=block.title, tiles=tiles)


def send(ctx: Context, answers: Answers) -> Reply:
    """``/挂图作战``: the wall as a picture, into the group or privately."""
    del answers
    picture = Picture("wall", {"day": ctx.today.isoformat()})
    text = (
        say("wall.sent", url=ctx.page("/board/wall")).text if not ctx.room else t("wall.in_group")
    )
    return Reply(text, files=(picture,))


FAMILY = Family(
    commands=(Command(key="wall", form=NONE, run=send),),
    boards=(Board(key="wall", show=show),),
    pictures={"wall": draw},
)
