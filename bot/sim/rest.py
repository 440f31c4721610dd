"""The HTTP side of qyapi.weixin.qq.com: one door that finds the call, checks the token and answers.

Always HTTP 200 with ``errcode``, as documented; what a call does is in the other ``rest_*``.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from bot.sim import codes
from bot.sim.codes import Refusal, verdict
from bot.sim.messages import Json
from bot.sim.platform import Platform


@dataclass(frozen=True, slots=True)
class Call:
    """One request: its query and, for a POST of JSON, its body."""

    platform: Platform
    request: web.Request
    body: Json

    @property
    def query(self) -> Mapping[str, str]:
        """The query parameters."""
        return self.request.query

    def refuse(self, code: int, rule: str) -> Refusal:
        """Note the broken rule and make the refusal to raise."""
        self.platform.journal.violate(self.request.path.removeprefix(PREFIX), rule)
        return Refusal(code, rule)

    def text(self, name: str) -> str:
        """A string of the body (40058 if it is missing or something else)."""
        value = self.body.get(name)
        if not isinstance(value, str) or not value:
            raise self.refuse(codes.BAD_PARAMETER, f"{name} missing")
        return value


PREFIX = "/cgi-bin/"
Handler = Callable[[Call], Awaitable[Json | web.Response]]


@dataclass(frozen=True, slots=True)
class Route:
    """A call of the API. ``token``: needs an access_token; ``json``: has a JSON body."""

    handler: Handler
    method: str = "POST"
    token: bool = True
    json: bool = True


class Rest:
    """All calls by their path below ``/cgi-bin/``."""

    def __init__(self, platform: Platform, routes: Mapping[str, Route]) -> None:
        self._platform = platform
        self._routes = {"gettoken": Route(_gettoken, "GET", token=False), **routes}

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request; faults that tests switched on come first."""
        name = request.path.removeprefix(PREFIX)
        faults = self._platform.faults
        if faults.latency:
            await asyncio.sleep(faults.latency)
        if faults.api_status:
            status = faults.api_status.popleft()
            self._platform.journal.log("api", name, note=f"HTTP {status}")
            return web.Response(status=status)
        code = faults.api_code(name)
        response = _json(verdict(code)) if code else await self._answer(request, name)
        if faults.spend("api_cut") and request.transport is not None:
            request.transport.abort()
        return response

    async def _answer(self, request: web.Request, name: str) -> web.Response:
        code = codes.OK
        try:
            result = await self._run(request, name)
        except Refusal as refusal:
            code, result = refusal.code, verdict(refusal.code, refusal.rule)
        self._platform.journal.log("api", name[:60], code)
        return result if isinstance(result, web.Response) else _json(result)

    async def _run(self, request: web.Request, name: str) -> Json | web.Response:
        route = self._routes.get(name)
        if route is None or route.method != request.method:
            self._platform.journal.violate("api", f"no call {request.method} {name[:60]!r}")
            raise Refusal(codes.UNKNOWN_CALL, "call")
        if route.token:
            self._check_token(request)
        body: Json = {}
        if route.json and route.method == "POST":
            body = await self._body(request, name)
        result = await route.handler(Call(self._platform, request, body))
        if isinstance(result, web.Response):
            return result
        return verdict(codes.OK, **result)

    async def _body(self, request: web.Request, name: str) -> Json:
        try:
            body = json.loads((await request.read()).decode())
        except ValueError:
            body = None
        if not isinstance(body, dict):
            self._platform.journal.violate(name, "body is not a JSON object")
            raise Refusal(codes.BAD_JSON, "body")
        return body

    def _check_token(self, request: web.Request) -> None:
        token = request.query.get("access_token", "")
        if not token:
            self._platform.journal.violate(request.path, "access_token missing in the query")
            raise Refusal(codes.NO_TOKEN, "access_token")
        if token in self._platform.dead_tokens:
            raise Refusal(self._platform.dead_tokens[token], "access_token")
        expires = self._platform.tokens.get(token)
        if expires is None:
            raise Refusal(codes.BAD_TOKEN, "access_token")
        if expires <= self._platform.now():
            raise Refusal(codes.EXPIRED_TOKEN, "access_token")


async def _gettoken(call: Call) -> Json:
    setup = call.platform.setup
    if call.query.get("corpid") != setup.corp_id:
        raise Refusal(codes.BAD_CORP, "corpid")
    secret = call.query.get("corpsecret", "")
    if not secret:
        raise Refusal(codes.NO_SECRET, "corpsecret")
    if secret != setup.app_secret:
        raise Refusal(codes.BAD_SECRET, "corpsecret")
    token, seconds = call.platform.issue_token()
    return {"access_token": token, "expires_in": seconds}


def _json(body: Json) -> web.Response:
    return web.json_response(body, dumps=lambda value: json.dumps(value, ensure_ascii=False))
