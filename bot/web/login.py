"""Logging in: by a personal link, silently inside WeCom, or by a code that is scanned.

Inside WeCom a personal link only says which page: who looks is asked of WeCom itself, so that a
forwarded link shows everybody no more than their own rights (decision 0036).
"""

from hmac import compare_digest
from urllib.parse import quote

from aiohttp import web

from bot.channel import PushError
from bot.web.access import (
    LOGIN_MINUTES,
    SESSION_HOURS,
    cookie_name,
    login_state,
    session_cookie,
    start_login,
)
from bot.web.site import HEADERS, Room, in_wecom

PENDING = "zbt_login"
"""The cookie of a log-in that is under way."""


class LogInRoom(Room):
    """``/go``, ``/login`` and what comes back from WeCom."""

    def routes(self) -> list[web.AbstractRouteDef]:
        """The addresses of this room."""
        return [
            web.get("/go", self.enter),
            web.get("/login", self.begin),
            web.get("/login/back", self.finish),
            web.post("/logout", self.leave),
        ]

    async def enter(self, request: web.Request) -> web.StreamResponse:
        """A personal link from a message."""
        found = self.site.links.read(request.query.get("t", ""))
        if found is None:
            return self.frame.message("web.link_expired", 403)
        userid, path = found
        if self.site.log_in is not None and in_wecom(request):
            known = self.frame.userid(request) == userid
            return _to(path if known else f"/login?to={quote(path)}")
        return self._session(userid, path)

    async def begin(self, request: web.Request) -> web.StreamResponse:
        """Send the browser to WeCom; the way back is remembered in a signed cookie."""
        log_in = self.site.log_in
        if log_in is None:
            return self.frame.message("web.no_session", 403)
        path = own_path(request.query.get("to", "/"))
        state = self.site.token() + self.site.token()
        back = f"{self.site.links.base}/login/back"
        way = log_in.silent if in_wecom(request) else log_in.by_scan
        answer = _to(way(back, state))
        answer.set_cookie(
            PENDING,
            start_login(self.site.signer, state, path),
            max_age=LOGIN_MINUTES * 60,
            httponly=True,
            samesite="Lax",
            secure=self.frame.secure,
            path="/login",
        )
        return answer

    async def finish(self, request: web.Request) -> web.StreamResponse:
        """Back from WeCom with a one-time code: it must belong to a log-in begun here."""
        pending = login_state(self.site.signer, request.cookies.get(PENDING))
        state, code = request.query.get("state", ""), request.query.get("code", "")
        if self.site.log_in is None or pending is None or not compare_digest(pending[0], state):
            return self.frame.message("web.login_expired", 403)
        try:
            userid = await self.site.log_in.who(code) if code else ""
        except PushError:
            return self.frame.message("error.world", 503)
        if not userid:
            return self.frame.message("web.login_refused", 403)
        answer = self._session(userid, pending[1])
        answer.del_cookie(PENDING, path="/login")
        return answer

    async def leave(self, request: web.Request) -> web.StreamResponse:
        """End the session of this browser."""
        del request
        answer = self.frame.message("web.logged_out", 200)
        answer.del_cookie(cookie_name(self.frame.secure), path="/", secure=self.frame.secure)
        return answer

    def _session(self, userid: str, path: str) -> web.Response:
        answer = _to(path)
        answer.set_cookie(
            cookie_name(self.frame.secure),
            session_cookie(self.site.signer, userid),
            max_age=SESSION_HOURS * 3600,
            httponly=True,
            samesite="Lax",
            secure=self.frame.secure,
            path="/",
        )
        return answer


def own_path(path: str) -> str:
    """A path of ours; anything that could lead elsewhere becomes the home page."""
    odd = any(ord(sign) <= ord(" ") or sign == "\\" for sign in path)
    return "/" if odd or not path.startswith("/") or path.startswith("//") else path


def _to(address: str) -> web.Response:
    return web.Response(status=303, headers={**HEADERS, "Location": address})
