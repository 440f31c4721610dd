"""A little robot that shows everything the page can draw, for the page's tests and for looking."""

import asyncio
import base64
import hashlib
import struct
import zlib

from tests.unit.sim.kit import Json, LinkBot, card, markdown, stream

RANKING = """# 第47周进展排名（生产服务型）
> 统计到 11月22日 24:00，共 **96** 个支部
| 名次 | 支部 | 进度 | 变化 |
|:-:|---|--:|:-:|
| 1 | 城南供电服务指挥中心党支部 | 92% | ↑2 |
| 2 | 检修二班党支部 | 88% | — |
| 2 | **城北运检党支部**（本群） | 88% | ↑5 |
| 4 | 东郊营业厅党支部 | 81% | ↓3 |

- 未填报 3 个：西关、柳林、河口
- 明细见 [进度台账](http://127.0.0.1:1/ledger)，算法见 `/为什么 排名`
"""
PLAN: Json = {
    "card_type": "multiple_interaction",
    "source": {"desc": "支部通", "desc_color": 3},
    "main_title": {"title": "补充项目信息", "desc": "还差两项就能提交"},
    "select_list": [
        {
            "question_key": "direction",
            "title": "立项方向",
            "option_list": [
                {"id": "a", "text": "重大专项"},
                {"id": "b", "text": "改革创新"},
                {"id": "c", "text": "安全质量"},
            ],
        },
        {
            "question_key": "grade",
            "title": "等级",
            "option_list": [{"id": "A", "text": "A 级"}, {"id": "B", "text": "B 级"}],
            "selected_id": "B",
        },
    ],
    "submit_button": {"text": "提交", "key": "submit"},
}
VOTE: Json = {
    "card_type": "vote_interaction",
    "main_title": {"title": "主题党日定在哪天？", "desc": "可多选，周五 18:00 截止"},
    "checkbox": {
        "question_key": "day",
        "mode": 1,
        "option_list": [
            {"id": "1", "text": "周三下午"},
            {"id": "2", "text": "周四上午", "is_checked": True},
            {"id": "3", "text": "周五下午"},
        ],
    },
    "submit_button": {"text": "就这样", "key": "vote"},
}
CONFIRM: Json = {
    "card_type": "button_interaction",
    "source": {"desc": "支部通"},
    "main_title": {"title": "确认进展 60%？", "desc": "城南党支部 · 台区线损治理"},
    "sub_title_text": "您写的是“完成3个台区改造”。上次 45%，这次 60%。",
    "horizontal_content_list": [
        {"keyname": "项目", "value": "XM-2026-0012"},
        {"keyname": "报送人", "value": "张三"},
        {"keyname": "台账", "value": "打开进展台账", "type": 1, "url": "http://127.0.0.1:1/l"},
    ],
    "button_list": [
        {"text": "确认", "key": "yes", "style": 1},
        {"text": "改一改", "key": "edit", "style": 2},
        {"text": "撤回", "key": "undo", "style": 3},
    ],
    "action_menu": {"desc": "更多", "action_list": [{"text": "以后不再提醒", "key": "mute"}]},
}
DONE: Json = {
    "card_type": "text_notice",
    "source": {"desc": "支部通", "desc_color": 3},
    "main_title": {"title": "进展已记录", "desc": "城南党支部 · 台区线损治理"},
    "emphasis_content": {"title": "60%", "desc": "比上次多 15 个百分点"},
    "quote_area": {"type": 0, "title": "说明", "quote_text": "完成3个台区改造"},
    "jump_list": [{"type": 1, "title": "看项目", "url": "http://127.0.0.1:1/p"}],
    "card_action": {"type": 1, "url": "http://127.0.0.1:1/p"},
}
NEWS: Json = {
    "card_type": "news_notice",
    "source": {"desc": "党建部", "desc_color": 2},
    "main_title": {"title": "双月公开单 2026年第5期", "desc": "9—10月，305 个支部"},
    "image_text_area": {
        "type": 0,
        "title": "城南党支部",
        "desc": "线损率下降 1.2 个百分点",
        "image_url": "/desk/page/missing.png",
    },
    "vertical_content_list": [{"title": "本期最好", "desc": "城南、检修二班、城北运检"}],
    "horizontal_content_list": [{"keyname": "突出贡献", "value": "113 个"}],
    "card_action": {"type": 1, "url": "http://127.0.0.1:1/b"},
}


def poster(width: int = 540, height: int = 720) -> bytes:
    """A PNG with bands, big enough to be looked at."""
    shades = [(47, 125, 255), (232, 240, 254), (255, 255, 255), (214, 64, 58)]
    rows = b"".join(b"\0" + bytes(shades[(y * 8 // height) % 4]) * width for y in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


class ShowBot:
    """Answers by the command in the message; clicks turn the card into a notice."""

    def __init__(self, link: LinkBot) -> None:
        self.link = link
        self._serial = 0
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop listening."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            frame = await self.link.next_callback()
            event = frame["body"].get("event", {})
            if event.get("eventtype") == "template_card_event":
                await self._clicked(frame, event["template_card_event"])
            elif event.get("eventtype") == "enter_chat":
                text = {"content": "您好，我是支部通。发 /帮助 看看我能做什么。"}
                body = {"msgtype": "text", "text": text}
                await self.link.reply(frame, body, "aibot_respond_welcome_msg")
            elif not event:
                await self._said(frame)

    async def _clicked(self, frame: Json, click: Json) -> None:
        if click["event_key"] == "mute":
            return
        update = {
            "response_type": "update_template_card",
            "template_card": {**DONE, "task_id": click["task_id"]},
        }
        await self.link.reply(frame, update, "aibot_respond_update_msg")

    async def _said(self, frame: Json) -> None:
        text = frame["body"].get("text", {}).get("content", "")
        self._serial += 1
        number = f"stream-{self._serial}"
        for word, body in (("选项", PLAN), ("投票", VOTE), ("确认", CONFIRM), ("公开单", NEWS)):
            if word in text:
                await self.link.reply(frame, card(body, task_id=f"task-{self._serial}"))
                return
        if "流" in text:
            await self.link.reply(frame, stream("正在统计 305 个支部…", number, finish=False))
            return
        if "排名" in text:
            await self.link.reply(frame, stream(RANKING, number))
            return
        await self.link.reply(frame, stream(f"收到：{text}", number))

    async def broadcast(self, chatid: str) -> None:
        """The Monday ranking: text, picture and file."""
        await self.link.push(chatid, markdown(RANKING))
        for kind, name, data in (
            ("image", "排名.png", poster()),
            ("file", "第47周进展排名（生产服务型）.xlsx", b"PK" * 9000),
        ):
            media = await self._upload(kind, name, data)
            await self.link.push(chatid, {"msgtype": kind, kind: {"media_id": media}})

    async def _upload(self, kind: str, name: str, data: bytes) -> str:
        digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
        begin = {"type": kind, "filename": name, "total_size": len(data), "total_chunks": 1}
        ack = await self.link.call("aibot_upload_media_init", {**begin, "md5": digest})
        number = ack["body"]["upload_id"]
        encoded = base64.b64encode(data).decode()
        chunk = {"upload_id": number, "chunk_index": 0, "base64_data": encoded}
        await self.link.call("aibot_upload_media_chunk", chunk)
        ack = await self.link.call("aibot_upload_media_finish", {"upload_id": number})
        return str(ack["body"]["media_id"])
