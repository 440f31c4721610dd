"""Contacts and identity: departments, members, OAuth (pages 90204, 91022, 91023, 96441)."""

import re
from http import HTTPStatus
from typing import Final

from aiohttp import web
from yarl import URL

from bot.sim import codes, limits
from bot.sim.codes import verdict
from bot.sim.messages import Identity, Json
from bot.sim.platform import Platform
from bot.sim.rest import Call, Route
from bot.sim.setup import Department, Person

COOKIE: Final = "desk_persona"
_STATE: Final = re.compile(rf"[a-zA-Z0-9]{{0,{limits.OAUTH_STATE}}}")
_SCOPES: Final = frozenset({"snsapi_base", "snsapi_privateinfo"})


def routes() -> dict[str, Route]:
    """The calls of this room."""
    return {
        "user/get": Route(_user, "GET"),
        "user/simplelist": Route(_simplelist, "GET"),
        "user/list": Route(_list, "GET"),
        "department/list": Route(_departments, "GET"),
        "department/simplelist": Route(_department_ids, "GET"),
        "auth/getuserinfo": Route(_identity, "GET"),
        "user/getuserinfo": Route(_legacy_identity, "GET"),
    }


async def _user(call: Call) -> Json:
    person = call.platform.person(call.query.get("userid", ""))
    if person is None:
        raise call.refuse(codes.UNKNOWN_USER, "userid")
    return _entry(person)


def _entry(person: Person) -> Json:
    return {
        "userid": person.userid,
        "name": person.name,
        "department": list(person.departments),
        "main_department": person.departments[0],
        "position": person.position,
        "status": 1,
        "alias": "",
        "is_leader_in_dept": [0] * len(person.departments),
    }


async def _simplelist(call: Call) -> Json:
    people = [
        {"userid": p.userid, "name": p.name, "department": list(p.departments)}
        for p in _members(call)
    ]
    return {"userlist": people}


async def _list(call: Call) -> Json:
    return {"userlist": [_entry(person) for person in _members(call)]}


def _members(call: Call) -> list[Person]:
    department = _department(call, call.query.get("department_id", ""))
    wanted = {department.id}
    if call.query.get("fetch_child") == "1":
        wanted = call.platform.below(department.id)
    return [p for p in call.platform.people.values() if wanted.intersection(p.departments)]


async def _departments(call: Call) -> Json:
    found = [{"id": d.id, "name": d.name, "parentid": d.parent, "order": d.id} for d in _tree(call)]
    return {"department": found}


async def _department_ids(call: Call) -> Json:
    found = [{"id": d.id, "parentid": d.parent, "order": d.id} for d in _tree(call)]
    return {"department_id": found}


def _tree(call: Call) -> list[Department]:
    root = _department(call, call.query.get("id", "1"))
    inside = call.platform.below(root.id)
    return [d for d in call.platform.departments.values() if d.id in inside]


def _department(call: Call, number: str) -> Department:
    found = call.platform.departments.get(int(number)) if number.isdecimal() else None
    if found is None:
        raise call.refuse(codes.UNKNOWN_DEPARTMENT, "department")
    return found


# OAuth


async def _identity(call: Call) -> Json:
    return {"userid": _redeemed(call)}


async def _legacy_identity(call: Call) -> Json:
    return {"UserId": _redeemed(call)}


def _redeemed(call: Call) -> str:
    identity = call.platform.redeem(call.query.get("code", ""), Identity)
    if identity is None:
        raise call.refuse(codes.BAD_OAUTH_CODE, "code unknown, used or expired")
    return str(identity.userid)


def authorize(
    platform: Platform, request: web.Request, chosen: Person | None, *, scanned: bool
) -> web.Response | None:
    """Send somebody back with a one-time code: ``chosen``, or the page's persona by its cookie.

    None: nobody is chosen yet. What the real page refuses is answered as JSON with an errcode.
    """
    query = request.query
    values = dict(query)
    if scanned:  # the page with the code has another set of parameters for the same thing
        known = values.get("login_type") == "CorpApp" and "agentid" in values
        values |= {"response_type": "code", "scope": "snsapi_base" if known else ""}
    rule = _flaw(platform, query.get("redirect_uri", ""), values)
    if rule:
        platform.journal.violate("oauth2/authorize", rule)
        body = verdict(codes.BAD_REDIRECT, rule)
        return web.json_response(body, status=HTTPStatus.BAD_REQUEST)
    person = chosen or (None if scanned else platform.person(request.cookies.get(COOKIE, "")))
    if person is None:
        return None
    code = platform.code(Identity(person.userid), limits.OAUTH_CODE_LIFE)
    target = URL(query["redirect_uri"]).update_query(code=code, state=query.get("state", ""))
    platform.journal.log("oauth", "authorize")
    return web.Response(status=HTTPStatus.FOUND, headers={"Location": str(target)})


def _flaw(platform: Platform, target: str, query: dict[str, str]) -> str:
    setup = platform.setup
    if query.get("appid") != setup.corp_id:
        return "appid"
    if query.get("response_type") != "code" or query.get("scope") not in _SCOPES:
        return "response_type or scope"
    if query.get("scope") == "snsapi_privateinfo" and "agentid" not in query:
        return "agentid"
    if not _STATE.fullmatch(query.get("state", "")):
        return "state"
    try:
        url = URL(target)
    except ValueError:
        return "redirect_uri"
    if url.scheme not in {"http", "https"} or url.authority not in platform.trusted_hosts:
        return "redirect_uri is not in the trusted domains"
    return ""
