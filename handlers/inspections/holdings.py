"""What checks, notices, visits and the watch list hold about the people who acted in them."""

from config.texts import t
from handlers.personal import Access, Holding, Kin, Reader, rows_of
from handlers.places import OVERSEERS
from handlers.spec import Family
from models.check import Finding
from models.notice import NoticeStep
from models.person import Role
from models.visit import Visit
from models.watch import WatchNote


def notice_step(what: str) -> str:
    """What somebody did about a notice."""
    return t("holding.notice.one", step=t(f"notice.step.{what}"))


ABOVE: dict[Reader, Access] = dict.fromkeys(OVERSEERS, Access.TEXT)
KEEPERS: dict[Reader, Access] = dict.fromkeys(
    (Role.PARTY_OFFICE, Role.COMMITTEE_SECRETARY), Access.TEXT
)

FAMILY = Family(
    holdings=(
        Holding(
            key="finding",
            tables=("finding", "objection", "branch_check", "check_round"),
            find=rows_of(
                Finding,
                Finding.person_id,
                Finding.at,
                title="holding.finding.one",
                number=lambda row: row.number,
                text=lambda row: row.said,
            ),
            readers={Kin.COLLEAGUE: Access.TEXT, **ABOVE},
        ),
        Holding(
            key="notice",
            tables=("notice", "notice_point", "notice_step"),
            find=rows_of(
                NoticeStep,
                NoticeStep.person_id,
                NoticeStep.at,
                title=lambda row: notice_step(row.what),
                text=lambda row: row.note,
            ),
            readers={Kin.COLLEAGUE: Access.TEXT, **ABOVE},
        ),
        Holding(
            key="visit",
            tables=("visit",),
            find=rows_of(
                Visit,
                Visit.visitor_id,
                Visit.entered_at,
                title="holding.visit.one",
                number=lambda row: row.number,
                text=lambda row: row.said,
            ),
            readers={Kin.COLLEAGUE: Access.TEXT, **ABOVE},
        ),
        Holding(
            key="watch",
            tables=("watch", "watch_note"),
            find=rows_of(
                WatchNote,
                WatchNote.person_id,
                WatchNote.at,
                title="holding.watch.one",
                text=lambda row: row.said,
            ),
            readers=KEEPERS,
        ),
    )
)
