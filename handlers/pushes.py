"""推送: what the bot sent and what became of it; what was parked is sent again by /重发."""

from sqlalchemy import case, literal, null, select

from config.texts import t
from handlers.content import KINDS
from handlers.context import Context
from handlers.ledgers import WATCHERS
from handlers.reply import Reply, say
from handlers.spec import Column, Command, Family, Kind, Ledger, Rows, View
from models.errors import UserError
from models.forms.field import Answers
from models.forms.form import Form
from models.forms.kinds import Integer
from models.group import Group
from models.person import Role
from models.push import Content, Push, send_again

FORM = Form(
    key="resend", version=1, fields=(Integer(key="push", required=False),), positional=("push",)
)


def resend(ctx: Context, answers: Answers) -> Reply:
    """``/重发 [编号]``: one parked push, or all of them, are queued once more."""
    count = send_again(ctx.session, ctx.now, answers["push"])
    if not count:
        raise UserError("push.none_parked")
    ctx.subject = str(answers["push"] or "")
    return say("push.again", count=count)


def _pushes(view: View) -> Rows:
    del view
    return (
        select()
        .select_from(Push)
        .join(Content, Content.digest == Push.digest)
        .outerjoin(Group, Group.chatid == Push.conversation)
    )


# The kind alone: the words of a push are nobody's business here, not even in a search.
_KIND = case(
    *((Content.body.contains(f'"kind":"{kind}"'), literal(kind)) for kind in KINDS),
    else_=literal(""),
)

PUSHES = Ledger(
    key="push",
    found=False,
    columns=(
        Column(key="number", expr=Push.id, kind=Kind.NUMBER, width=8),
        Column(
            key="target",
            expr=case((Push.to_group, literal("group")), else_=literal("person")),
            width=8,
            show=lambda value, _: t(f"push.to_{value}"),
        ),
        Column(key="group", expr=Group.name, width=28),
        Column(
            key="chatid",
            expr=case((Push.to_group, Push.conversation), else_=null()),
            width=24,
            wide=True,
        ),
        Column(key="userid", expr=case((Push.to_group, null()), else_=Push.conversation), width=18),
        Column(key="state", expr=Push.state, kind=Kind.WORD, width=10),
        Column(key="what", expr=_KIND, width=10, show=lambda value, _: t(f"push.{value}")),
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

FAMILY = Family(
    commands=(Command(key="resend", form=FORM, run=resend, roles=frozenset({Role.ADMIN})),),
    ledgers=(PUSHES,),
)
