"""Fetching what came with a message, and from nowhere else."""

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from bot.channel import IncomingFile
from bot.wecom.crypto import Aes, read_key
from bot.wecom.media import Downloads, sniff
from bot.wecom.rest import AppRest
from models.errors import Unavailable, UserError
from tests.unit.wecom.aid import KEY, Api

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"
OTHER_KEY = "00112233445566778899aabbccddeeff" * 2


@pytest.fixture
def downloads(session: aiohttp.ClientSession, base: str, app_rest: AppRest) -> Downloads:
    return Downloads(session, hosts=frozenset({base}), callback_key=KEY, app=app_rest)


def sealed(data: bytes, key: str = KEY) -> bytes:
    return Aes(read_key(key)).encrypt(data)


async def test_a_picture_is_fetched_and_decrypted(
    api: Api, downloads: Downloads, base: str
) -> None:
    api.answers["/a"] = [sealed(PNG)]
    assert await downloads.fetch(IncomingFile("image", f"{base}/a?sign=%2Fx")) == PNG
    assert api.asked[0][1] == {"sign": "/x"}
    api.answers["/b"] = [sealed(PNG, OTHER_KEY)]
    assert await downloads.fetch(IncomingFile("file", f"{base}/b", aes_key=OTHER_KEY)) == PNG


@pytest.mark.parametrize("data", [b"", b"no cipher text", sealed(PNG, OTHER_KEY), PNG * 16])
async def test_what_cannot_be_decrypted_is_said_so(
    api: Api, downloads: Downloads, base: str, data: bytes
) -> None:
    api.answers["/a"] = [data]
    with pytest.raises(UserError, match="unreadable"):
        await downloads.fetch(IncomingFile("image", f"{base}/a"))


async def test_a_file_of_more_than_twenty_megabytes_is_too_large(
    api: Api, downloads: Downloads, base: str
) -> None:
    api.answers["/a"] = [b"x" * (20 * 1024 * 1024 + 1)]
    with pytest.raises(UserError, match="too_large") as caught:
        await downloads.fetch(IncomingFile("file", f"{base}/a"))
    assert caught.value.params == {"megabytes": 20}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(403, UserError), (404, UserError), (500, Unavailable), ("reset", Unavailable)],
)
async def test_a_file_may_be_gone_or_the_platform_away(
    api: Api, downloads: Downloads, base: str, answer: object, kind: type[Exception]
) -> None:
    api.answers["/a"] = [answer]
    with pytest.raises(kind):
        await downloads.fetch(IncomingFile("image", f"{base}/a"))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:1/a",
        "https://127.0.0.1/a",
        "https://localhost/a",
        "http://ww-aibot-img-1258476243.cos.ap-guangzhou.myqcloud.com/a",
        "https://ww-aibot-img-1258476243.cos.ap-guangzhou.myqcloud.com:8443/a",
        "https://evil-1300000000.cos.ap-guangzhou.myqcloud.com/a",
        "https://ww-aibot-img-1258476243.cos.ap-guangzhou.myqcloud.com.evil.cn/a",
        "https://evilqq.com/a",
        "https://qq.com.evil.cn/a",
        "https://qq.com@evil.cn/a",
        "file:///etc/passwd",
        "gopher://qq.com/",
        "https://[::1",
        "data:text/plain,a",
    ],
)
async def test_nowhere_else_is_anything_fetched(
    api: Api, downloads: Downloads, address: str
) -> None:
    with pytest.raises(UserError, match="gone"):
        await downloads.fetch(IncomingFile("image", address))
    assert api.asked == []


@pytest.mark.parametrize(
    "address",
    [
        "https://ww-aibot-img-1258476243.cos.ap-guangzhou.myqcloud.com/BHoPdA3/1?sign=a%26b",
        "https://wework.qpic.qq.com/x",
        "https://qyapi.weixin.qq.com/x",
    ],
)
def test_the_platforms_own_hosts_are_trusted(downloads: Downloads, address: str) -> None:
    assert downloads._trusted(address) == URL(address, encoded=True)


async def test_a_redirect_is_followed_only_to_where_we_would_go(
    api: Api, downloads: Downloads, base: str
) -> None:
    api.answers["/a"] = [web.Response(status=302, headers={"Location": "/b?x=1"})]
    api.answers["/b"] = [sealed(PNG)]
    assert await downloads.fetch(IncomingFile("image", f"{base}/a")) == PNG
    api.answers["/c"] = [web.Response(status=302, headers={"Location": "http://169.254.169.254/"})]
    with pytest.raises(UserError, match="gone"):
        await downloads.fetch(IncomingFile("image", f"{base}/c"))
    api.answers["/d"] = [web.Response(status=302, headers={"Location": "/d"}) for _ in range(9)]
    with pytest.raises(UserError, match="gone"):
        await downloads.fetch(IncomingFile("image", f"{base}/d"))
    assert api.paths().count("/d") == 4


async def test_the_apps_media_are_asked_for_by_id(api: Api, downloads: Downloads) -> None:
    path = "/cgi-bin/media/get"
    api.answers[path] = [PNG]
    assert await downloads.fetch(IncomingFile("image", media_id="MEDIA1")) == PNG
    assert api.asked[-1][1] == {"media_id": "MEDIA1", "access_token": "TOKEN1"}

    api.answers[path] = [{"errcode": 42001}, web.Response(body=PNG)]
    assert await downloads.fetch(IncomingFile("image", media_id="MEDIA1")) == PNG
    assert api.tokens == 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"errcode": 40007}, UserError),
        ({"errcode": -1}, Unavailable),
        ({"errcode": 42001}, Unavailable),
        (500, Unavailable),
        ("reset", Unavailable),
    ],
)
async def test_the_apps_media_may_be_gone_too(
    api: Api, downloads: Downloads, answer: object, kind: type[Exception]
) -> None:
    api.answers["/cgi-bin/media/get"] = [answer]
    with pytest.raises(kind):
        await downloads.fetch(IncomingFile("image", media_id="MEDIA1"))


async def test_a_text_file_is_a_file(api: Api, downloads: Downloads) -> None:
    api.answers["/cgi-bin/media/get"] = ["说明"]
    data = await downloads.fetch(IncomingFile("file", media_id="MEDIA1"))
    assert data.decode() == "说明"


async def test_without_an_app_its_media_are_gone(session: aiohttp.ClientSession) -> None:
    with pytest.raises(UserError, match="gone"):
        await Downloads(session).fetch(IncomingFile("image", media_id="MEDIA1"))


async def test_without_a_key_nothing_can_be_read(
    api: Api, session: aiohttp.ClientSession, base: str
) -> None:
    api.answers["/a"] = [sealed(PNG)]
    with pytest.raises(UserError, match="unreadable"):
        await Downloads(session, hosts=frozenset({base})).fetch(IncomingFile("image", f"{base}/a"))


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\xff\xd8\xff\xe0", "jpg"),
        (PNG, "png"),
        (b"GIF89a", "gif"),
        (b"BM6", "bmp"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "webp"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", ""),
        (b"%PDF-1.7", "pdf"),
        (b"PK\x03\x04", "zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
        (b"#!AMR\n", "amr"),
        (b"\x00\x00\x00\x18ftypmp42", "mp4"),
        (b"<script>", ""),
        (b"", ""),
    ],
)
def test_a_file_is_what_its_first_bytes_say(data: bytes, kind: str) -> None:
    assert sniff(data) == kind
