"""``duty-digest``: one message a day to each person who owes something (DOMAIN.md 9)."""

from collections.abc import Iterator, Sequence

from config.texts import t
from handlers.catalogue import catalogue
from handlers.content import Card, Text
from handlers.duties import duty_card, owed_by_all
from handlers.duty import Duty
from handlers.reply import fill, lines
from jobs.spec import Clockwork, Job

PEOPLE_AT_ONCE = 200
NAMED = 8


def run(work: Clockwork) -> Iterator[None]:
    """Sort what is owed by person, then write to each of them privately."""
    owed = owed_by_all(work.ctx, catalogue().duties)
    yield
    userids = sorted(owed)
    for start in range(0, len(userids), PEOPLE_AT_ONCE):
        for userid in userids[start : start + PEOPLE_AT_ONCE]:
            tell(work, userid, owed[userid])
        yield


def tell(work: Clockwork, userid: str, duties: Sequence[Duty]) -> None:
    """Queue the digest of one person: the list, then a card whose buttons do the work."""
    ctx = work.ctx
    rows = [fill("duty.line", title=duty.title, detail=duty.detail) for duty in duties[:NAMED]]
    more = t("duty.more", count=len(duties) - NAMED) if len(duties) > NAMED else ""
    text = lines(t("duty.digest", count=len(duties)), *rows, more)
    day = ctx.local(work.due).date().isoformat()
    contents: list[tuple[str, Text | Card]] = [("text", Text(text))]
    card = duty_card(ctx, duties, userid)
    if card is not None:
        contents.append(("card", card))
    for name, content in contents:
        ctx.push_person(userid, content, f"{JOB.name}:{day}:{userid}:{name}", work.due)


JOB = Job("duty-digest", run)
