"""The platform's error codes (global list, page 90313; those of the socket as reported)."""

from typing import Final

OK: Final = 0
BUSY: Final = -1
BAD_SECRET: Final = 40001
BAD_MEDIA_TYPE: Final = 40004
BAD_FILE_TYPE: Final = 40005
BAD_FILE_SIZE: Final = 40006
BAD_MEDIA_ID: Final = 40007
BAD_MSGTYPE: Final = 40008
BAD_IMAGE: Final = 40009
BAD_CORP: Final = 40013
BAD_TOKEN: Final = 40014
BAD_OAUTH_CODE: Final = 40029
BAD_AGENT: Final = 40056
BAD_PARAMETER: Final = 40058
UNKNOWN_CALL: Final = 40066
NO_TOKEN: Final = 41001
NO_SECRET: Final = 41004
EXPIRED_TOKEN: Final = 42001
TASK_USED: Final = 42014
NO_MEDIA: Final = 44001
NO_CONTENT: Final = 44004
MEDIA_TOO_LARGE: Final = 45001
TOO_OFTEN: Final = 45009
BAD_JSON: Final = 47001
BAD_REDIRECT: Final = 50001
NOT_VISIBLE: Final = 50002
UNKNOWN_DEPARTMENT: Final = 60003
UNKNOWN_USER: Final = 60111
NOBODY: Final = 81013
TOO_MANY_RECIPIENTS: Final = 82002
CHAT_INVALID: Final = 86001
CHAT_MISSING: Final = 86003
CHAT_MEMBERS: Final = 86006
CHAT_FOREIGN: Final = 86008
CHAT_EXISTS: Final = 86215
BAD_WEBHOOK: Final = 93000
NOT_IN_CHAT: Final = 93001
UNKNOWN_CHAT: Final = 93006
EMPTY: Final = 93017
IMAGE_TOO_LARGE: Final = 93018
WRONG_AGENT: Final = 301002
WINDOW_CLOSED: Final = 846604
BAD_REQ_ID: Final = 846605
ANSWERED: Final = 846606
LINK_TOO_OFTEN: Final = 846607
STREAM_EXPIRED: Final = 846608
NOT_SUBSCRIBED: Final = 846609
SUBSCRIBE_REFUSED: Final = 853000

MESSAGES: Final = {
    OK: "ok",
    BUSY: "system busy",
    BAD_SECRET: "invalid credential",
    BAD_MEDIA_TYPE: "invalid media type",
    BAD_FILE_TYPE: "invalid file type",
    BAD_FILE_SIZE: "invalid file size",
    BAD_MEDIA_ID: "invalid media_id",
    BAD_MSGTYPE: "invalid message type",
    BAD_IMAGE: "invalid image size or md5",
    BAD_CORP: "invalid corpid",
    BAD_TOKEN: "invalid access_token",
    BAD_OAUTH_CODE: "invalid oauth_code",
    BAD_AGENT: "invalid agentid",
    BAD_PARAMETER: "invalid parameter",
    UNKNOWN_CALL: "invalid url",
    NO_TOKEN: "access_token missing",
    NO_SECRET: "corpsecret missing",
    EXPIRED_TOKEN: "access_token expired",
    TASK_USED: "task_id already used",
    NO_MEDIA: "empty media data",
    NO_CONTENT: "content is empty",
    MEDIA_TOO_LARGE: "media size out of limit",
    TOO_OFTEN: "api freq out of limit",
    BAD_JSON: "data format error",
    BAD_REDIRECT: "redirect_url not registered",
    NOT_VISIBLE: "user not in visible range",
    UNKNOWN_DEPARTMENT: "department not found",
    UNKNOWN_USER: "userid not found",
    NOBODY: "user & party & tag all invalid",
    TOO_MANY_RECIPIENTS: "too many recipients",
    CHAT_INVALID: "invalid chatid",
    CHAT_MISSING: "chat does not exist",
    CHAT_MEMBERS: "invalid member count",
    CHAT_FOREIGN: "chat not made by this app",
    CHAT_EXISTS: "chatid exists",
    BAD_WEBHOOK: "invalid webhook url",
    NOT_IN_CHAT: "bot not in the chat or nobody spoke to it there",
    UNKNOWN_CHAT: "invalid chatid",
    EMPTY: "empty content",
    IMAGE_TOO_LARGE: "image too large",
    WRONG_AGENT: "agentid does not belong to this access_token",
    WINDOW_CLOSED: "reply window closed",
    BAD_REQ_ID: "invalid req_id",
    ANSWERED: "already responded",
    LINK_TOO_OFTEN: "rate limited",
    STREAM_EXPIRED: "stream update expired",
    NOT_SUBSCRIBED: "not subscribed",
    SUBSCRIBE_REFUSED: "invalid bot_id or secret",
}


class Refusal(Exception):  # noqa: N818  (the platform's no, with its number)
    """The platform does not take it. ``rule`` is a short name for the log, never content."""

    def __init__(self, code: int, rule: str) -> None:
        super().__init__(f"{code} {rule}")
        self.code = code
        self.rule = rule


def verdict(code: int, note: str = "", **more: object) -> dict[str, object]:
    """The body every call answers: errcode, errmsg and what belongs to the call."""
    text = MESSAGES.get(code, "error")
    return {"errcode": code, "errmsg": f"{text}: {note}" if note else text, **more}
