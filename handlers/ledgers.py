"""台账 and 导出: every ledger by its Chinese name, and the operator's ledgers 推送 and 审计."""

from collections.abc import Sequence

from sqlalchemy import case, literal, null, select

from config.texts import has, t
from handlers.content import Export
from handlers.context import Context
from handlers.reply import Markdown, Reply, fill, lines, say
from handlers.spec import Column, Command, Family, Kind, Ledger, Rows, View
from handlers.table import Wish, cell_text, page_of
from models.audit import Audit
from models.errors import UserError
from models.forms.field import Answers
from models.forms.form import Form
from models.forms.kinds import Text
from models.group import Group
from models.person import Person, Role
from models.push import Content, Push

SHOWN = 8
WATCHERS = frozenset({Role.PARTY_OFFICE, Role.ADMIN})

TABLE = Form(
    key="table",
    version=1,
    fields=(
        Text(key="name", max_chars=20),
        Text(key="word", required=False, max_chars=40),
    ),
    positional=("name", "word"),
)


def table_commands(ledgers: Sequence[Ledger]) -> tuple[Command, Command]:
    """``/台账 名称 [词]`` and ``/导出 名称`` over all ledgers there are."""

    def show(ctx: Context, answers: Answers) -> Reply:
        ledger, word = _chosen(ctx, ledgers, answers)
        view = View(ctx, ctx.who, {})
        found = page_of(ledger, view, Wish(search=word, limit=SHOWN))
        if not found.total:
            return say("table.empty", name=ledger.name)
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
        ledger, _ = _chosen(ctx, ledgers, answers)
        url = ctx.page(f"/ledger/{ledger.key}")
        file = Export(ledger.key, ledger.name, ctx.who.userid, url)
        ctx.push_person(ctx.who.userid, file, f"export:{ctx.message_id}")
        return Reply(Markdown(t("table.exporting", name=ledger.name, url=url)))

    return (
        Command(key="table", form=TABLE, run=show),
        Command(key="export", form=TABLE, run=export),
    )


def _chosen(ctx: Context, ledgers: Sequence[Ledger], answers: Answers) -> tuple[Ledger, str]:
    """The ledger somebody named, and the rest of what was typed as a search word."""
    typed = answers["name"]
    mine = [ledger for ledger in ledgers if ledger.may(ctx.who)]
    for ledger in sorted(mine, key=lambda ledger: -len(ledger.name)):
        if typed.startswith(ledger.name):
            rest = typed.removeprefix(ledger.name).strip()
            return ledger, answers["word"] or rest
    names = "、".join(ledger.name for ledger in mine)
    raise UserError("table.unknown", word=typed, names=names)


def _pushes(view: View) -> Rows:
    del view
    return (
        select()
        .select_from(Push)
        .join(Content, Content.digest == Push.digest)
        .outerjoin(Group, Group.chatid == Push.conversation)
    )


def _what(body: str, view: View) -> str:
    """What kind of thing was pushed; the words themselves are nobody's business here."""
    del view
    kind = body.split('"kind":"', 1)[-1].split('"', 1)[0]
    return t(f"push.{kind}")


def _outcome(value: str, view: View) -> str:
    del view
    return t("table.ok") if value == "ok" else t("table.refused")


def _action(value: str, view: View) -> str:
    del view
    key = f"command.{value}.name"
    return t(key) if has(key) else value


PUSHES = Ledger(
    key="push",
    columns=(
        Column(
            key="target",
            expr=case((Push.to_group, literal("group")), else_=literal("person")),
            width=8,
            show=lambda value, _: t(f"push.to_{value}"),
        ),
        Column(key="group", expr=Group.name, width=28),
        Column(key="chatid", expr=case((Push.to_group, Push.conversation), else_=null()), width=24),
        Column(key="userid", expr=case((Push.to_group, null()), else_=Push.conversation), width=18),
        Column(key="state", expr=Push.state, kind=Kind.WORD, width=10),
        Column(key="what", expr=Content.body, width=10, show=_what),
        Column(key="at", expr=Push.at, kind=Kind.TIME, width=18, wide=True),
        Column(key="not_before", expr=Push.not_before, kind=Kind.TIME, width=18, wide=True),
        Column(key="delivered", expr=Push.delivered_at, kind=Kind.TIME, width=18),
        Column(key="attempts", expr=Push.attempts, kind=Kind.NUMBER, width=8, wide=True),
        Column(key="channel", expr=Push.channel, width=10, wide=True),
        Column(key="code", expr=Push.code, kind=Kind.NUMBER, width=10, wide=True),
    ),
    query=_pushes,
    order=(Push.id.desc(),),
    roles=WATCHERS,
)


def _audit(view: View) -> Rows:
    del view
    return select().select_from(Audit).outerjoin(Person, Person.id == Audit.person_id)


AUDIT = Ledger(
    key="audit",
    columns=(
        Column(key="at", expr=Audit.at, kind=Kind.TIME, width=18),
        Column(key="person", expr=Person.name, width=12),
        Column(key="actor", expr=Audit.actor, width=12, wide=True),
        Column(key="action", expr=Audit.action, width=16, show=_action),
        Column(key="subject", expr=Audit.subject, width=18),
        Column(key="outcome", expr=Audit.outcome, width=10, show=_outcome),
        Column(key="channel", expr=Audit.channel, width=12, wide=True),
    ),
    query=_audit,
    order=(Audit.id.desc(),),
    roles=WATCHERS,
)

FAMILY = Family(ledgers=(PUSHES, AUDIT))
