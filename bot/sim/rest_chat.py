"""Groups that the app itself makes (appchat, page 90245)."""

import re
from typing import Final

from bot.sim import codes, limits
from bot.sim.answers import show
from bot.sim.contents import Door, judge, read
from bot.sim.messages import Author, Dialect, Json, Place, Spot
from bot.sim.platform import Group
from bot.sim.rest import Call, Route
from bot.sim.rest_message import SEND
from bot.sim.shape import Many, Obj, Text

NAME_CHARS: Final = 50
_CHATID: Final = re.compile(r"[0-9A-Za-z]{1,32}")
_CHAT = Door(
    where="appchat/send",
    author=Author.APP,
    types=SEND.types - {"template_card"},
    envelope=frozenset({"chatid", "safe"}),
    scope="app",
    text=limits.APP_TEXT,
    markdown=limits.APP_TEXT,
    cut=True,
    dialect=Dialect.BASIC,
    empty=codes.NO_CONTENT,
)
_CREATE = Obj(
    keys={
        "name": Text(),
        "owner": Text(),
        "userlist": Many(item=Text(required=True), most=limits.APPCHAT_MOST, required=True),
        "chatid": Text(),
    }
)
_UPDATE = Obj(
    keys={
        "chatid": Text(required=True),
        "name": Text(),
        "owner": Text(),
        "add_user_list": Many(item=Text(required=True), most=limits.APPCHAT_MOST),
        "del_user_list": Many(item=Text(required=True), most=limits.APPCHAT_MOST),
    }
)


def routes() -> dict[str, Route]:
    """The calls of this room."""
    return {
        "appchat/create": Route(_create),
        "appchat/update": Route(_update),
        "appchat/get": Route(_get, "GET"),
        "appchat/send": Route(_send),
    }


async def _create(call: Call) -> Json:
    platform, body = call.platform, call.body
    judge(platform, _CHAT, body, _CREATE, "")
    chatid = body.get("chatid") or platform.token(16)
    if not _CHATID.fullmatch(chatid):
        raise call.refuse(codes.CHAT_INVALID, "chatid")
    if chatid in platform.groups:
        raise call.refuse(codes.CHAT_EXISTS, "chatid")
    members = _members(call, body["userlist"])
    owner = body.get("owner") or members[0]
    name = body.get("name", "")[:NAME_CHARS]
    platform.groups[chatid] = Group(
        chatid, name, members, has_bot=False, app_made=True, owner=owner
    )
    platform.signals.tell({"type": "places"})
    return {"chatid": chatid}


async def _update(call: Call) -> Json:
    body = call.body
    judge(call.platform, _CHAT, body, _UPDATE, "")
    group = _group(call, body["chatid"])
    removed = {userid.lower() for userid in body.get("del_user_list", [])}
    if group.owner.lower() in removed and not body.get("owner"):
        raise call.refuse(codes.BAD_PARAMETER, "owner removed without a new one")
    kept = [userid for userid in group.members if userid.lower() not in removed]
    group.members = _members(call, [*kept, *body.get("add_user_list", [])])
    group.owner = body.get("owner") or group.owner
    group.name = body.get("name", group.name)[:NAME_CHARS]
    call.platform.signals.tell({"type": "places"})
    return {}


async def _get(call: Call) -> Json:
    group = _group(call, call.query.get("chatid", ""))
    info = {
        "chatid": group.id,
        "name": group.name,
        "owner": group.owner,
        "userlist": list(group.members),
        "chat_type": 0,
    }
    return {"chat_info": info}


async def _send(call: Call) -> Json:
    group = _group(call, call.text("chatid"))
    content = read(call.platform, _CHAT, call.body)
    show(call.platform, Place(Spot.GROUP, group.id), Author.APP, content)
    return {}


def _members(call: Call, userids: list[str]) -> tuple[str, ...]:
    found = [call.platform.person(userid) for userid in userids]
    members = tuple(dict.fromkeys(person.userid for person in found if person))
    if len(members) < limits.APPCHAT_LEAST or None in found:
        raise call.refuse(codes.CHAT_MEMBERS, "userlist")
    return members


def _group(call: Call, chatid: str) -> Group:
    group = call.platform.groups.get(chatid)
    if group is None:
        raise call.refuse(codes.CHAT_MISSING, "chatid")
    if not group.app_made:
        raise call.refuse(codes.CHAT_FOREIGN, "chatid")
    return group
