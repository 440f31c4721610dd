"""The page's own doors: its files, what it reads, and what it is told at once."""

import asyncio
import json
from pathlib import Path
from typing import Final

from aiohttp import web

from bot.sim.desk import Desk
from bot.sim.messages import Json, Media
from bot.sim.page_acts import Acts, ClockHook, answer
from bot.sim.page_view import View, shown_time, words
from bot.sim.rest_media import download
from bot.sim.rest_people import COOKIE
from bot.sim.setup import Person

FILES: Final = Path(__file__).parent / "page"
_TYPES: Final = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
_PICTURES: Final = {b"\xff\xd8": "image/jpeg", b"\x89P": "image/png"}
LOG_LINES: Final = 200
HEARTBEAT: Final = 15.0


class Page:
    """Serves the page: its files, its reads and the stream of events."""

    def __init__(self, desk: Desk, on_clock_moved: ClockHook | None) -> None:
        self._platform = desk.platform
        self._acts = Acts(desk, on_clock_moved)

    def routes(self) -> list[web.RouteDef]:
        """All routes of the page."""
        return [
            web.get("/", self._index),
            web.get("/desk/page/{name}", self._file),
            web.get("/desk/words", self._words),
            web.get("/desk/me", self._me),
            web.get("/desk/people", self._people),
            web.get("/desk/messages", self._messages),
            web.get("/desk/log", self._log),
            web.get("/desk/events", self._events),
            web.get("/desk/media/{id}", self._media),
            web.get("/desk/file/{code}", self._ticket),
            *self._acts.routes(),
        ]

    # Reading

    async def _index(self, request: web.Request) -> web.StreamResponse:
        del request
        response = _static(FILES / "index.html")
        hosts = " ".join(sorted(f"http://{h} https://{h}" for h in self._platform.trusted_hosts))
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
            f" img-src 'self' data: {hosts}; base-uri 'none'; form-action 'none';"
            " frame-ancestors 'none'"
        )
        return response

    async def _file(self, request: web.Request) -> web.Response:
        path = FILES / request.match_info["name"]
        if path.parent != FILES or path.suffix not in _TYPES or not path.is_file():
            raise web.HTTPNotFound
        return _static(path)

    async def _words(self, request: web.Request) -> web.Response:
        del request
        return answer(words())

    async def _me(self, request: web.Request) -> web.Response:
        wanted = request.query.get("persona") or request.cookies.get(COOKIE, "")
        person = self._platform.person(wanted) or self._first()
        view = View(self._platform, person)
        response = answer({**view.everything(), "clock": self._acts.time()})
        response.set_cookie(COOKIE, person.userid, httponly=True, samesite="Lax")
        return response

    async def _people(self, request: web.Request) -> web.Response:
        return answer(self._acts.view(request.query).find(request.query.get("q", "")))

    async def _messages(self, request: web.Request) -> web.Response:
        view = self._acts.view(request.query)
        place = self._acts.place(view, request.query.get("place", ""))
        before = request.query.get("before", "")
        found = view.messages(place, int(before) if before.isdecimal() else 0)
        view.read(place)
        return answer(found)

    async def _log(self, request: web.Request) -> web.Response:
        del request
        journal = self._platform.journal
        entries = list(journal.entries)[-LOG_LINES:]
        lines = [
            {
                "at": shown_time(entry.at),
                "door": entry.door,
                "call": entry.call,
                "code": entry.code,
                "note": entry.note,
            }
            for entry in reversed(entries)
        ]
        return answer({"lines": lines, "violations": len(journal.violations)})

    async def _media(self, request: web.Request) -> web.Response:
        media = self._platform.media.get(request.match_info["id"])
        if media is None:
            raise web.HTTPNotFound
        return _shown(media)

    async def _ticket(self, request: web.Request) -> web.Response:
        ticket = self._platform.tickets.get(request.match_info["code"])
        if ticket is None or self._platform.now() > ticket.expires:
            raise web.HTTPNotFound
        return download(ticket.name, ticket.sealed)

    # Being told

    async def _events(self, request: web.Request) -> web.StreamResponse:
        view = self._acts.view(request.query)
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        with self._platform.signals.listen() as queue:
            await _send(response, {"type": "hello", "clock": self._acts.time()})
            while not _gone(request):
                try:
                    event = await asyncio.wait_for(queue.get(), HEARTBEAT)
                except TimeoutError:
                    event = {"type": "beat", "clock": self._acts.time()}
                if event["type"] == "bye":
                    break
                seen = self._seen(view, event)
                if seen is not None and not _gone(request):
                    await _send(response, seen)
        return response

    def _seen(self, view: View, event: Json) -> Json | None:
        """The event as this person may know it; None if it is not theirs."""
        key = event.get("place")
        if key is None:
            return event
        message = self._platform.message(event.get("number", 0))
        if message is None:
            mine = {place.key for place in self._platform.places_of(view.person.userid)}
            return event if key in mine else None
        if not self._platform.sees(view.person.userid, message.place):
            return None
        place = view.place(message.place)
        return {"type": "message", "message": view.message(message), "place": place}

    # Common

    def _first(self) -> Person:
        """Who the page is at first: the first persona, or anybody."""
        for persona in self._platform.personas:
            person = self._platform.person(persona.userid)
            if person is not None:
                return person
        person = next(iter(self._platform.people.values()), None)
        if person is None:
            raise web.HTTPServiceUnavailable(text="nobody works here")
        return person


def _gone(request: web.Request) -> bool:
    """The browser has left."""
    return request.transport is None or request.transport.is_closing()


async def _send(response: web.StreamResponse, event: Json) -> None:
    await response.write(f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode())


def _static(path: Path) -> web.Response:
    return web.Response(
        body=path.read_bytes(),
        content_type=_TYPES[path.suffix],
        charset="utf-8",
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
    )


def _shown(media: Media) -> web.Response:
    """Pictures inline, everything else as a download."""
    picture = _PICTURES.get(media.data[:2])
    if picture and media.kind == "image":
        return web.Response(body=media.data, content_type=picture)
    return download(media.name, media.data)
