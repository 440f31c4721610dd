"""Group webhooks (page 91770) and the smart bot's one-shot response_url (page 101138)."""

from dataclasses import replace

from bot.sim import codes, limits
from bot.sim.answers import answer, show
from bot.sim.contents import REPLY_URL, Door, read
from bot.sim.messages import Author, Dialect, Json, Occasion, Place, Spot
from bot.sim.platform import Group
from bot.sim.rest import Call, Route
from bot.sim.rest_media import described, keep_upload

WEBHOOK = Door(
    where="webhook/send",
    author=Author.WEBHOOK,
    types=frozenset(
        {"text", "markdown", "markdown_v2", "image", "news", "file", "voice", "template_card"}
    ),
    text=limits.WEBHOOK_TEXT,
    markdown=limits.WEBHOOK_MARKDOWN,
    dialect=Dialect.BASIC,
    empty=codes.NO_CONTENT,
)
_UPLOADS = frozenset({"file", "voice"})


def routes() -> dict[str, Route]:
    """The calls of this room."""
    return {
        "webhook/send": Route(_send, token=False),
        "webhook/upload_media": Route(_upload, token=False, json=False),
        "aibot/response": Route(_respond, token=False),
    }


def _group(call: Call) -> Group:
    group = call.platform.hook_group(call.query.get("key", ""))
    if group is None:
        raise call.refuse(codes.BAD_WEBHOOK, "key")
    return group


async def _send(call: Call) -> Json:
    platform = call.platform
    group = _group(call)
    blocked = platform.hook_blocks.get(group.webhook)
    if blocked is not None and platform.now() < blocked:
        raise call.refuse(codes.TOO_OFTEN, "over 20 a minute: blocked for a minute")
    if not platform.hook_budget.take(group.webhook, platform.now()):
        platform.hook_blocks[group.webhook] = platform.after(limits.WEBHOOK_BLOCK)
        raise call.refuse(codes.TOO_OFTEN, "over 20 a minute")
    content = read(platform, replace(WEBHOOK, scope=_scope(group)), call.body)
    show(platform, Place(Spot.GROUP, group.id), Author.WEBHOOK, content)
    return {}


async def _upload(call: Call) -> Json:
    group = _group(call)
    return described(await keep_upload(call, _scope(group), _UPLOADS), call)


def _scope(group: Group) -> str:
    """Media of a webhook can be sent by that webhook alone."""
    return f"webhook:{group.webhook}"


async def _respond(call: Call) -> Json:
    platform = call.platform
    occasion = platform.redeem(call.query.get("response_code", ""), Occasion)
    if occasion is None:
        raise call.refuse(codes.BAD_PARAMETER, "response_code unknown, used or expired")
    in_group = occasion.place.spot is Spot.GROUP
    if in_group and call.body.get("msgtype") == "template_card":
        raise call.refuse(codes.BAD_MSGTYPE, "cards only in private chats")
    content = read(platform, REPLY_URL, call.body)
    quote = occasion.source.number if in_group and occasion.source else 0
    answer(platform, occasion, content, quote=quote)
    return {}
