"""Messages of the self-built app: send, update a card, recall (pages 90236, 94888, 94867)."""

import hashlib
import json
from collections.abc import Iterable
from datetime import timedelta

from bot.sim import codes, limits
from bot.sim.answers import put_card
from bot.sim.callback_app import disabled
from bot.sim.contents import Content, Door, judge, read, read_card
from bot.sim.messages import Author, CardCode, Dialect, Json, Message, Place, Spot
from bot.sim.platform import Platform
from bot.sim.rest import Call, Route
from bot.sim.setup import Person
from bot.sim.shape import Many, Obj, Shape, Text, Whole

_ENVELOPE: dict[str, Shape] = {
    "touser": Text(),
    "toparty": Text(),
    "totag": Text(),
    "agentid": Whole(required=True),
    "safe": Whole(values=(0, 1, 2)),
    "enable_id_trans": Whole(values=(0, 1)),
    "enable_duplicate_check": Whole(values=(0, 1)),
    "duplicate_check_interval": Whole(),
}
SEND = Door(
    where="message/send",
    author=Author.APP,
    types=frozenset(
        {
            "text",
            "markdown",
            "image",
            "voice",
            "video",
            "file",
            "textcard",
            "news",
            "template_card",
        }
    ),
    envelope=frozenset(_ENVELOPE),
    scope="app",
    text=limits.APP_TEXT,
    markdown=limits.APP_TEXT,
    cut=True,
    dialect=Dialect.BASIC,
    empty=codes.NO_CONTENT,
)
_UPDATE = Door(
    where="message/update_template_card", author=Author.APP, types=frozenset({"template_card"})
)
_UPDATE_KEYS = Obj(
    keys={
        "userids": Many(item=Text(), most=limits.APP_RECIPIENTS, least=0),
        "partyids": Many(item=Whole(), most=limits.APP_PARTIES, least=0),
        "tagids": Many(item=Whole(), most=limits.APP_PARTIES, least=0),
        "atall": Whole(values=(0, 1)),
        "agentid": Whole(required=True),
        "response_code": Text(required=True),
        "enable_id_trans": Whole(values=(0, 1)),
        "button": Obj(keys={"replace_name": Text(required=True)}),
    }
)


def routes() -> dict[str, Route]:
    """The calls of this room."""
    return {
        "message/send": Route(_send),
        "message/update_template_card": Route(_update),
        "message/recall": Route(_recall),
    }


async def _send(call: Call) -> Json:
    platform, body = call.platform, call.body
    envelope = {name: body[name] for name in _ENVELOPE if name in body}
    judge(platform, SEND, envelope, Obj(keys=_ENVELOPE), "")
    check_agent(call)
    people, invalid, parties = _recipients(call)
    content = read(platform, SEND, body)
    if content.interactive and not platform.app_url:
        raise call.refuse(codes.BAD_PARAMETER, "interactive card without a callback URL")
    msgid = platform.next_id()
    if not _repeated(call, people):
        _deliver(platform, msgid, people, content)
    result: Json = {
        "invaliduser": "|".join(invalid),
        "invalidparty": "|".join(parties),
        "invalidtag": str(body.get("totag", "")),
        "unlicenseduser": "",
        "msgid": msgid,
    }
    if content.interactive:
        task = (content.card or {})["task_id"]
        result["response_code"] = platform.code(CardCode(task), limits.CODE_LIFE)
    return result


def check_agent(call: Call) -> None:
    """The agentid must be the token's app."""
    if call.body["agentid"] != call.platform.setup.app_agent_id:
        raise call.refuse(codes.WRONG_AGENT, "agentid")


def _recipients(call: Call) -> tuple[list[Person], list[str], list[str]]:
    """Members addressed, unknown userids (lower case), unknown departments."""
    platform, body = call.platform, call.body
    users = [user for user in str(body.get("touser", "")).split("|") if user]
    parties = [party for party in str(body.get("toparty", "")).split("|") if party]
    if len(users) > limits.APP_RECIPIENTS or len(parties) > limits.APP_PARTIES:
        raise call.refuse(codes.TOO_MANY_RECIPIENTS, "touser or toparty")
    if users == ["@all"]:
        return list(platform.people.values()), [], []
    found = {user.lower(): platform.person(user) for user in users}
    invalid = [user for user, person in found.items() if person is None]
    strangers = [p for p in parties if not p.isdigit() or int(p) not in platform.departments]
    inside: set[int] = set()
    for party in parties:
        if party not in strangers:
            inside |= platform.below(int(party))
    people = {person.userid: person for person in found.values() if person is not None}
    people |= {
        person.userid: person
        for person in platform.people.values()
        if inside.intersection(person.departments)
    }
    if not people:
        raise call.refuse(codes.NOBODY, "touser")
    if invalid:
        platform.journal.violate("message/send", "unknown userid", hard=False)
    return list(people.values()), invalid, strangers


def _deliver(platform: Platform, msgid: str, people: Iterable[Person], content: Content) -> None:
    """One bubble per person; what is over a person's 30 a minute or 1000 an hour is dropped."""
    posted = []
    for person in people:
        if not platform.app_budget.take(person.userid, platform.now()):
            platform.journal.violate("message/send", "over the rate: dropped silently", hard=False)
            continue
        place = Place(Spot.APP, person.userid)
        posted.append(_post(platform, place, content, msgid))
    if content.card:
        platform.register_task(Author.APP, content.card, posted)


def _post(platform: Platform, place: Place, content: Content, msgid: str) -> Message:
    return platform.post(
        place,
        Author.APP,
        content.kind,
        id=msgid,
        text=content.text,
        dialect=content.dialect,
        card=content.card,
        media=content.media,
        articles=content.articles,
        mentions=content.mentions,
    )


def _repeated(call: Call, people: Iterable[Person]) -> bool:
    """Whether the same message went to the same people within the interval (if it asks)."""
    if not call.body.get("enable_duplicate_check"):
        return False
    interval = call.body.get("duplicate_check_interval", limits.DUPLICATE_INTERVAL)
    if not 0 < interval <= limits.DUPLICATE_INTERVAL_MOST:
        raise call.refuse(codes.BAD_PARAMETER, "duplicate_check_interval")
    msgtype = call.body["msgtype"]
    said = json.dumps(
        [sorted(person.userid for person in people), msgtype, call.body[msgtype]], sort_keys=True
    )
    digest = hashlib.sha256(said.encode()).hexdigest()
    platform = call.platform
    last = platform.sent_digests.get(digest)
    if last is not None and platform.now() - last < timedelta(seconds=interval):
        platform.journal.log("api", "message/send", note="duplicate: not delivered again")
        return True
    platform.sent_digests[digest] = platform.now()
    return False


async def _update(call: Call) -> Json:
    platform, body = call.platform, call.body
    given = {name: value for name, value in body.items() if name != "template_card"}
    judge(platform, _UPDATE, given, _UPDATE_KEYS, "")
    check_agent(call)
    if ("button" in body) == ("template_card" in body):
        raise call.refuse(codes.BAD_PARAMETER, "either button or template_card")
    subject = platform.redeem(body["response_code"], CardCode)
    if subject is None:
        raise call.refuse(codes.BAD_PARAMETER, "response_code unknown, used or expired")
    copies = platform.tasks.get((Author.APP, subject.task), [])
    wanted, invalid = _audience(call, copies)
    card = None
    if "template_card" in body:
        card = read_card(platform, _UPDATE, body["template_card"], update=True)
        card.setdefault("task_id", subject.task)
    for message in wanted:
        changed = card or disabled(message.card or {}, body["button"]["replace_name"])
        put_card(platform, message, changed, None)
    if card is not None and wanted:
        platform.register_task(Author.APP, card, copies)
    return {"invaliduser": invalid}


def _audience(call: Call, copies: list[Message]) -> tuple[list[Message], list[str]]:
    if call.body.get("atall"):
        return copies, []
    users = {user.lower() for user in call.body.get("userids", [])}
    for party in call.body.get("partyids", []):
        inside = call.platform.below(party)
        users |= {
            key
            for key, person in call.platform.people.items()
            if inside.intersection(person.departments)
        }
    wanted = [message for message in copies if message.place.id.lower() in users]
    invalid = users - {message.place.id.lower() for message in wanted}
    return wanted, sorted(invalid)


async def _recall(call: Call) -> Json:
    platform = call.platform
    found = [m for m in platform.by_id[call.text("msgid")] if m.author is Author.APP]
    window = timedelta(seconds=limits.RECALL_WINDOW)
    if not found or platform.now() - found[0].at > window:
        raise call.refuse(codes.BAD_PARAMETER, "msgid unknown or older than 24 hours")
    for message in found:
        message.recalled = True
        platform.changed(message)
    return {}
