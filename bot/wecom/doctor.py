"""What ``python -m bot check`` asks of WeCom: findings as text keys, nothing raised."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bot.channel import PushError
from bot.wecom import codes
from bot.wecom.crypto import CryptoError, read_key
from bot.wecom.link import Link, State
from bot.wecom.rest import AppRest, Call, errcode

# Looked up as somebody nobody is: "not found" and "not yours to see" both prove that the token
# and the address of this machine were accepted.
_NOBODY: Final = "zhibutong-doctor"
_ACCEPTED: Final = frozenset({0, 48002, 60011, 60111})
_KEYS: Final = {
    **dict.fromkeys(codes.BAD_SECRET, "wecom.doctor.app_secret"),
    **dict.fromkeys(codes.FOREIGN_AGENT, "wecom.doctor.app_agent"),
    codes.BAD_CORP: "wecom.doctor.app_corp",
    codes.FOREIGN_IP: "wecom.doctor.app_ip",
    codes.TOO_OFTEN: "wecom.doctor.app_busy",
}
_KEY_LENGTH: Final = 43
_ADDRESS: Final = re.compile(r"from ip: ?([0-9a-fA-F.:]+)")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor: a key of ``config/texts`` and its placeholders."""

    ok: bool
    key: str
    params: Mapping[str, Any] = field(default_factory=dict)


async def check_app(rest: AppRest) -> Finding:
    """Get a token and make one harmless call, which is what 可信IP is asked for (60020)."""
    call = Call(path="/cgi-bin/user/get", method="GET", params={"userid": _NOBODY})
    try:
        answer = await rest.ask(call)
    except PushError as error:
        if error.code:
            return _name(error.code, "")
        return Finding(ok=False, key="wecom.doctor.app_unreachable", params={"note": error.note})
    code = errcode(answer)
    if code in _ACCEPTED:
        return Finding(ok=True, key="wecom.doctor.app_ok")
    return _name(code, str(answer.get("errmsg", "")))


async def check_link(link: Link) -> Finding:
    """Dial and subscribe once. Only while nobody runs: the platform lets the newest dialler win."""
    state = await link.probe()
    key = {State.SUBSCRIBED: "link_ok", State.REFUSED: "link_refused"}.get(state, "link_away")
    return Finding(ok=state is State.SUBSCRIBED, key=f"wecom.doctor.{key}")


def check_key(name: str, key: str) -> Finding:
    """Whether an EncodingAESKey can be one; ``name`` says whose it is."""
    try:
        read_key(key)
    except CryptoError:
        return Finding(ok=False, key="wecom.doctor.key_bad", params={"name": name})
    ok = len(key) == _KEY_LENGTH
    return Finding(ok, "wecom.doctor.key_ok" if ok else "wecom.doctor.key_bad", {"name": name})


def _name(code: int, message: str) -> Finding:
    """The finding for a number; the platform names the address it saw, which helps to mend it."""
    seen = _ADDRESS.search(message)
    params = {"code": code, "address": seen.group(1) if seen else "?"}
    return Finding(ok=False, key=_KEYS.get(code, "wecom.doctor.app_other"), params=params)
