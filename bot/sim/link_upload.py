"""Uploading media over the long connection in chunks (page 101463)."""

import base64
import binascii
import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import NoReturn

from bot.sim import codes, limits
from bot.sim.budget import Budget
from bot.sim.codes import Refusal
from bot.sim.contents import is_picture
from bot.sim.messages import Json
from bot.sim.platform import Platform
from bot.sim.shape import Obj, Text, Whole

_BEGIN = Obj(
    keys={
        "type": Text(required=True),
        "filename": Text(required=True, size=256),
        "total_size": Whole(required=True),
        "total_chunks": Whole(required=True),
        "md5": Text(size=32),
    }
)
_CHUNK = Obj(
    keys={
        "upload_id": Text(required=True),
        "chunk_index": Whole(required=True),
        "base64_data": Text(required=True),
    }
)
_FINISH = Obj(keys={"upload_id": Text(required=True)})
_WHERE = "aibot_upload_media"


@dataclass(slots=True)
class Session:
    """An upload under way; it lives 30 minutes and survives a reconnect."""

    kind: str
    name: str
    size: int
    count: int
    md5: str
    expires: datetime
    chunks: dict[int, bytes] = field(default_factory=dict)


class Uploads:
    """The uploads of the bot."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._sessions: dict[str, Session] = {}
        self._budget = Budget(limits.UPLOADS_PER_MINUTE, limits.UPLOADS_PER_HOUR)

    def begin(self, req_id: str, body: Json) -> Json:
        """Open a session; answers its ``upload_id``."""
        del req_id
        self._shape(body, _BEGIN)
        if not self._budget.take("uploads", self._platform.now()):
            self._refuse(codes.LINK_TOO_OFTEN, "over 30 uploads a minute or 1000 an hour")
        most = limits.MEDIA_MOST.get(body["type"])
        if most is None:
            self._refuse(codes.BAD_MEDIA_TYPE, "type")
        elif not limits.MEDIA_LEAST < body["total_size"] <= most:
            large = body["type"] == "image" and body["total_size"] > most
            self._refuse(codes.IMAGE_TOO_LARGE if large else codes.MEDIA_TOO_LARGE, "total_size")
        if not 1 <= body["total_chunks"] <= limits.UPLOAD_CHUNKS:
            self._refuse(codes.BAD_PARAMETER, "total_chunks")
        upload_id = self._platform.token()
        self._sessions[upload_id] = Session(
            body["type"],
            body["filename"],
            body["total_size"],
            body["total_chunks"],
            body.get("md5", "").lower(),
            self._platform.after(limits.UPLOAD_LIFE),
        )
        return {"upload_id": upload_id}

    def chunk(self, req_id: str, body: Json) -> Json:
        """Take one chunk, in any order and as often as it comes; indices start at 0."""
        del req_id
        self._shape(body, _CHUNK)
        session = self._session(body["upload_id"])
        if not 0 <= body["chunk_index"] < session.count:
            self._refuse(codes.BAD_PARAMETER, "chunk_index")
        try:
            data = base64.b64decode(body["base64_data"], validate=True)
        except (ValueError, binascii.Error):
            data = b""
        if not 0 < len(data) <= limits.UPLOAD_CHUNK:
            self._refuse(codes.BAD_PARAMETER, "base64_data")
        session.chunks[body["chunk_index"]] = data
        return {}

    def finish(self, req_id: str, body: Json) -> Json:
        """Put the chunks together; answers the ``media_id``, good for three days."""
        del req_id
        self._shape(body, _FINISH)
        session = self._session(body["upload_id"])
        data = b"".join(session.chunks[index] for index in sorted(session.chunks))
        if len(session.chunks) != session.count or len(data) != session.size:
            self._refuse(codes.BAD_PARAMETER, "chunks or total_size")
        if session.md5 and hashlib.md5(data, usedforsecurity=False).hexdigest() != session.md5:
            self._refuse(codes.BAD_PARAMETER, "md5")
        if session.kind == "image" and not is_picture(data):
            self._refuse(codes.BAD_FILE_TYPE, "image is no JPG or PNG")
        del self._sessions[body["upload_id"]]
        media = self._platform.keep(session.kind, session.name, data, "bot")
        created = int(self._platform.now().timestamp())
        return {"type": session.kind, "media_id": media.id, "created_at": created}

    def _session(self, upload_id: str) -> Session:
        session = self._sessions.get(upload_id)
        if session is None or self._platform.now() > session.expires:
            self._refuse(codes.BAD_PARAMETER, "upload_id")
        return session

    def _shape(self, body: Json, shape: Obj) -> None:
        if self._platform.journal.violate_all(_WHERE, shape.check(body)):
            raise Refusal(codes.BAD_PARAMETER, "upload")

    def _refuse(self, code: int, rule: str) -> NoReturn:
        self._platform.journal.violate(_WHERE, rule)
        raise Refusal(code, rule)
