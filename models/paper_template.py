"""Own templates of official papers: which unit uses which file for which paper (F-130)."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base
from models.unit import Unit, upwards


class PaperTemplate(Base):
    """A Word file for one kind of paper of a unit and all below it; the newest one counts.

    ``digest`` None: from here on the house's own layout is used again.
    """

    __tablename__ = "paper_template"

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    paper: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(200), default="")
    digest: Mapped[str | None] = mapped_column(ForeignKey("blob.digest"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


def template_for(session: Session, paper: str, path: str) -> PaperTemplate | None:
    """The template that holds at the unit of a path: the newest of the nearest unit above it."""
    rows = session.execute(
        select(PaperTemplate, Unit.path)
        .join(Unit, Unit.id == PaperTemplate.unit_id)
        .where(PaperTemplate.paper == paper, Unit.path.in_(list(upwards(path))))
        .order_by(PaperTemplate.id)
    ).all()
    newest = {where: row for row, where in rows}
    found = next((newest[above] for above in upwards(path) if above in newest), None)
    return found if found is not None and found.digest is not None else None
