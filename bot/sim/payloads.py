"""What the platform tells robots: bodies of callbacks, built from the message on the desk.

Smart bot: JSON of pages 100719 and 101027. App: XML of pages 90239 and 90240.
"""

from collections.abc import Mapping

from bot.sim import limits
from bot.sim.cipher import seal_file
from bot.sim.messages import Cause, Json, Kind, Media, Message, Occasion, Spot, Ticket
from bot.sim.platform import Platform
from bot.sim.setup import Mode, token

AES_KEY = 43


def bot_message(platform: Platform, occasion: Occasion, message: Message) -> Json:
    """Body of ``aibot_msg_callback`` or of the callback URL for a message somebody said."""
    body = _bot_common(platform, occasion)
    if platform.setup.bot_mode is Mode.URL:
        body["response_url"] = response_url(platform, occasion)
    body |= _bot_payload(platform, message)
    quoted = platform.message(message.quote)
    if quoted is not None:
        body["quote"] = _bot_payload(platform, quoted)
    return _without(body, platform.faults.missing)


def bot_event(platform: Platform, occasion: Occasion, name: str, details: Json | None) -> Json:
    """Body of an event; ``details`` is the object under its own name, if it has one."""
    event: Json = {"eventtype": name}
    if details is not None:
        event[name] = details
    body = _bot_common(platform, occasion)
    body["create_time"] = int(occasion.at.timestamp())
    if occasion.cause is Cause.CLICK and platform.setup.bot_mode is Mode.URL:
        body["response_url"] = response_url(platform, occasion)
    body |= {"msgtype": "event", "event": event}
    return _without(body, platform.faults.missing)


def bot_refresh(platform: Platform, occasion: Occasion, stream: str) -> Json:
    """Body of a poll for the rest of a stream; it has a msgid of its own and no response_url."""
    body = _bot_common(platform, occasion) | {"msgtype": "stream", "stream": {"id": stream}}
    body["msgid"] = platform.token()
    return body


def response_url(platform: Platform, occasion: Occasion) -> str:
    """A one-shot address to answer later (page 101138)."""
    code = platform.code(occasion, limits.REPLY_URL_LIFE)
    return f"{platform.base}/cgi-bin/aibot/response?response_code={code}"


def selected_items(picked: Mapping[str, tuple[str, ...]]) -> Json:
    """The choices of a click as the smart bot gets them."""
    return {
        "selected_item": [
            {"question_key": key, "option_ids": {"option_id": list(ids)}}
            for key, ids in picked.items()
        ]
    }


def _bot_common(platform: Platform, occasion: Occasion) -> Json:
    body: Json = {"msgid": occasion.msgid, "aibotid": platform.setup.bot_id}
    if occasion.place.spot is Spot.GROUP:
        body |= {"chatid": occasion.place.id, "chattype": "group"}
    else:
        body["chattype"] = "single"
    body["from"] = {"userid": occasion.userid}
    return body


def _bot_payload(platform: Platform, message: Message) -> Json:
    match message.kind:
        case Kind.IMAGE | Kind.FILE | Kind.VIDEO:
            media = platform.media[message.media[0]]
            return {"msgtype": str(message.kind), str(message.kind): _download(platform, media)}
        case Kind.VOICE:
            return {"msgtype": "voice", "voice": {"content": message.text}}
        case Kind.CARD:
            title = (message.card or {}).get("main_title", {}).get("title", "")
            return {"msgtype": "text", "text": {"content": title}}
    words = message.text
    if platform.faults.double_blank:
        words = double_blank(words, platform.setup.bot_names)
    text: Json = {"msgtype": "text", "text": {"content": words}}
    if not message.media:
        return text
    pictures = [
        {"msgtype": "image", "image": _download(platform, platform.media[media])}
        for media in message.media
    ]
    items = [*pictures, text] if platform.faults.image_first else [text, *pictures]
    return {"msgtype": "mixed", "mixed": {"msg_item": items}}


def double_blank(text: str, names: tuple[str, ...]) -> str:
    """Two blanks after the mention, as some clients send it."""
    for name in names:
        text = text.replace(f"@{name} ", f"@{name}  ", 1)
    return text


def _download(platform: Platform, media: Media) -> Json:
    """An address with encrypted bytes: the callback's key, or one of its own on the socket."""
    link = platform.setup.bot_mode is Mode.LINK
    key = token(platform.chance, AES_KEY) if link else platform.setup.bot_aes_key
    code = platform.token()
    sealed = seal_file(media.data, key)
    expires = platform.after(limits.FILE_URL_LIFE)
    platform.tickets[code] = Ticket(media.name, sealed, expires)
    name = "pic_url" if platform.faults.pic_url and media.kind == "image" else "url"
    address: Json = {name: f"{platform.base}/desk/file/{code}"}
    return address | {"aeskey": key} if link else address


def _without(body: Json, missing: frozenset[str]) -> Json:
    return {name: value for name, value in body.items() if name not in missing}


# The app's XML


def app_message(platform: Platform, message: Message) -> str:
    """A private message to the app: text or picture."""
    fields: dict[str, str | int] = {"MsgType": "text", "Content": message.text}
    if message.kind is Kind.IMAGE:
        media = platform.media[message.media[0]]
        address = f"{platform.base}/desk/media/{media.id}"
        fields = {"MsgType": "image", "PicUrl": address, "MediaId": media.id}
    return app_xml(platform, message.sender, {**fields, "MsgId": int(message.id)})


def app_event(platform: Platform, userid: str, name: str, key: str, extra: str = "") -> str:
    """An event of the app; ``extra`` is XML that belongs to it."""
    fields: dict[str, str | int] = {"MsgType": "event", "Event": name, "EventKey": key}
    return app_xml(platform, userid, fields, extra)


def app_click(task: str, card_type: str, code: str, picked: Mapping[str, tuple[str, ...]]) -> str:
    """The part of a template_card_event that the card adds."""
    items = "".join(
        f"<SelectedItem>{cdata('QuestionKey', key)}<OptionIds>"
        + "".join(cdata("OptionId", option) for option in ids)
        + "</OptionIds></SelectedItem>"
        for key, ids in picked.items()
    )
    selected = f"<SelectedItems>{items}</SelectedItems>" if items else ""
    card = cdata("TaskId", task) + cdata("CardType", card_type) + cdata("ResponseCode", code)
    return card + selected


def app_xml(
    platform: Platform, userid: str, fields: Mapping[str, str | int], extra: str = ""
) -> str:
    """The plain XML of a message or event."""
    common: dict[str, str | int] = {
        "ToUserName": platform.setup.corp_id,
        "FromUserName": userid,
        "CreateTime": int(platform.now().timestamp()),
    }
    everything = {**common, **fields, "AgentID": platform.setup.app_agent_id}
    parts = [
        f"<{name}>{value}</{name}>" if isinstance(value, int) else cdata(name, value)
        for name, value in everything.items()
    ]
    return f"<xml>{''.join(parts)}{extra}</xml>"


def cdata(name: str, value: str) -> str:
    """An element with literal text; what XML cannot hold (control characters) is left out."""
    kept = "".join(char for char in value if char in "\t\n\r" or char >= " ")
    return f"<{name}><![CDATA[{kept.replace(']]>', ']]]]><![CDATA[>')}]]></{name}>"
