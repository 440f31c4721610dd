"""Who looks at a page: OAuth2 of the self-built app, silent inside WeCom, by a scan elsewhere.

WECOM.md 4.9: the code comes back once, lives five minutes and is exchanged with the app's token.
"""

from urllib.parse import quote, urlencode

from bot.wecom.rest import AppRest, Call, check, errcode
from config.settings import DEFAULT_OAUTH

SCAN_HOST = "https://login.work.weixin.qq.com"
GONE = frozenset({40029, 42003, 50002})
"""The code is unknown, used or expired, or its member is outside the app's range."""


class OAuth:
    """The addresses to send a browser to, and what the code means that it brings back."""

    def __init__(self, rest: AppRest, corp_id: str, agent_id: int, base: str) -> None:
        self._rest = rest
        self._corp_id = corp_id
        self._agent_id = agent_id
        self._base = base
        # The scanned code lives on a host of its own; a private WeCom (or a desk) is one host.
        self._scan_base = SCAN_HOST if base == DEFAULT_OAUTH else base

    def silent(self, back: str, state: str) -> str:
        """Inside the client; parameters in the documented order. ``state``: letters and digits."""
        query = urlencode(
            {
                "appid": self._corp_id,
                "redirect_uri": back,
                "response_type": "code",
                "scope": "snsapi_base",
                "state": state,
                "agentid": self._agent_id,
            },
            quote_via=quote,
        )
        return f"{self._base}/connect/oauth2/authorize?{query}#wechat_redirect"

    def by_scan(self, back: str, state: str) -> str:
        """In any other browser: a code to be scanned with the WeCom on the phone."""
        query = urlencode(
            {
                "login_type": "CorpApp",
                "appid": self._corp_id,
                "agentid": self._agent_id,
                "redirect_uri": back,
                "state": state,
            },
            quote_via=quote,
        )
        return f"{self._scan_base}/wwlogin/sso/login?{query}"

    async def who(self, code: str) -> str:
        """The userid a code stands for; empty for guests and codes that hold no longer.

        Raises a ``PushError`` when the platform cannot be asked.
        """
        call = Call(path="/cgi-bin/auth/getuserinfo", method="GET", params={"code": code[:512]})
        answer = await self._rest.ask(call)
        if errcode(answer) in GONE:
            return ""
        return str(check(answer).get("userid", ""))
