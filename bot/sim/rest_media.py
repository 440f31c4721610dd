"""Media of the app and of webhooks: upload and download (pages 90253, 91770)."""

import re
from typing import Final
from urllib.parse import quote

from aiohttp import web
from aiohttp.web_request import FileField

from bot.sim import codes, limits
from bot.sim.contents import is_picture
from bot.sim.messages import Json, Media
from bot.sim.rest import Call, Route

_QUOTED: Final = re.compile(r"%[0-9A-F]{2}")


def routes() -> dict[str, Route]:
    """The calls of this room."""
    return {
        "media/upload": Route(_upload, json=False),
        "media/get": Route(_get, "GET"),
    }


async def _upload(call: Call) -> Json:
    return described(await keep_upload(call, "app", frozenset(limits.MEDIA_MOST)), call)


def described(media: Media, call: Call) -> Json:
    """What both uploads answer."""
    created = str(int(call.platform.now().timestamp()))
    return {"type": media.kind, "media_id": media.id, "created_at": created}


async def keep_upload(call: Call, scope: str, kinds: frozenset[str]) -> Media:
    """Store the part named ``media`` of a multipart body, if type and size are right."""
    kind = call.query.get("type", "")
    if kind not in kinds:
        raise call.refuse(codes.BAD_MEDIA_TYPE, "type")
    if not call.request.content_type.startswith("multipart/"):
        raise call.refuse(codes.NO_MEDIA, "body is not multipart")
    form = await call.request.post()
    part = form.get("media")
    if not isinstance(part, FileField):
        raise call.refuse(codes.NO_MEDIA, "no part named media with a filename")
    if _QUOTED.search(part.filename):
        call.platform.journal.violate("upload", "filename is percent-encoded", hard=False)
    data = part.file.read()
    if len(data) <= limits.MEDIA_LEAST:
        raise call.refuse(codes.BAD_FILE_SIZE, "media too small")
    if len(data) > limits.MEDIA_MOST[kind]:
        raise call.refuse(codes.MEDIA_TOO_LARGE, "media too large")
    if kind == "image" and not is_picture(data):
        raise call.refuse(codes.BAD_FILE_TYPE, "image is no JPG or PNG")
    return call.platform.keep(kind, part.filename, data, scope)


async def _get(call: Call) -> web.Response:
    media = call.platform.media.get(call.query.get("media_id", ""))
    if media is None or media.scope != "app" or call.platform.now() > media.expires:
        raise call.refuse(codes.BAD_MEDIA_ID, "media_id")
    return download(media.name, media.data)


def download(name: str, data: bytes) -> web.Response:
    """Bytes with their name in Content-Disposition, as the platform's storage sends them."""
    disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return web.Response(
        body=data,
        content_type="application/octet-stream",
        headers={"Content-Disposition": disposition},
    )
