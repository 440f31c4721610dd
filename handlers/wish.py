"""心愿: made, reviewed, claimed, fulfilled, thanked for (DOMAIN.md 8)."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import select

from config.texts import label, t
from handlers.clocks import after_quiet_hours
from handlers.content import Button, Card, Content, Text, Tone
from handlers.context import Context
from handlers.places import branch_by_id
from handlers.reply import Markdown, Reply, fill, lines
from handlers.spec import Action, Command, Family
from handlers.tray import attach_from_tray, tray_card
from models.attachment import attach
from models.errors import UserError
from models.forms.field import NOTHING, Answers, Facts
from models.forms.form import Form
from models.forms.kinds import Attachment, LongText, YesNo
from models.forms.kinds import Text as TextField
from models.forms.record import RecordNumber
from models.group import chats_of
from models.number import next_number
from models.person import Person, Role, one_at_a_time
from models.unit import Place
from models.wish import (
    Wish,
    WishEvent,
    WishState,
    WishStep,
    free_wishes,
    under_way,
    wish_by_number,
)

REVIEWERS = (Role.SECRETARY, Role.PARTY_OFFICE)
OFFERED = 5
"""Wishes offered for claiming on one card."""

FORM = Form(
    key="wish",
    version=1,
    fields=(
        YesNo(key="named", required=False),
        LongText(key="text", min_chars=4, max_chars=300),
    ),
    positional=("text",),
)


def _declined(answers: Answers, facts: Facts) -> bool:
    del facts
    return answers.get("fit") is False


REVIEW = Form(
    key="wish_review",
    version=1,
    fields=(
        RecordNumber(key="number"),
        YesNo(key="fit"),
        TextField(key="note", max_chars=300, when=_declined),
    ),
    positional=("number", "fit", "note"),
)

CLAIM = Form(
    key="wish_claim",
    version=1,
    fields=(RecordNumber(key="number", required=False),),
    positional=("number",),
)

DONE = Form(
    key="wish_done",
    version=1,
    fields=(
        RecordNumber(key="number"),
        Attachment(key="photos", required=False),
        LongText(key="said", min_chars=2, max_chars=500),
    ),
    positional=("number", "said"),
)

THANKS = Form(
    key="wish_thanks",
    version=1,
    fields=(RecordNumber(key="number"), TextField(key="said", required=False, max_chars=200)),
    positional=("number", "said"),
)


# What this file and the book share


def find_wish(ctx: Context, number: str) -> Wish:
    """The wish of a number that the speaker may see; else as if there were none."""
    wish = wish_by_number(ctx.session, number)
    if wish is None:
        raise UserError("lookup.unknown", number=number)
    return wish


def place_of_wish(ctx: Context, wish: Wish) -> Place:
    """The unit a wish belongs to."""
    return branch_by_id(ctx, wish.unit_id)


def wisher_name(ctx: Context, wish: Wish) -> str:
    """The name as the board shows it."""
    if not wish.named:
        return t("wish.somebody")
    return ctx.session.get_one(Person, wish.person_id).name


def note_step(ctx: Context, wish: Wish, step: WishStep) -> None:
    """Keep who did what and when."""
    person_id = ctx.member.id if ctx.member else None
    event = WishEvent(wish_id=wish.id, at=ctx.now, person_id=person_id, step=step)
    ctx.session.add(event)
    ctx.subject = wish.number


def tell(ctx: Context, person_id: int | None, wish: Wish, *contents: Content) -> None:
    """Write to a person about a wish, privately."""
    if person_id is None:
        return
    userid = ctx.session.get_one(Person, person_id).userid
    key = f"{wish.number}:{ctx.token()}"
    for number, content in enumerate(contents):
        ctx.push_person(userid, content, f"{key}:{number}", after_quiet_hours(ctx))


# Made


def intro(ctx: Context, answers: Answers) -> Markdown:
    """What a small wish is; refused at once while another is under way."""
    del answers
    _may_wish(ctx)
    return Markdown(t("wish.intro"))


def _may_wish(ctx: Context) -> None:
    known = under_way(ctx.session, ctx.who.id)
    if known is not None:
        raise UserError("wish.one_at_a_time", number=known.number, state=label(known.state))


def make(ctx: Context, answers: Answers) -> Reply:
    """``/心愿 …``: goes to the branch's review; the name stays off the board unless wanted."""
    one_at_a_time(ctx.session, ctx.who.id)
    _may_wish(ctx)
    wish = Wish(
        number=next_number(ctx.session, "XY", ctx.today.year),
        person_id=ctx.who.id,
        unit_id=ctx.who.branch_id or ctx.who.unit_id,
        named=bool(answers["named"]),
        text=answers["text"],
        at=ctx.now,
    )
    ctx.session.add(wish)
    ctx.session.flush()
    note_step(ctx, wish, WishStep.SUBMITTED)
    name = t("wish.name_shown" if wish.named else "wish.name_hidden")
    return Reply(fill("wish.saved", number=wish.number, text=wish.text, name=name))


def withdraw(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """The wisher takes it back, as long as nobody has claimed it."""
    del picked
    wish = find_wish(ctx, argument)
    if wish.person_id != ctx.who.id:
        raise UserError("wish.not_yours", number=wish.number)
    wish.move_to(ctx.session, WishState.WITHDRAWN)
    note_step(ctx, wish, WishStep.WITHDRAWN)
    return Reply(fill("wish.withdrawn", number=wish.number), Card(title=t("wish.withdrawn_title")))


# Reviewed


def _reviewable(ctx: Context, number: str) -> Wish:
    wish = find_wish(ctx, number)
    ctx.need(*REVIEWERS, over=place_of_wish(ctx, wish).path)
    if wish.person_id == ctx.who.id:
        raise UserError("wish.own_review")
    if wish.state is not WishState.SUBMITTED:
        raise UserError("wish.not_waiting", number=number, state=label(wish.state))
    return wish


def review_facts(ctx: Context, answers: Answers) -> Facts:
    """Whether the speaker may review it, before anything is asked."""
    if "number" in answers:
        _reviewable(ctx, answers["number"])
    return NOTHING


def review_intro(ctx: Context, answers: Answers) -> Markdown:
    """The wish that is judged."""
    if "number" not in answers:
        return Markdown("")
    wish = _reviewable(ctx, answers["number"])
    return fill("wish.quote", number=wish.number, name=_name(ctx, wish.person_id), text=wish.text)


def _name(ctx: Context, person_id: int | None) -> str:
    return ctx.session.get_one(Person, person_id).name if person_id else ""


def review(ctx: Context, answers: Answers) -> Reply:
    """``/审愿 编号 是``: onto the board, or declined with a word why."""
    wish = _reviewable(ctx, answers["number"])
    if not answers["fit"]:
        wish.move_to(ctx.session, WishState.DECLINED, note=answers["note"] or "")
        note_step(ctx, wish, WishStep.DECLINED)
        told = fill("wish.declined_owner", number=wish.number, text=wish.text, note=wish.note)
        tell(ctx, wish.person_id, wish, Text(told))
        return Reply(fill("wish.declined", number=wish.number))
    wish.move_to(ctx.session, WishState.OPEN)
    note_step(ctx, wish, WishStep.OPENED)
    told = fill("wish.opened_owner", number=wish.number, text=wish.text)
    tell(ctx, wish.person_id, wish, Text(told))
    news = fill("wish.news", name=wisher_name(ctx, wish), text=wish.text, number=wish.number)
    for chat in chats_of(ctx.session, wish.unit_id):
        ctx.push_group(chat, Text(news), f"{wish.number}:open:{chat}", after_quiet_hours(ctx))
    return Reply(fill("wish.opened", number=wish.number))


# Claimed


def claim(ctx: Context, answers: Answers) -> Reply:
    """``/认领 [编号]``: without a number, what there is to claim."""
    if answers["number"]:
        return Reply(_claim(ctx, answers["number"]))
    free = free_wishes(ctx.session, ctx.who.id, OFFERED)
    if not free:
        return Reply(t("wish.none_free"))
    rows = [
        fill("wish.row", number=wish.number, name=wisher_name(ctx, wish), text=wish.text)
        for wish in free
    ]
    if ctx.room:
        return Reply(lines(t("wish.free"), *rows, t("wish.claim_howto", number=free[0].number)))
    card = Card(
        title=t("wish.card_title"),
        lines=tuple((str(n), wish.text[:26]) for n, wish in enumerate(free, 1)),
        buttons=tuple(
            Button(t("wish.claim_n", number=n), f"wish.claim:{wish.number}")
            for n, wish in enumerate(free, 1)
        ),
    )
    return Reply(lines(t("wish.free"), *rows), card)


def claim_tapped(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """The button under a wish."""
    del picked
    text = _claim(ctx, argument)
    return Reply(text, Card(title=t("wish.claimed_title"), desc=argument))


def _claim(ctx: Context, number: str) -> Markdown:
    """Of two who claim at the same moment, one wins; the other is told who is quicker next time."""
    wish = find_wish(ctx, number)
    if wish.person_id == ctx.who.id:
        raise UserError("wish.own_claim")
    if wish.state is WishState.CLAIMED and wish.claimer_id == ctx.who.id:
        raise UserError("wish.already_yours", number=number)
    _may_claim(ctx)
    days = ctx.rules.wish.claim_days
    lapses = ctx.today + timedelta(days=days)
    try:
        wish.move_to(
            ctx.session,
            WishState.CLAIMED,
            claimer_id=ctx.who.id,
            claimed_at=ctx.now,
            lapses_on=lapses,
        )
    except UserError:
        raise UserError("wish.taken", number=number) from None
    note_step(ctx, wish, WishStep.CLAIMED)
    told = fill("wish.claimed_owner", name=ctx.who.name, number=wish.number, text=wish.text)
    tell(ctx, wish.person_id, wish, Text(told))
    return fill(
        "wish.claimed",
        number=wish.number,
        text=wish.text,
        name=_name(ctx, wish.person_id),
        day=lapses,
        days=days,
    )


def _may_claim(ctx: Context) -> None:
    """Wishes are claimed by party members; where no standing is known, by anybody."""
    standing = ctx.session.scalar(select(Person.standing).where(Person.id == ctx.who.id))
    if standing and standing not in ctx.rules.standing.party:
        raise UserError("wish.members_claim")


def _my_claim(ctx: Context, number: str) -> Wish:
    wish = find_wish(ctx, number)
    if wish.claimer_id != ctx.who.id or wish.state is not WishState.CLAIMED:
        raise UserError("wish.not_your_claim", number=number)
    return wish


def release(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """The claimer gives a wish back; nobody asks why."""
    del picked
    wish = _my_claim(ctx, argument)
    set_free(ctx, wish, WishStep.RELEASED)
    return Reply(fill("wish.released", number=wish.number), Card(title=t("wish.released_title")))


def set_free(ctx: Context, wish: Wish, step: WishStep) -> None:
    """A claim ends without the wish fulfilled: it is free again."""
    wish.move_to(ctx.session, WishState.OPEN, claimer_id=None, claimed_at=None, lapses_on=None)
    note_step(ctx, wish, step)


# Fulfilled


def done_facts(ctx: Context, answers: Answers) -> Facts:
    """Whether it is the speaker's claim, before anything is asked."""
    if "number" in answers:
        _my_claim(ctx, answers["number"])
    return NOTHING


def fulfil(ctx: Context, answers: Answers) -> Reply:
    """``/圆愿 编号 做了什么``: the wisher is asked whether it has come true."""
    wish = _my_claim(ctx, answers["number"])
    wish.move_to(ctx.session, WishState.FULFILLED, done=answers["said"], fulfilled_at=ctx.now)
    note_step(ctx, wish, WishStep.FULFILLED)
    if answers["photos"]:
        attach(ctx.session, answers["photos"], ctx.who.id, wish.number)
    card = Card(
        title=t("wish.thank_title"),
        desc=wish.number,
        body=t("wish.thank_body", name=ctx.who.name),
        buttons=(
            Button(t("wish.thank"), f"wish.thank:{wish.number}", Tone.PRIMARY),
            Button(t("wish.thank_words"), f"begin:wish_thanks/number={wish.number}"),
            Button(t("wish.not_yet"), f"wish.not_yet:{wish.number}"),
        ),
    )
    told = fill(
        "wish.done_owner", name=ctx.who.name, number=wish.number, text=wish.text, done=wish.done
    )
    tell(ctx, wish.person_id, wish, Text(told), card)
    return Reply(
        fill("wish.done", number=wish.number), card=tray_card(ctx, wish.number, "wish.attach")
    )


def attach_photos(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """Let photos of the tray show the fulfilled wish; ``argument`` is ``XY-…/ids``."""
    del picked
    number, _, ids = argument.partition("/")
    if find_wish(ctx, number).claimer_id != ctx.who.id:
        raise UserError("error.not_allowed")
    return attach_from_tray(ctx, number, ids)


def _my_fulfilled(ctx: Context, number: str) -> Wish:
    wish = find_wish(ctx, number)
    if wish.person_id != ctx.who.id:
        raise UserError("wish.not_yours", number=number)
    if wish.state is not WishState.FULFILLED:
        raise UserError("wish.not_fulfilled", number=number, state=label(wish.state))
    return wish


def _thank(ctx: Context, number: str, said: str) -> Markdown:
    wish = _my_fulfilled(ctx, number)
    wish.move_to(ctx.session, WishState.THANKED, thanks=said)
    note_step(ctx, wish, WishStep.THANKED)
    told = fill("wish.thanked_claimer", number=wish.number, text=wish.text, said=said)
    tell(ctx, wish.claimer_id, wish, Text(told))
    return fill("wish.thanked", number=wish.number, name=_name(ctx, wish.claimer_id))


def thank(ctx: Context, answers: Answers) -> Reply:
    """``/致谢 编号 谢谢…``: the wisher confirms and thanks; only then has it come true."""
    return Reply(_thank(ctx, answers["number"], answers["said"] or t("wish.thanks_plain")))


def thank_tapped(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """Thanks in one tap."""
    del picked
    text = _thank(ctx, argument, t("wish.thanks_plain"))
    return Reply(text, Card(title=t("wish.thanked_title"), desc=argument))


def not_yet(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """The wisher says that it has not come true; the claimer has as long again."""
    del picked
    wish = _my_fulfilled(ctx, argument)
    lapses = ctx.today + timedelta(days=ctx.rules.wish.claim_days)
    wish.move_to(ctx.session, WishState.CLAIMED, lapses_on=lapses, fulfilled_at=None)
    note_step(ctx, wish, WishStep.NOT_YET)
    told = fill("wish.not_yet_claimer", number=wish.number, text=wish.text, day=lapses)
    tell(ctx, wish.claimer_id, wish, Text(told))
    return Reply(fill("wish.not_yet_said", number=wish.number), Card(title=t("wish.not_yet_title")))


FAMILY = Family(
    commands=(
        Command(key="wish", form=FORM, intro=intro, run=make, sheet=True),
        Command(
            key="wish_review",
            form=REVIEW,
            facts=review_facts,
            intro=review_intro,
            run=review,
            roles=frozenset(REVIEWERS),
        ),
        Command(key="wish_claim", form=CLAIM, run=claim),
        Command(key="wish_done", form=DONE, facts=done_facts, run=fulfil),
        Command(key="wish_thanks", form=THANKS, run=thank),
    ),
    actions=(
        Action(key="wish.withdraw", run=withdraw),
        Action(key="wish.claim", run=claim_tapped),
        Action(key="wish.release", run=release),
        Action(key="wish.attach", run=attach_photos),
        Action(key="wish.thank", run=thank_tapped),
        Action(key="wish.not_yet", run=not_yet),
    ),
)
