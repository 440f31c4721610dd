"""Our crypto against two others: wechatpy (callbacks) and the official SDK (media)."""

import base64
import os
import warnings
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.enterprise.crypto import PrpCrypto, WeChatCrypto
from wechatpy.enterprise.exceptions import InvalidCorpIdException

from bot.wecom.crypto import Aes, CryptoError, Envelope, read_key
from bot.wecom.wire import parse_xml
from tests.unit.wecom.aid import CORP, KEY, TOKEN

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # the SDK imports websockets.legacy
    from aibot.crypto_utils import decrypt_file

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
receivers = st.sampled_from(["", CORP])


@given(texts, receivers)
def test_we_read_what_wechatpy_writes(message: str, receiver: str) -> None:
    theirs = PrpCrypto(read_key(KEY)).encrypt(message, receiver).decode()
    assert Envelope(TOKEN, KEY, receiver, chance=os.urandom).decrypt(theirs).decode() == message


@given(texts, receivers)
def test_wechatpy_reads_what_we_write(message: str, receiver: str) -> None:
    ours = Envelope(TOKEN, KEY, receiver, chance=os.urandom).encrypt(message.encode())
    assert PrpCrypto(read_key(KEY)).decrypt(ours, receiver) == message


@given(st.text("0123456789abcdef", min_size=1, max_size=20))
def test_whole_envelopes_agree(nonce: str) -> None:
    theirs = WeChatCrypto(TOKEN, KEY, CORP)
    ours = Envelope(TOKEN, KEY, CORP, chance=os.urandom)
    sealed = parse_xml(theirs.encrypt_message("<xml/>", nonce, "1700000000").encode())
    cipher_text = sealed.findtext("Encrypt") or ""
    ours.verify(sealed.findtext("MsgSignature") or "", "1700000000", nonce, cipher_text)
    assert ours.decrypt(cipher_text) == b"<xml/>"

    cipher_text, signature = ours.seal(b"<xml/>", "1700000000", nonce)
    envelope = ET.Element("xml")
    ET.SubElement(envelope, "Encrypt").text = cipher_text
    body = ET.tostring(envelope).decode()
    assert theirs.decrypt_message(body, signature, "1700000000", nonce) == "<xml/>"


def test_both_refuse_another_corp() -> None:
    cipher_text = Envelope(TOKEN, KEY, "wx_other", chance=os.urandom).encrypt(b"x")
    with pytest.raises(CryptoError):
        Envelope(TOKEN, KEY, CORP, chance=os.urandom).decrypt(cipher_text)
    with pytest.raises(InvalidCorpIdException):
        PrpCrypto(read_key(KEY)).decrypt(cipher_text, CORP)


@given(st.binary(min_size=1, max_size=300), st.binary(min_size=32, max_size=32))
def test_the_official_sdk_reads_our_media(data: bytes, key: bytes) -> None:
    text = base64.b64encode(key).decode().rstrip("=")
    assert decrypt_file(Aes(key).encrypt(data), text) == data
    assert read_key(text) == key
