"""What the runtime itself holds about persons: loose files, drafts, messages, the audit."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from sqlalchemy import Column, Table, delete, func, or_, select

from config.rules import Rules
from config.texts import t
from handlers.context import Context
from handlers.personal import SHOWN, Access, Held, Holding, rows_of
from handlers.spec import Column as Shown
from handlers.spec import Family, Kind, Ledger, Rows, View
from models.attachment import Attachment
from models.audit import Audit, forget
from models.base import Base
from models.draft import DRAFT, Draft, DraftState
from models.duty import Escalation, Owed, OwedState
from models.pause import Away
from models.person import Person, Role
from models.purge import Purge
from models.push import Push, PushState

AT_ONCE = 2000


def _files(ctx: Context, person_id: int) -> Sequence[Held]:
    rows = ctx.session.scalars(
        select(Attachment)
        .where(Attachment.person_id == person_id)
        .order_by(Attachment.at.desc())
        .limit(SHOWN)
    )
    return [
        Held(title=t("holding.file.one"), at=row.at, number=row.record, text=row.name)
        for row in rows
    ]


def _loose_files_gone(ctx: Context, person_id: int) -> int:
    """Photos that belong to no record; their bytes go with the cleaning."""
    return _deleted(
        ctx, delete(Attachment).where(Attachment.person_id == person_id, Attachment.record == "")
    )


def _old_loose_files_gone(ctx: Context, before: datetime) -> int:
    old = select(Attachment.id).where(Attachment.record == "", Attachment.at < before)
    return _deleted(ctx, delete(Attachment).where(Attachment.id.in_(old.limit(AT_ONCE))))


def _drafts(ctx: Context, person_id: int) -> Sequence[Held]:
    rows = ctx.session.scalars(
        select(Draft)
        .where(
            Draft.person_id == person_id,
            Draft.state.in_([DraftState.OPEN, DraftState.PAUSED]),
            Draft.expires_at > ctx.now,
        )
        .order_by(Draft.changed_at.desc())
    )
    return [Held(title=t(f"form.{row.form}.title"), at=row.changed_at) for row in rows]


def _drafts_gone(ctx: Context, person_id: int) -> int:
    ids = ctx.session.scalars(select(Draft.id).where(Draft.person_id == person_id)).all()
    ctx.shred(DRAFT, *map(str, ids))
    return _deleted(ctx, delete(Draft).where(Draft.person_id == person_id))


def _ended_drafts_gone(ctx: Context, before: datetime) -> int:
    ended = [DraftState.DONE, DraftState.CANCELLED]
    old = select(Draft.id).where(Draft.state.in_(ended), Draft.changed_at < before)
    return _deleted(ctx, delete(Draft).where(Draft.id.in_(old.limit(AT_ONCE))))


def _messages(ctx: Context, person_id: int) -> Sequence[Held]:
    userid = ctx.session.scalar(select(Person.userid).where(Person.id == person_id)) or ""
    rows = ctx.session.execute(
        select(Push.at)
        .where(func.lower(Push.conversation) == userid.lower(), Push.to_group.is_(False))
        .order_by(Push.at.desc())
        .limit(SHOWN)
    )
    return [Held(title=t("holding.push.one"), at=row.at) for row in rows]


def _old_messages_gone(ctx: Context, before: datetime) -> int:
    done = [PushState.DELIVERED, PushState.FAILED]
    old = select(Push.id).where(Push.state.in_(done), Push.at < before).limit(AT_ONCE)
    return _deleted(ctx, delete(Push).where(Push.id.in_(old)))


def _acts(ctx: Context, person_id: int) -> Sequence[Held]:
    rows = ctx.session.scalars(
        select(Audit)
        .where(or_(Audit.person_id == person_id, Audit.about_id == person_id))
        .order_by(Audit.id.desc())
        .limit(SHOWN)
    )
    return [Held(title=t("holding.audit.one"), at=row.at, number=row.subject) for row in rows]


def _number(row: Owed) -> str:
    return row.number


def _audit_days(rules: Rules) -> int:
    return rules.privacy.audit_days


def _old_acts_gone(ctx: Context, before: datetime) -> int:
    return forget(ctx.session, ctx.vault, before, AT_ONCE)


def _ended_duties_gone(ctx: Context, before: datetime) -> int:
    """Duties closed long ago, with what was raised about them."""
    old = select(Owed.id).where(Owed.state != OwedState.OPEN, Owed.closed_on < before.date())
    ids = ctx.session.scalars(old.limit(AT_ONCE)).all()
    ctx.session.execute(delete(Escalation).where(Escalation.owed_id.in_(ids)))
    return _deleted(ctx, delete(Owed).where(Owed.id.in_(ids)))


def _past_absences_gone(ctx: Context, before: datetime) -> int:
    old = select(Away.id).where(Away.last_on < before.date()).limit(AT_ONCE)
    return _deleted(ctx, delete(Away).where(Away.id.in_(old)))


def _deleted(ctx: Context, statement: object) -> int:
    done = ctx.session.execute(statement)  # type: ignore[call-overload]  # any DELETE
    return int(done.rowcount)


def rest_of(holdings: Sequence[Holding]) -> Holding:
    """What refers to a person in tables that no family speaks for: nothing is left out."""
    spoken = {table for one in holdings for table in one.tables}

    def find(ctx: Context, person_id: int) -> Sequence[Held]:
        return [held for one in _columns(spoken) for held in _rows(ctx, *one, person_id)]

    return Holding(key="rest", tables=(), find=find)


def _columns(spoken: Collection[str]) -> Iterator[tuple[type[Base], Column[int]]]:
    """Every column of those tables that names a person."""
    for mapper in Base.registry.mappers:
        table = mapper.local_table
        if not isinstance(table, Table) or table.name in spoken:
            continue
        for column in table.columns:
            if any(key.column.table is Person.__table__ for key in column.foreign_keys):
                yield mapper.class_, column


def _rows(ctx: Context, entity: type[Base], column: Column[int], person_id: int) -> Iterator[Held]:
    for row in ctx.session.scalars(select(entity).where(column == person_id).limit(SHOWN)):
        yield Held(
            title=t("holding.rest.one"),
            at=getattr(row, "at", None),
            number=getattr(row, "number", ""),
        )


def _purges(view: View) -> Rows:
    del view
    return select().select_from(Purge)


PURGES = Ledger(
    key="purge",
    found=False,
    columns=(
        Shown(key="at", expr=Purge.at, kind=Kind.TIME, width=18),
        Shown(
            key="what",
            expr=Purge.holding,
            width=24,
            show=lambda value, _: t(f"holding.{value}.name"),
        ),
        Shown(key="before", expr=Purge.before, kind=Kind.TIME, width=18),
        Shown(key="count", expr=Purge.count, kind=Kind.NUMBER, width=10),
    ),
    query=_purges,
    order=(Purge.id.desc(),),
    roles=frozenset({Role.PARTY_OFFICE, Role.ADMIN}),
)

HOLDINGS = (
    Holding(
        key="file",
        tables=("attachment",),
        find=_files,
        erase=_loose_files_gone,
        days=lambda rules: rules.privacy.loose_days,
        purge=_old_loose_files_gone,
    ),
    Holding(
        key="draft",
        tables=("draft",),
        find=_drafts,
        erase=_drafts_gone,
        days=lambda rules: rules.intake.keep_days,
        purge=_ended_drafts_gone,
    ),
    Holding(
        key="push",
        tables=("push",),
        find=_messages,
        readers={Role.ADMIN: Access.FACTS, Role.PARTY_OFFICE: Access.FACTS},
        days=lambda rules: rules.privacy.push_days,
        purge=_old_messages_gone,
    ),
    Holding(
        key="duty",
        tables=("owed", "escalation", "load_pass", "emergency"),
        find=rows_of(
            Owed, Owed.owner_id, Owed.opened_on, title=lambda row: row.title, number=_number
        ),
        readers=dict.fromkeys((Role.SECRETARY, Role.PARTY_OFFICE), Access.FACTS),
        days=lambda rules: rules.privacy.duty_days,
        purge=_ended_duties_gone,
    ),
    Holding(
        key="away",
        tables=("away",),
        find=rows_of(
            Away,
            Away.person_id,
            Away.first_on,
            title=lambda row: f"{row.first_on} — {row.last_on}",
            text=lambda row: row.reason,
        ),
        readers=dict.fromkeys((Role.SECRETARY, Role.PARTY_OFFICE), Access.FACTS),
        days=lambda rules: rules.privacy.duty_days,
        purge=_past_absences_gone,
    ),
    Holding(
        key="audit",
        tables=("audit",),
        find=_acts,
        readers={Role.ADMIN: Access.FACTS, Role.PARTY_OFFICE: Access.FACTS},
        days=_audit_days,
        purge=_old_acts_gone,
    ),
)

FAMILY = Family(ledgers=(PURGES,), holdings=HOLDINGS)
