"""The page's own doors: what it reads, what its user does, and what it is told at once."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, time, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Protocol, runtime_checkable

from aiohttp import web
from aiohttp.web_request import FileField

from bot.sim.desk import Desk
from bot.sim.messages import Json, Media, Message, Place, Spot, Upload
from bot.sim.page_view import HERE, View, shown_time, words
from bot.sim.rest_media import download
from bot.sim.rest_people import COOKIE
from config.texts import t

FILES: Final = Path(__file__).parent / "page"
_TYPES: Final = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
_PICTURES: Final = {b"\xff\xd8": "image/jpeg", b"\x89P": "image/png"}
LOG_LINES: Final = 200
HEARTBEAT: Final = 15.0
MORNING: Final = time(8, 30)
NINE: Final = time(9)
ClockHook = Callable[[datetime], Awaitable[None]]


@runtime_checkable
class MovableClock(Protocol):
    """A clock that the page may set forward."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...

    def move_to(self, moment: datetime) -> None:
        """Let it be ``moment``; ``ValueError`` for a moment that has passed."""
        ...


class Page:
    """Serves the page; ``on_clock_moved`` is awaited after the desk's clock was moved."""

    def __init__(self, desk: Desk, on_clock_moved: ClockHook | None) -> None:
        self._desk = desk
        self._platform = desk.platform
        self._on_clock_moved = on_clock_moved

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
            web.post("/desk/say", self._say),
            web.post("/desk/attach", self._attach),
            web.post("/desk/click", self._click),
            web.post("/desk/enter", self._enter),
            web.post("/desk/read", self._read),
            web.post("/desk/clock", self._clock),
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
        return _json(words())

    async def _me(self, request: web.Request) -> web.Response:
        wanted = request.query.get("persona") or request.cookies.get(COOKIE, "")
        person = self._platform.person(wanted) or self._first()
        view = View(self._platform, person)
        response = _json({**view.everything(), "clock": self._time()})
        response.set_cookie(COOKIE, person.userid, httponly=True, samesite="Lax")
        return response

    async def _people(self, request: web.Request) -> web.Response:
        return _json(self._view(request.query).find(request.query.get("q", "")))

    async def _messages(self, request: web.Request) -> web.Response:
        view = self._view(request.query)
        place = self._place(view, request.query.get("place", ""))
        before = request.query.get("before", "")
        found = view.messages(place, int(before) if before.isdecimal() else 0)
        view.read(place)
        return _json(found)

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
        return _json({"lines": lines, "violations": len(journal.violations)})

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

    # Doing

    async def _say(self, request: web.Request) -> web.Response:
        body = await _body(request)
        view = self._view(body)
        place = self._place(view, body.get("place", ""))
        quote = self._platform.message(int(body.get("quote") or 0))
        await self._desk.say(
            view.person.userid,
            place.id if place.spot is Spot.GROUP else None,
            str(body.get("text", "")),
            door="app" if place.spot is Spot.APP else "bot",
            quote=quote,
        )
        view.read(place)
        return _json({})

    async def _attach(self, request: web.Request) -> web.Response:
        _same_page(request)
        form = await request.post()
        view = self._view(form)
        place = self._place(view, str(form.get("place", "")))
        part = form.get("file")
        if not isinstance(part, FileField):
            raise web.HTTPBadRequest
        upload = Upload(part.filename, part.file.read())
        if part.content_type in _PICTURES.values():
            chat = place.id if place.spot is Spot.GROUP else None
            door = "app" if place.spot is Spot.APP else "bot"
            text = str(form.get("text", ""))
            await self._desk.say(view.person.userid, chat, text, door=door, images=[upload])
        elif place.spot is Spot.BOT:
            await self._desk.send_file(view.person.userid, upload)
        else:
            return _json({"error": t("desk.error.files")}, HTTPStatus.BAD_REQUEST)
        view.read(place)
        return _json({})

    async def _click(self, request: web.Request) -> web.Response:
        body = await _body(request)
        view = self._view(body)
        message = self._platform.message(int(body.get("number") or 0))
        if message is None:
            raise web.HTTPBadRequest
        choices = {str(k): [str(one) for one in v] for k, v in body.get("choices", {}).items()}
        try:
            await self._desk.click(view.person.userid, message, str(body.get("key", "")), choices)
        except ValueError:
            return _json({"error": t("desk.error.click")}, HTTPStatus.BAD_REQUEST)
        self._watch(view.person.userid, message)
        return _json({})

    def _watch(self, userid: str, message: Message) -> None:
        """The client says so when a click brought no new card within the platform's time."""
        before = message.card_for(userid)

        def look() -> None:
            if message.card_for(userid) is before:
                self._platform.signals.tell({"type": "unanswered", "place": message.place.key})

        delay = self._platform.setup.timings.answer
        asyncio.get_running_loop().call_later(delay, look)

    async def _enter(self, request: web.Request) -> web.Response:
        body = await _body(request)
        view = self._view(body)
        if self._place(view, body.get("place", "")).spot is Spot.BOT:
            await self._desk.enter(view.person.userid)
        return _json({})

    async def _read(self, request: web.Request) -> web.Response:
        body = await _body(request)
        view = self._view(body)
        view.read(self._place(view, body.get("place", "")))
        return _json({})

    async def _clock(self, request: web.Request) -> web.Response:
        body = await _body(request)
        clock = self._platform.clock
        if self._on_clock_moved is None or not isinstance(clock, MovableClock):
            raise web.HTTPForbidden
        try:
            moment = _moment(clock.now(), str(body.get("to", "")))
            clock.move_to(moment)
        except ValueError:
            return _json({"error": t("desk.error.clock")}, HTTPStatus.BAD_REQUEST)
        self._platform.signals.tell({"type": "clock", "clock": self._time()})
        await self._on_clock_moved(moment)
        return _json(self._time())

    # Being told

    async def _events(self, request: web.Request) -> web.StreamResponse:
        view = self._view(request.query)
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        with self._platform.signals.listen() as queue:
            await _send(response, {"type": "hello", "clock": self._time()})
            while True:
                try:
                    event = await asyncio.wait_for(queue.get(), HEARTBEAT)
                except TimeoutError:
                    event = {"type": "beat", "clock": self._time()}
                if event["type"] == "bye":
                    return response
                seen = self._seen(view, event)
                if seen is not None:
                    await _send(response, seen)

    def _seen(self, view: View, event: Json) -> Json | None:
        """The event as this person may know it; None if it is not theirs."""
        key = event.get("place")
        if key is None:
            return event
        place = next(
            (p for p in self._platform.places_of(view.person.userid) if p.key == key), None
        )
        if place is None:
            return None
        message = self._platform.message(event.get("number", 0))
        if message is None:
            return event
        return {"type": "message", "message": view.message(message), "place": view.place(place)}

    # Common

    def _first(self) -> Any:  # noqa: ANN401  (a Person; there is always one)
        for persona in self._platform.personas:
            person = self._platform.person(persona.userid)
            if person is not None:
                return person
        person = next(iter(self._platform.people.values()), None)
        if person is None:
            raise web.HTTPServiceUnavailable(text="nobody works here")
        return person

    def _view(self, values: Any) -> View:  # noqa: ANN401  (query, form or body)
        person = self._platform.person(str(values.get("persona", "")))
        if person is None:
            raise web.HTTPForbidden
        return View(self._platform, person)

    def _place(self, view: View, key: str) -> Place:
        for place in self._platform.places_of(view.person.userid):
            if place.key == key:
                return place
        raise web.HTTPForbidden

    def _time(self) -> Json:
        movable = self._on_clock_moved is not None and isinstance(
            self._platform.clock, MovableClock
        )
        return {"now": shown_time(self._platform.now()), "movable": movable}


def _moment(now: datetime, wanted: str) -> datetime:
    """The moment a button or the field means; ``ValueError`` for nonsense."""
    here = now.astimezone(HERE)
    if wanted == "hour":
        return now + timedelta(hours=1)
    if wanted == "tomorrow":
        return datetime.combine(here.date() + timedelta(days=1), MORNING, HERE)
    if wanted == "monday":
        days = -here.weekday() % 7
        monday = datetime.combine(here.date() + timedelta(days=days), NINE, HERE)
        return monday if monday > here else monday + timedelta(days=7)
    moment = datetime.fromisoformat(wanted)
    return moment if moment.tzinfo else moment.replace(tzinfo=HERE)


def _same_page(request: web.Request) -> None:
    """Only our own script sends this header; another site's form cannot."""
    if request.headers.get("X-Desk") != "1":
        raise web.HTTPForbidden


async def _body(request: web.Request) -> Json:
    _same_page(request)
    body = await request.json()
    if not isinstance(body, dict):
        raise web.HTTPBadRequest
    return body


async def _send(response: web.StreamResponse, event: Json) -> None:
    await response.write(f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode())


def _json(value: object, status: int = HTTPStatus.OK) -> web.Response:
    return web.json_response(
        value, status=status, dumps=lambda v: json.dumps(v, ensure_ascii=False)
    )


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
