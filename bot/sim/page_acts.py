"""What the user of the page does: speak, attach, click, set the clock."""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime, time, timedelta
from http import HTTPStatus
from typing import Any, Final, Protocol, TypeGuard, runtime_checkable

from aiohttp import web
from aiohttp.web_request import FileField

from bot.sim.desk import Desk
from bot.sim.messages import Json, Place, Spot, Upload
from bot.sim.page_view import HERE, View, shown_time
from config.texts import t

PICTURES: Final = frozenset({"image/jpeg", "image/png"})
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


class Acts:
    """The page's POSTs. ``on_clock_moved`` is awaited after the desk's clock was moved."""

    def __init__(self, desk: Desk, on_clock_moved: ClockHook | None) -> None:
        self._desk = desk
        self._platform = desk.platform
        self._on_clock_moved = on_clock_moved

    def routes(self) -> list[web.RouteDef]:
        """All routes of this room."""
        return [
            web.post("/desk/say", self._say),
            web.post("/desk/attach", self._attach),
            web.post("/desk/click", self._click),
            web.post("/desk/enter", self._enter),
            web.post("/desk/read", self._read),
            web.post("/desk/clock", self._clock),
        ]

    def time(self) -> Json:
        """The desk's time, and whether the page may move it."""
        movable = self._on_clock_moved is not None and isinstance(
            self._platform.clock, MovableClock
        )
        return {"now": shown_time(self._platform.now()), "movable": movable}

    def view(self, values: Any) -> View:  # noqa: ANN401  (query, form or body)
        """The desk as the persona named in the request sees it."""
        person = self._platform.person(str(values.get("persona", "")))
        if person is None:
            raise web.HTTPForbidden
        return View(self._platform, person)

    def place(self, view: View, key: object) -> Place:
        """One of that person's conversations."""
        for place in self._platform.places_of(view.person.userid):
            if place.key == key:
                return place
        raise web.HTTPForbidden

    async def _say(self, request: web.Request) -> web.Response:
        body = await _body(request)
        view = self.view(body)
        place = self.place(view, body.get("place", ""))
        quote = self._platform.message(_number(body.get("quote")))
        await self._desk.say(
            view.person.userid,
            place.id if place.spot is Spot.GROUP else None,
            str(body.get("text", "")),
            door="app" if place.spot is Spot.APP else "bot",
            quote=quote,
        )
        view.read(place)
        return answer({})

    async def _attach(self, request: web.Request) -> web.Response:
        _same_page(request)
        form = await request.post()
        view = self.view(form)
        place = self.place(view, str(form.get("place", "")))
        part = form.get("file")
        if not isinstance(part, FileField):
            raise web.HTTPBadRequest
        upload = Upload(part.filename, part.file.read())
        if part.content_type in PICTURES:
            chat = place.id if place.spot is Spot.GROUP else None
            door = "app" if place.spot is Spot.APP else "bot"
            text = str(form.get("text", ""))
            await self._desk.say(view.person.userid, chat, text, door=door, images=[upload])
        elif place.spot is Spot.BOT:
            await self._desk.send_file(view.person.userid, upload)
        else:
            return answer({"error": t("desk.error.files")}, HTTPStatus.BAD_REQUEST)
        view.read(place)
        return answer({})

    async def _click(self, request: web.Request) -> web.Response:
        body = await _body(request)
        view = self.view(body)
        message = self._platform.message(_number(body.get("number")))
        if message is None:
            raise web.HTTPBadRequest
        given = body.get("choices")
        choices = {k: list(map(str, v)) for k, v in given.items()} if _lists(given) else {}
        try:
            await self._desk.click(view.person.userid, message, str(body.get("key", "")), choices)
        except ValueError:
            return answer({"error": t("desk.error.click")}, HTTPStatus.BAD_REQUEST)
        return answer({})

    async def _enter(self, request: web.Request) -> web.Response:
        body = await _body(request)
        view = self.view(body)
        if self.place(view, body.get("place", "")).spot is Spot.BOT:
            await self._desk.enter(view.person.userid)
        return answer({})

    async def _read(self, request: web.Request) -> web.Response:
        body = await _body(request)
        view = self.view(body)
        view.read(self.place(view, body.get("place", "")))
        return answer({})

    async def _clock(self, request: web.Request) -> web.Response:
        body = await _body(request)
        clock = self._platform.clock
        if self._on_clock_moved is None or not isinstance(clock, MovableClock):
            raise web.HTTPForbidden
        try:
            moment = _moment(clock.now(), str(body.get("to", "")))
            clock.move_to(moment)
        except ValueError:
            return answer({"error": t("desk.error.clock")}, HTTPStatus.BAD_REQUEST)
        self._platform.signals.tell({"type": "clock", "clock": self.time()})
        await self._on_clock_moved(moment)
        return answer(self.time())


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
    try:
        body = json.loads(await request.text())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest
    return body


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _lists(value: object) -> TypeGuard[dict[str, list[object]]]:
    return isinstance(value, dict) and all(isinstance(one, list) for one in value.values())


def answer(value: object, status: int = HTTPStatus.OK) -> web.Response:
    """JSON with Chinese as it is."""
    return web.json_response(
        value, status=status, dumps=lambda v: json.dumps(v, ensure_ascii=False)
    )
