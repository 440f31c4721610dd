"""你说我改: what was put right, told to everybody when a person decides so (PRODUCT F-103)."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import select

from config.texts import t
from handlers.board import Board, BoardPage, StoriesBlock, Story
from handlers.context import Context
from handlers.figures import date_text
from handlers.reply import Reply
from handlers.spec import Command, Family
from handlers.suggestions.acts import may_be_published
from handlers.suggestions.desk import category_label, need, oversees, take, unit_name
from handlers.suggestions.show import photo_pair
from handlers.suggestions.work import NUMBER, done
from models.errors import UserError
from models.forms.field import Answers
from models.forms.form import Form
from models.forms.kinds import LongText, YesNo
from models.search import Audience, Entry, index
from models.suggestion import Suggestion

NEWEST: Final = 30

PUBLISH = Form(
    key="suggestion_publish",
    version=1,
    fields=(
        NUMBER,
        YesNo(key="photos", required=False),
        LongText(key="said", min_chars=4, max_chars=100),
    ),
    positional=("number", "photos", "said"),
)


def publish(ctx: Context, answers: Answers) -> Reply:
    """``/公开建议``: one sentence that gives nobody away, photos if the publisher has looked."""
    one = take(ctx, answers["number"])
    need(granted=oversees(ctx, ctx.who, one), key="lookup.unknown", number=answers["number"])
    if not may_be_published(one):
        raise UserError("suggestion.not_to_publish", number=one.number)
    one.gist = answers["said"]
    one.shows_photos = bool(answers["photos"])
    one.published_on = ctx.today
    desk = ctx.directory.place(ctx.session, one.unit_id or one.desk_id)
    index(
        ctx.session,
        Entry(
            number=one.number,
            kind="suggestion",
            unit_path=desk.path,
            audience=Audience.EVERYONE,
            day=one.day,
            title=one.gist,
            body=one.answer,
            owner_id=one.person_id,
        ),
    )
    ctx.subject = one.number
    return done(ctx, one, "suggestion.published")


def show_digest(ctx: Context, params: Mapping[str, str]) -> BoardPage:
    """``/board/digest``: the newest that were published, for everybody on the list of people."""
    del params
    found = ctx.session.scalars(
        select(Suggestion)
        .where(Suggestion.published_on.is_not(None))
        .order_by(Suggestion.published_on.desc(), Suggestion.number.desc())
        .limit(NEWEST)
    )
    return BoardPage(
        title=t("board.digest.title"),
        note=t("suggestion.digest_note"),
        blocks=[StoriesBlock(stories=[_story(ctx, one) for one in found])],
    )


def _story(ctx: Context, one: Suggestion) -> Story:
    before, after = photo_pair(ctx, one) if one.shows_photos else ([], [])
    day = date_text(one.published_on, ctx.today) if one.published_on else ""
    text = t(
        "suggestion.story",
        answer=one.answer,
        unit=unit_name(ctx, one.unit_id),
        category=category_label(ctx, one.category),
        day=day,
    )
    return Story(title=one.gist, text=text, number=one.number, before=before, after=after)


FAMILY = Family(
    commands=(Command(key="suggestion_publish", form=PUBLISH, run=publish),),
    boards=(Board(key="digest", show=show_digest),),
)
