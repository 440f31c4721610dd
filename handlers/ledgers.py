"""台账 and 导出: every ledger by its Chinese name, and the operator's ledger 审计."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy import SQLColumnExpression, case, literal, or_, select

from config.texts import has, t
from handlers.content import Export
from handlers.context import Context
from handlers.reply import Markdown, Reply, fill, lines, say
from handlers.spec import Column, Command, Family, Kind, Ledger, Rows, View
from handlers.table import Wish, cell_text, page_of, read_wish, scope_of
from models.audit import DISCREET, Audit
from models.errors import UserError
from models.forms.field import Answers
from models.forms.form import Form
from models.forms.kinds import Text
from models.person import Person, Role
from models.saved import view_named

SHOWN = 8
WATCHERS = frozenset({Role.PARTY_OFFICE, Role.ADMIN})

TABLE = Form(
    key="table",
    version=2,
    fields=(
        Text(key="name", required=False, max_chars=20),
        Text(key="word", required=False, max_chars=40),
    ),
    positional=("name", "word"),
)


def table_commands(ledgers: Sequence[Ledger]) -> tuple[Command, Command]:
    """``/台账 名称 [词]`` and ``/导出 名称`` over all ledgers there are."""

    def show(ctx: Context, answers: Answers) -> Reply:
        ledger, word = _chosen(ctx, ledgers, answers)
        view = View(ctx, ctx.who, {})
        kept = view_named(ctx.session, ctx.who.id, ledger.key, word) if word else None
        scope = _meant(ledger, view, word)
        wish = Wish(search="" if scope else word, of=scope, limit=SHOWN)
        if kept is not None:
            wish = read_wish(ledger, dict(parse_qsl(kept.query)), SHOWN)
        found = page_of(ledger, view, wish)
        if not found.total:
            return say("table.none_with" if word else "table.empty", name=ledger.name, word=word)
        near = [c for c in ledger.columns if not c.wide][:5]
        index = [ledger.columns.index(c) for c in near]
        rows = [
            " · ".join(
                text
                for i, c in zip(index, near, strict=True)
                if (text := cell_text(c, row[i], view))
            )
            for row in found.rows
        ]
        head = fill("table.head", name=ledger.name, total=found.total, count=len(rows))
        body = [fill("table.row", text=row) for row in rows]
        more = t("table.more", url=ctx.page(f"/ledger/{ledger.key}"), name=ledger.name)
        return Reply(lines(head, *body, more))

    def export(ctx: Context, answers: Answers) -> Reply:
        ledger, word = _chosen(ctx, ledgers, answers)
        url = ctx.page(f"/ledger/{ledger.key}")
        view = View(ctx, ctx.who, {})
        scope = scope_of(ledger, view, _meant(ledger, view, word))
        params = {scope.key: scope.chosen} if scope else {}
        file = Export(ledger.key, ledger.name, ctx.who.userid, url, params)
        ctx.push_person(ctx.who.userid, file, f"export:{ctx.message_id}")
        return Reply(Markdown(t("table.exporting", name=ledger.name, url=url)))

    return (
        Command(key="table", form=TABLE, run=show),
        Command(key="export", form=TABLE, run=export),
    )


def _chosen(ctx: Context, ledgers: Sequence[Ledger], answers: Answers) -> tuple[Ledger, str]:
    """The ledger somebody named, and the rest of what was typed as a search word."""
    typed = answers["name"] or ""
    mine = [ledger for ledger in ledgers if ledger.may(ctx.who)]
    for ledger in sorted(mine, key=lambda ledger: -len(ledger.name)):
        if typed.startswith(ledger.name):
            rest = typed.removeprefix(ledger.name).strip()
            return ledger, answers["word"] or rest
    names = "、".join(ledger.name for ledger in mine)
    raise UserError("table.unknown" if typed else "table.which", word=typed, names=names)


def _meant(ledger: Ledger, view: View, word: str) -> str:
    """The year or issue that a word names, as ``2025`` or in full; empty if it is none."""
    scope = scope_of(ledger, view, "")
    for value, words in scope.options if scope else ():
        if word in (value, words):
            return value
    return ""


def _outcome(value: str, view: View) -> str:
    del view
    return t("table.ok") if value == "ok" else t("table.refused")


def _action(value: str, view: View) -> str:
    del view
    keys = (f"command.{value}.name", f"audit.acts.{value.replace('.', '_')}")
    return next((t(key) for key in keys if has(key)), value)


def _open(expr: SQLColumnExpression[Any]) -> SQLColumnExpression[Any]:
    """A value, except of what those above know by counts and days only."""
    hidden = or_(*(Audit.action.startswith(start) for start in DISCREET))
    return case((hidden, literal("")), else_=expr)


def _hidden(value: str | None, view: View) -> str | None:
    del view
    return t("table.discreet") if value == "" else value


def _audit(view: View) -> Rows:
    del view
    return select().select_from(Audit).outerjoin(Person, Person.id == Audit.person_id)


AUDIT = Ledger(
    key="audit",
    found=False,
    columns=(
        Column(key="at", expr=Audit.at, kind=Kind.TIME, width=18),
        Column(key="person", expr=_open(Person.name), width=12, show=_hidden),
        Column(key="actor", expr=Audit.actor, width=12, wide=True),
        Column(key="action", expr=Audit.action, width=16, show=_action),
        Column(key="subject", expr=_open(Audit.subject), width=18),
        Column(key="outcome", expr=Audit.outcome, width=10, show=_outcome),
        Column(key="channel", expr=Audit.channel, width=12, wide=True),
    ),
    query=_audit,
    order=(Audit.id.desc(),),
    roles=WATCHERS,
)

FAMILY = Family(ledgers=(AUDIT,))
