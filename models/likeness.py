"""Projects in the text index, and which of them are alike (F-061: no need to invent twice)."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.project import Project, Stage
from models.search import Audience, Entry, index, similar
from models.unit import Unit

KIND: Final = "project"
_AT_ONCE: Final = 1_000
_LOOKED_AT: Final = 12
"""Hits that are looked at: some are the branch's own or were given up."""


class Alike(NamedTuple):
    """A project of another branch that says much the same."""

    project: Project
    branch: str


def words_of(project: Project) -> str:
    """What a project is about, below its name."""
    parts = (project.business, project.problem, project.mechanism, project.indicator)
    more = (project.carrier, project.result)
    return "\n".join(part for part in (*parts, *more) if part)


def let_be_found(session: Session, ids: Iterable[int]) -> None:
    """Put projects into the text index as they stand; everybody may find them."""
    for some in _parts(sorted(ids)):
        rows = session.execute(
            select(Project, Unit.path)
            .join(Unit, Unit.id == Project.unit_id)
            .where(Project.id.in_(some))
        )
        index(session, *(_entry(project, path) for project, path in rows))


def _parts(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE))


def _entry(project: Project, path: str) -> Entry:
    return Entry(
        number=project.number,
        kind=KIND,
        unit_path=path,
        audience=Audience.EVERYONE,
        day=project.starts_on,
        title=project.name,
        body=words_of(project),
    )


def alike_to(session: Session, project: Project, *, limit: int, at_least: float) -> list[Alike]:
    """Projects of other branches and any year that are most alike, the best first.

    ``at_least`` is the cosine (0 to 1) of the pairs of characters from which one is shown.
    """
    said = f"{project.name}\n{words_of(project)}"
    hits = similar(
        session, said, kinds=[KIND], limit=_LOOKED_AT, at_least=at_least, own=project.number
    )
    rows = session.execute(
        select(Project, Unit.name)
        .join(Unit, Unit.id == Project.unit_id)
        .where(
            Project.number.in_([hit.number for hit in hits]),
            Project.unit_id != project.unit_id,
            Project.stage != Stage.ENDED,
        )
    )
    found = {other.number: Alike(other, branch) for other, branch in rows}
    return [found[hit.number] for hit in hits if hit.number in found][:limit]
