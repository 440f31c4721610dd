"""Pushing through the webhook, the app, and a message's response_url."""

import base64
import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.channel import (
    CardKind,
    CardParcel,
    Channel,
    Elsewhere,
    FileParcel,
    Later,
    Parcel,
    PictureParcel,
    PushError,
    Receipt,
    Refused,
    Target,
    TextParcel,
    Unconfirmed,
)
from bot.clock import FixedClock
from bot.wecom.aibot import BotUrlChannel
from bot.wecom.apppush import AppChannel
from bot.wecom.rest import AppRest, Rest
from bot.wecom.webhook import WebhookChannel
from handlers.content import Button, Card
from tests.unit.wecom.aid import HOME, Api

TEXT = TextParcel("# 第48周排名\n> > **3** 个支部")
PICTURE = PictureParcel("排名.png", b"\x89PNG" + b"x" * 100)
FILE = FileParcel("第48周排名.xlsx", b"PK\x03\x04" + b"x" * 100)
NOTICE = CardParcel(Card("第48周排名", body="共 305 个支部"))
BUTTONS = CardParcel(Card("心愿", buttons=(Button("认领", "claim:1"),), task="wish_1"))
PERSON = Target("ZhangSan", group=False)
HOOK = "/cgi-bin/webhook/send"
SEND = "/cgi-bin/message/send"


@pytest.fixture
def webhook(rest: Rest, clock: FixedClock) -> WebhookChannel:
    return WebhookChannel(rest, clock=clock, home=HOME)


@pytest.fixture
def group(base: str) -> Target:
    return Target("wr1", group=True, webhook=f"{base}{HOOK}?key=K1")


@pytest.fixture
def app(app_rest: AppRest, clock: FixedClock) -> AppChannel:
    return AppChannel(app_rest, 1000002, hears=True, clock=clock, home=HOME)


async def test_the_webhook_gets_text_in_its_dialect(
    api: Api, webhook: WebhookChannel, group: Target
) -> None:
    assert await webhook.push(group, TEXT) == Receipt()
    [(path, query, body)] = api.asked
    assert (path, query) == (HOOK, {"key": "K1"})
    assert body == {
        "msgtype": "markdown",
        "markdown": {"content": "# 第48周排名\n> **3** 个支部"},
    }


async def test_the_webhook_gets_a_picture_with_its_digest(
    api: Api, webhook: WebhookChannel, group: Target
) -> None:
    await webhook.push(group, PICTURE)
    [body] = api.bodies(HOOK)
    assert body["msgtype"] == "image"
    assert base64.b64decode(body["image"]["base64"]) == PICTURE.data
    assert body["image"]["md5"] == hashlib.md5(PICTURE.data).hexdigest()  # noqa: S324


async def test_the_webhook_takes_a_picture_of_two_megabytes(
    api: Api, webhook: WebhookChannel, group: Target
) -> None:
    await webhook.push(group, PictureParcel("p.png", b"x" * 2 * 1024 * 1024))
    assert len(api.asked) == 1


async def test_the_webhook_uploads_a_file_once_per_group(
    api: Api, webhook: WebhookChannel, group: Target, clock: FixedClock
) -> None:
    upload = "/cgi-bin/webhook/upload_media"
    api.answers[upload] = [{"media_id": "MEDIA1"}]
    for _ in range(3):
        await webhook.push(group, FILE)
    assert api.bodies(upload) == [{"media": (FILE.name, FILE.data)}]
    assert api.asked[0][1] == {"key": "K1", "type": "file"}
    assert api.bodies(HOOK)[0] == {"msgtype": "file", "file": {"media_id": "MEDIA1"}}
    await webhook.push(replace(group, webhook=group.webhook.replace("K1", "K2")), FILE)
    assert len(api.bodies(upload)) == 2
    clock.move_to(clock.now() + timedelta(days=1, seconds=1))
    await webhook.push(group, FILE)
    assert len(api.bodies(upload)) == 3


async def test_a_media_id_the_platform_lost_is_uploaded_again_once(
    api: Api, webhook: WebhookChannel, group: Target
) -> None:
    api.answers["/cgi-bin/webhook/upload_media"] = [{"media_id": "OLD"}, {"media_id": "NEW"}]
    api.answers[HOOK] = [{"errcode": 40007}, {}]
    await webhook.push(group, FILE)
    assert [body["file"]["media_id"] for body in api.bodies(HOOK)] == ["OLD", "NEW"]
    api.answers[HOOK] = [{"errcode": 40007}]
    with pytest.raises(Refused):
        await webhook.push(group, FILE)


async def test_the_webhook_shows_notices_alone(
    api: Api, webhook: WebhookChannel, group: Target
) -> None:
    await webhook.push(group, NOTICE)
    [body] = api.bodies(HOOK)
    assert body["template_card"]["card_type"] == "text_notice"
    assert body["template_card"]["card_action"] == {"type": 1, "url": HOME}
    with pytest.raises(Elsewhere):
        await webhook.push(group, BUTTONS)


@pytest.mark.parametrize(
    ("code", "kind"), [(45009, Later), (93000, Elsewhere), (40058, Refused), (-1, Later)]
)
async def test_the_webhooks_numbers(
    api: Api, webhook: WebhookChannel, group: Target, code: int, kind: type[PushError]
) -> None:
    api.answers[HOOK] = [{"errcode": code, "errmsg": "x"}]
    with pytest.raises(kind) as caught:
        await webhook.push(group, TEXT)
    assert caught.value.code == code


async def test_a_webhook_push_whose_answer_was_lost_is_unconfirmed(
    api: Api, webhook: WebhookChannel, group: Target
) -> None:
    api.answers[HOOK] = ["reset"]
    with pytest.raises(Unconfirmed):
        await webhook.push(group, TEXT)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://evil.example/cgi-bin/webhook/send?key=1",
        "http://127.0.0.1:1/cgi-bin/webhook/send?key=1",
        "file:///etc/passwd",
    ],
)
async def test_no_other_address_is_ever_called(
    api: Api, webhook: WebhookChannel, base: str, address: str
) -> None:
    target = Target("wr1", group=True, webhook=address.format(base=base))
    assert not webhook.reaches(target)
    with pytest.raises(Elsewhere):
        await webhook.push(target, TEXT)
    assert api.asked == []


async def test_the_app_pushes_to_one_person(api: Api, app: AppChannel) -> None:
    api.answers[SEND] = [{"msgid": "M", "invaliduser": "", "response_code": "RC9"}]
    assert await app.push(PERSON, BUTTONS) == Receipt("RC9")
    assert await app.push(PERSON, TEXT) == Receipt("RC9")
    card, text = api.bodies(SEND)
    assert card["template_card"]["task_id"] == "wish_1"
    assert text == {
        "touser": "ZhangSan",
        "agentid": 1000002,
        "msgtype": "markdown",
        "markdown": {"content": "# 第48周排名\n> **3** 个支部"},
        "enable_duplicate_check": 1,
        "duplicate_check_interval": 1800,
    }


async def test_an_app_that_hears_nothing_sends_no_card_to_be_answered(
    api: Api, app_rest: AppRest, clock: FixedClock
) -> None:
    """The platform refuses them for good (40058)."""
    app = AppChannel(app_rest, 1000002, hears=False, clock=clock, home=HOME)
    assert app.abilities.cards == {CardKind.NOTICE}
    with pytest.raises(Elsewhere):
        await app.push(PERSON, BUTTONS)
    assert api.asked == []


async def test_the_app_uploads_a_picture_once_for_everybody(api: Api, app: AppChannel) -> None:
    upload = "/cgi-bin/media/upload"
    api.answers[upload] = [{"media_id": "MEDIA1"}, {"media_id": "MEDIA2"}]
    await app.push(PERSON, PICTURE)
    await app.push(Target("LiSi", group=False), PICTURE)
    await app.push(PERSON, FILE)
    assert api.bodies(upload) == [
        {"media": (PICTURE.name, PICTURE.data)},
        {"media": (FILE.name, FILE.data)},
    ]
    bodies = [{"msgtype": b["msgtype"], "touser": b["touser"]} for b in api.bodies(SEND)]
    assert bodies == [
        {"msgtype": "image", "touser": "ZhangSan"},
        {"msgtype": "image", "touser": "LiSi"},
        {"msgtype": "file", "touser": "ZhangSan"},
    ]


@pytest.mark.parametrize("answer", [{"invaliduser": "zhangsan"}, {"unlicenseduser": "a|zhangsan"}])
async def test_success_may_mean_that_nobody_got_it(
    api: Api, app: AppChannel, answer: dict[str, str]
) -> None:
    api.answers[SEND] = [answer]
    with pytest.raises(Refused):
        await app.push(PERSON, TEXT)


async def test_somebody_else_being_invalid_is_no_matter(api: Api, app: AppChannel) -> None:
    api.answers[SEND] = [{"invaliduser": "zhangsan2|lisi"}]
    await app.push(PERSON, TEXT)


async def test_a_send_whose_answer_was_lost_is_sent_again(api: Api, app: AppChannel) -> None:
    api.answers[SEND] = ["reset"]
    with pytest.raises(Later):
        await app.push(PERSON, TEXT)


@pytest.mark.parametrize("target", ["@all", "a|b", ""])
async def test_the_app_never_writes_to_everybody(api: Api, app: AppChannel, target: str) -> None:
    with pytest.raises(Elsewhere):
        await app.push(Target(target, group=False), TEXT)
    with pytest.raises(Elsewhere):
        await app.push(Target("wr1", group=True), TEXT)
    assert api.asked == []


async def test_the_app_changes_a_card_it_sent(api: Api, app: AppChannel) -> None:
    path = "/cgi-bin/message/update_template_card"
    await app.update_card("ZhangSan", "RC9", Card("已认领"))
    [body] = api.bodies(path)
    assert body["userids"] == ["ZhangSan"]
    assert body["response_code"] == "RC9"
    assert body["template_card"]["main_title"] == {"title": "已认领"}
    api.answers[path] = [{"invaliduser": ["zhangsan"]}]
    with pytest.raises(Refused):
        await app.update_card("ZhangSan", "RC9", Card("已认领"))


@pytest.fixture
def bot(rest: Rest) -> BotUrlChannel:
    return BotUrlChannel(rest, home=HOME)


RESPONSE = "/cgi-bin/aibot/response"


@pytest.fixture
def asked(base: str) -> Target:
    return Target("ZhangSan", group=False, reply_url=f"{base}{RESPONSE}?response_code=RC%2B1")


async def test_a_response_url_is_good_for_one_push(
    api: Api, bot: BotUrlChannel, asked: Target
) -> None:
    assert bot.reaches(asked)
    await bot.push(asked, TEXT)
    [(_, query, body)] = api.asked
    assert query == {"response_code": "RC+1"}
    assert body == {"msgtype": "markdown", "markdown": {"content": TEXT.markdown}}
    assert not bot.reaches(asked)
    with pytest.raises(Elsewhere):
        await bot.push(asked, TEXT)


async def test_a_card_goes_to_private_chats_only(
    api: Api, bot: BotUrlChannel, asked: Target
) -> None:
    with pytest.raises(Elsewhere):
        await bot.push(replace(asked, group=True), BUTTONS)
    for parcel in (PICTURE, FILE):
        with pytest.raises(Elsewhere):
            await bot.push(asked, parcel)
    assert api.asked == []
    await bot.push(asked, BUTTONS)
    assert api.bodies(RESPONSE)[0]["msgtype"] == "template_card"


@pytest.mark.parametrize(
    ("answer", "kind", "usable"),
    [
        ({"errcode": 45009}, Later, True),
        (500, Later, True),
        ({"errcode": 40029}, Elsewhere, False),
        ({"errcode": 99999}, Elsewhere, False),
        ("reset", Unconfirmed, False),
    ],
)
async def test_what_became_of_the_one_call(
    api: Api,
    bot: BotUrlChannel,
    asked: Target,
    answer: object,
    kind: type[PushError],
    *,
    usable: bool,
) -> None:
    api.answers[RESPONSE] = [answer]
    with pytest.raises(kind):
        await bot.push(asked, TEXT)
    assert bot.reaches(asked) is usable


def test_a_foreign_response_url_is_not_called(bot: BotUrlChannel) -> None:
    assert not bot.reaches(Target("a", group=False))
    assert not bot.reaches(Target("a", group=False, reply_url="https://evil.example/x"))


@pytest.mark.parametrize(
    ("parcel", "kind"),
    [
        (TextParcel("长" * 2000), Refused),
        (TextParcel(" \n"), Refused),
        (PictureParcel("a.png", b"x" * (2 * 1024 * 1024 + 1)), Refused),
        (PictureParcel("a.png", b""), Refused),
        (FileParcel("a.xlsx", b"x" * (20 * 1024 * 1024 + 1)), Refused),
        (FileParcel("a.xlsx", b"12345"), Refused),
        (CardParcel(Card("")), Refused),
    ],
)
async def test_what_the_platform_would_refuse_is_not_sent(
    api: Api,
    webhook: WebhookChannel,
    app: AppChannel,
    group: Target,
    parcel: Parcel,
    kind: type[PushError],
) -> None:
    for channel, target in ((webhook, group), (app, PERSON)):
        with pytest.raises(kind):
            await channel.push(target, parcel)
    assert api.bodies(HOOK) == api.bodies(SEND) == []


def test_all_doors_keep_the_channels_contract(
    webhook: WebhookChannel, app: AppChannel, bot: BotUrlChannel
) -> None:
    channels: list[Channel] = [webhook, app, bot]
    assert [channel.name for channel in channels] == ["webhook", "app", "aibot"]
    for channel in channels:
        abilities = channel.abilities
        assert abilities.pushes_groups or abilities.pushes_people
        assert abilities.text_bytes
        assert abilities.per_minute
