"""The import workbook: checked as a whole, then taken over as a whole (DESIGN.md 6).

``import_tables`` is the one entry. Everything is read and judged first, without a database write;
all problems are reported at once, in the order of the file, and then nothing is written. Importing
the same workbook again changes nothing: no history, no stamp. A blank cell leaves what is there,
and what is absent from a later workbook stays.
"""

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy.orm import Session

from config.texts import t
from handlers.imports.apply import apply
from handlers.imports.groups import check_groups
from handlers.imports.known import Known, read_known
from handlers.imports.people import check_people, check_roles
from handlers.imports.plan import Plan, Summary
from handlers.imports.projects import check_projects
from handlers.imports.sheets import Book, recognise
from handlers.imports.table import Broken, Cell, ImportProblems, Problem, Row, Table
from handlers.imports.units import check_units
from models.adjustment import note_reorganised
from models.reorganise import Act

__all__ = [
    "Broken",
    "Cell",
    "ImportProblems",
    "Problem",
    "Row",
    "Summary",
    "Table",
    "check",
    "import_tables",
    "summary_lines",
]


def check(book: Book, known: Known) -> tuple[Plan, list[Problem]]:
    """What the sheets change against what is known, and all problems in file order. Pure."""
    plan = Plan()
    sheets = book.sheets
    tree = check_units(sheets["unit"], known, plan)
    roll = check_people(sheets["person"], tree, known, plan)
    check_roles(sheets["role"], tree, roll, known, plan)
    check_projects(sheets["project"], tree, roll, known, plan)
    check_groups(sheets["group"], tree, known, plan)
    return plan, book.notes.in_order()


def import_tables(
    session: Session,
    tables: Mapping[str, Table],
    *,
    now: datetime,
    today: date,
    api_base: str,
    actor: str,
) -> Summary:
    """Take a workbook over in the present transaction; :class:`ImportProblems` if it has faults.

    ``now`` is aware and in UTC, ``today`` the day for the people; ``api_base`` is the platform's
    address, under which webhooks must lie; ``actor`` goes into the history.
    """
    book = recognise(tables, api_base)
    known = read_known(session, book)
    plan, problems = check(book, known)
    if problems:
        raise ImportProblems(problems)
    apply(session, plan, known, act=Act(now, actor), today=today)
    if not plan.is_empty:
        note_reorganised(session, now, today)
    tallies = {book.sheets[key].table.name: plan.tally(key) for key in book.present}
    return Summary(tallies, book.ignored)


def summary_lines(summary: Summary) -> list[str]:
    """What an import did, a sentence a line."""
    lines = [
        t("imports.done", sheet=name, new=tally.new, changed=tally.changed, same=tally.unchanged)
        for name, tally in summary.sheets.items()
    ]
    for name, column in summary.ignored:
        key = "imports.ignored_column" if column else "imports.ignored_sheet"
        lines.append(t(key, sheet=name, column=column))
    return lines
