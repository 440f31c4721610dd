"""Who looks at a page: personal links that expire, and short sessions in a signed cookie."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer

from bot.clock import Clock

LOGIN_MINUTES = 10
SESSION_HOURS = 8
FORM_HOURS = 8


def cookie_name(secure: bool) -> str:  # noqa: FBT001  (a fact about the installation)
    """The session's cookie; over https its prefix binds it to this host, whole path and https."""
    return "__Host-zbt" if secure else "zbt"


class Signer:
    """Signs what leaves and comes back: links, cookies, form tokens. Time is the product's."""

    def __init__(self, secret: str, clock: Clock) -> None:
        self._secret = secret
        self._clock = clock

    def _box(self, salt: str) -> URLSafeTimedSerializer:
        clock = self._clock

        class Stamper(TimestampSigner):
            """Stamps with the product's clock instead of the machine's."""

            def get_timestamp(self) -> int:
                return int(clock.now().timestamp())

        return URLSafeTimedSerializer(self._secret, salt=salt, signer=Stamper)

    def seal(self, salt: str, value: Mapping[str, Any]) -> str:
        """A signed text of a small mapping."""
        return str(self._box(salt).dumps(dict(value)))

    def open(self, salt: str, sealed: str, hours: float) -> dict[str, Any] | None:
        """What was sealed; None if it is forged, of another kind, or too old."""
        try:
            value = self._box(salt).loads(sealed, max_age=int(hours * 3600))
        except BadData:
            return None
        return value if isinstance(value, dict) else None

    def digest(self, salt: str, text: str) -> bytes:
        """What only a holder of the secret can make of a text: 32 bytes."""
        return hmac.digest(self._secret.encode(), f"{salt} {text}".encode(), hashlib.sha256)


@dataclass(frozen=True, slots=True)
class Links:
    """Personal addresses of pages, for messages and cards."""

    signer: Signer
    base: str
    hours: float

    def make(self, path: str, userid: str) -> str:
        """An address that opens a page for one person, for so many hours."""
        ticket = self.signer.seal("link", {"u": userid, "p": path})
        return f"{self.base}/go?t={quote(ticket)}"

    def read(self, ticket: str) -> tuple[str, str] | None:
        """The userid and path of a ticket, if it holds."""
        value = self.signer.open("link", ticket, self.hours)
        if value is None or not str(value.get("p", "")).startswith("/"):
            return None
        return str(value["u"]), str(value["p"])


def session_cookie(signer: Signer, userid: str) -> str:
    """The cookie of somebody who came by a personal link."""
    return signer.seal("session", {"u": userid})


def session_userid(signer: Signer, cookie: str | None) -> str | None:
    """Whose session it is, None if there is none that holds."""
    if not cookie:
        return None
    value = signer.open("session", cookie, SESSION_HOURS)
    return None if value is None else str(value.get("u", "")) or None


def start_login(signer: Signer, state: str, path: str) -> str:
    """What a browser keeps while it is at WeCom to log in."""
    return signer.seal("login", {"s": state, "p": path})


def login_state(signer: Signer, cookie: str | None) -> tuple[str, str] | None:
    """State and path of a log-in that was begun in this browser minutes ago."""
    value = signer.open("login", cookie or "", LOGIN_MINUTES / 60)
    return None if value is None else (str(value["s"]), str(value["p"]))


def form_token(signer: Signer, userid: str, command: str, once: str) -> str:
    """Against forgery and double sending: bound to person and form, good for one submission."""
    return signer.seal("form", {"u": userid, "c": command, "o": once})


def form_once(signer: Signer, userid: str, command: str, token: str) -> str | None:
    """The one-time part of a form token that holds for this person and form."""
    value = signer.open("form", token, FORM_HOURS)
    if value is None or value.get("u") != userid or value.get("c") != command:
        return None
    return str(value["o"])
