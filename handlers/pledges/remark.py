"""监督: anybody may say something about a public pledge, to its owner and the branch (F-074).

Named, and read by those two alone: a public page with remarks below a name would be a pillory.
"""

from handlers.clocks import after_quiet_hours
from handlers.content import Text
from handlers.context import Context
from handlers.pledges.making import find_pledge, note_step, owner_of, tell_owner
from handlers.reply import Markdown, Reply, fill
from handlers.spec import Command, Family
from models.errors import UserError
from models.forms.field import NOTHING, Answers, Facts
from models.forms.form import Form
from models.forms.kinds import LongText
from models.forms.record import RecordNumber
from models.person import Role, holders
from models.pledge import OPEN_TO_ALL, Pledge, PledgeStep
from models.unit import Unit

FORM = Form(
    key="pledge_remark",
    version=1,
    fields=(RecordNumber(key="number"), LongText(key="said", min_chars=4, max_chars=500)),
    positional=("number", "said"),
)


def _remarkable(ctx: Context, number: str) -> Pledge:
    pledge, _ = find_pledge(ctx, number)
    if pledge.state not in OPEN_TO_ALL:
        raise UserError("lookup.unknown", number=number)
    if pledge.person_id == ctx.who.id:
        raise UserError("pledge_remark.own")
    return pledge


def facts(ctx: Context, answers: Answers) -> Facts:
    """Whether it is a public pledge of somebody else, before anything is typed."""
    if "number" in answers:
        _remarkable(ctx, answers["number"])
    return NOTHING


def intro(ctx: Context, answers: Answers) -> Markdown:
    """The pledge, and who will read what is written."""
    if "number" not in answers:
        return Markdown("")
    pledge = _remarkable(ctx, answers["number"])
    return fill("pledge_remark.about", name=owner_of(ctx, pledge).name, text=pledge.text)


def remark(ctx: Context, answers: Answers) -> Reply:
    """``/监督 编号 …``: to the owner and the branch's secretaries, with the name of the speaker."""
    pledge = _remarkable(ctx, answers["number"])
    note_step(ctx, pledge, PledgeStep.REMARKED, answers["said"])
    text = fill(
        "pledge_remark.told",
        name=ctx.who.name,
        number=pledge.number,
        text=pledge.text,
        said=answers["said"],
    )
    key = f"remark:{ctx.token()}"
    tell_owner(ctx, pledge, Text(text), key)
    unit = ctx.session.get_one(Unit, pledge.unit_id)
    for secretary in holders(ctx.session, Role.SECRETARY, unit):
        if secretary.id != pledge.person_id:
            once = f"{pledge.number}:{key}:{secretary.id}"
            ctx.push_person(secretary.userid, Text(text), once, after_quiet_hours(ctx))
    return Reply(fill("pledge_remark.sent", name=owner_of(ctx, pledge).name))


FAMILY = Family(
    commands=(Command(key="pledge_remark", form=FORM, facts=facts, intro=intro, run=remark),)
)
