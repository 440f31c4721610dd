"""告知: what is kept about people and why, shown once a version after the first private use.

It never stands in the way: the card comes a little later, on its own, and nothing waits for its
button (an urgent report must get through whatever somebody has read).
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from config.texts import t, words
from handlers.board import Board, BoardPage, TextBlock
from handlers.content import Button, Card, Link, Tone
from handlers.context import Context
from handlers.dossier import Act
from handlers.personal import Held, Holding
from handlers.reply import Reply, lines
from handlers.spec import Action, Command, Family
from models.consent import Consent
from models.forms.field import Answers
from models.forms.form import Form

NONE = Form(key="nothing", version=1, fields=())
BOARD: Final = "consent"
LATER: Final = timedelta(minutes=2)
"""After the first private message: when what was asked has been answered."""


def first_use(ctx: Context) -> None:
    """Queue the card for somebody who has not been shown the present version."""
    version, who = ctx.rules.privacy.notice_version, ctx.who
    if ctx.directory.was_shown(ctx.session, who.id, version):
        return
    shown = ctx.session.get(Consent, who.id)
    if shown is None:
        ctx.session.add(Consent(person_id=who.id, version=version, shown_at=ctx.now))
    else:
        shown.version, shown.shown_at, shown.agreed_at = version, ctx.now, None
    ctx.push_person(who.userid, _card(ctx), f"consent:{version}:{who.userid}", ctx.now + LATER)


def _card(ctx: Context) -> Card:
    version = ctx.rules.privacy.notice_version
    return Card(
        title=t("consent.title"),
        desc=t("consent.short"),
        buttons=(Button(t("consent.agree"), f"consent.agree:{version}", Tone.PRIMARY),),
        links=(Link(t("consent.open"), ctx.page(f"/board/{BOARD}")),),
    )


def show(ctx: Context, answers: Answers) -> Reply:
    """``/告知``: the notice in full."""
    del answers
    parts = [f"> {line}" for line in _text(ctx)]
    return Reply(lines(f"**{t('consent.title')}**", *parts), card=None if ctx.room else _card(ctx))


def _text(ctx: Context) -> Sequence[str]:
    rules = ctx.rules
    return [
        line.format_map(
            {
                "talk_days": rules.talk.keep_days,
                "audit_days": rules.privacy.audit_days,
                "push_days": rules.privacy.push_days,
                "request_days": rules.privacy.request_days,
            }
        )
        for line in words("consent.lines")
    ]


def agree(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """The button; ``argument`` is the version that was read."""
    del picked
    version = ctx.rules.privacy.notice_version
    row = ctx.session.get(Consent, ctx.who.id)
    if row is None:
        row = Consent(person_id=ctx.who.id, version=version, shown_at=ctx.now)
        ctx.session.add(row)
    if argument == str(row.version) and row.agreed_at is None:
        row.agreed_at = ctx.now
    return Reply(card=Card(title=t("consent.agreed"), desc=t("consent.agreed_desc")))


def board(ctx: Context, params: Mapping[str, str]) -> BoardPage:
    """The notice as a page."""
    del params
    version = ctx.rules.privacy.notice_version
    return BoardPage(
        title=t("consent.title"),
        note=t("consent.version", version=version),
        blocks=(
            TextBlock(text="\n".join(_text(ctx))),
            TextBlock(title=t("privacy.help"), text=ctx.rules.privacy.help_line),
        ),
        acts=(Act(t("consent.agree"), action=f"consent.agree:{version}", tone=Tone.PRIMARY),),
    )


def _held(ctx: Context, person_id: int) -> list[Held]:
    row = ctx.session.get(Consent, person_id)
    if row is None:
        return []
    key = "consent.was_agreed" if row.agreed_at else "consent.was_shown"
    return [Held(title=t(key, version=row.version), at=row.agreed_at or row.shown_at)]


FAMILY = Family(
    commands=(Command(key="consent", form=NONE, run=show),),
    actions=(Action(key="consent.agree", run=agree),),
    boards=(Board(key=BOARD, show=board, confined=True),),
    holdings=(Holding(key="consent", tables=("consent",), find=_held),),
)
