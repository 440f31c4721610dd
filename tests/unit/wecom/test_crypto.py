"""The envelope: public vectors, and every way to break it."""

import base64
import contextlib
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.wecom.crypto import (
    BAD_BASE64,
    BAD_BUFFER,
    BAD_CIPHER,
    BAD_KEY,
    BAD_RECEIVER,
    BAD_SIGNATURE,
    Aes,
    CryptoError,
    Envelope,
    read_key,
    sign,
)

A = Envelope(
    "QDG6eK",
    "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
    "wx5823bf96d3bd56c7",
    chance=os.urandom,
)
A_ECHO = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
A_MESSAGE = (
    "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUp"
    "j911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue"
    "06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+"
    "3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH"
    "27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8"
    "R07+qN+E7Q=="
)
B = Envelope(
    "hJqcu3uJ9Tn2gXPmxx2w9kkCkCE2EPYo",
    "6qkdMrq68nTKduznJYO1A37W2oEgpkMUvkttRToqhUt",
    "ww1436e0e65a779aee",
    chance=os.urandom,
)
B_ECHO = "fsi1xnbH4yQh0+PJxcOdhhK6TDXkjMyhEPA7xB2TGz6b+g7xyAbEkRxN/3cNXW9qdqjnoVzEtpbhnFyq6SVHyA=="
B_XML = (
    "Kl7kjoSf6DMD1zh7rtrHjFaDapSCkaOnwu3bqLc5tAybhhMl9pFeK8NslNPVdMwmBQTNoW4mY7AIjeLvEl3NyeTkAgGz"
    "BhzTtRLNshw2AEew+kkYcD+Fq72Kt00fT0WnN87hGrW8SqGc+NcT3mu87Ha3dz1pSDi6GaUA6A0sqfde0VJPQbZ9U+3J"
    "WcoD4Z5jaU0y9GSh010wsHF8KZD24YhmZH4ch4Ka7ilEbjbfvhKkNL65HHL0J6EYJIZUC2pFrdkJ7MhmEbU2qARR4iQH"
    "E7wy24qy0cRX3Mfp6iELcDNfSsPGjUQVDGxQDCWjayJOpcwocugux082f49HKYg84EpHSGXAyh+/oxwaWbvL6aSDPOYu"
    "PDGOCI8jmnKiypE+"
)
B_JSON = (
    "cjhLUX7UU4yCSelv1vz7T0zT8huF51bAMVWriNvO1FMegHrQZNrtvRxbwf0fUPsFvwqR0U0fgiJNEA5Y30F2MoI2S7vv"
    "3EjVQ68C0cjw9frBoUE2Hj0BvFp9h3u6Vbsg4lc1C8AtHdaN8orKuNKkLRLuYEL52R1J3v8olJGZRLnRdVKIivixmX/e"
    "QpzgeExtp20jI1HxRP1AAZ6xZoILdqDPO549LO4WeG+685JRUTdiwcY5fjZlqeMxuT4PpMn1X9OWsS7NRj06Wa5E3Tvg"
    "4twjWp39KPfOdRte6P1T4JU="
)
C = Envelope("xxx", "x" * 43, "", chance=os.urandom)
C_ECHO = "oCdlC8pJ/DIjXnC8F9reyjDYlSImCmIgxA4prPD+l2Fj5qBHjFiWnpelQofsDCJrSEvNVTET6oQmoXLQxzUkyQ=="
D_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
D = Envelope("kat_token", D_KEY, "", chance=lambda _n: b"0123456789abcdef")
D_MESSAGE = '{"msgtype":"text","text":{"content":"@RobotA /ping 你好"}}'
D_CIPHER = (
    "Q3stYC6hdFzMh9T8HCvyDGCHvnez1doYmWswo9QOBjpsAGJv3g6KBjMb5EFMXLmOU8pPiXX4h8h0oWaj0iFOGl4wSp/V"
    "dZx0Mp9P8lsQR/Tdj+XGYX8DtnmpoVP9BA7Y"
)
VECTORS = [
    (A, "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3", "1409659589", "263014780", A_ECHO),
    (A, "477715d11cdb4164915debcba66cb864d751f3e6", "1409659813", "1372623149", A_MESSAGE),
    (B, "012bc692d0a58dd4b10f8dfe5c4ac00ae211ebeb", "1476416373", "47744683", B_ECHO),
    (B, "0c3914025cb4b4d68103f6bfc8db550f79dcf48e", "1476422779", "1597212914", B_XML),
    (B, "e3647471e395139e2308c1fa963f2d648a00b90e", "1409659813", "1372623149", B_JSON),
    (C, "09380007d4f0891d966988e5450ad794c77fa01c", "1703041184", "1703023880", C_ECHO),
    (D, "8e86b165ccbf0c74a1dfeec9bdcffb62ad4a97d2", "1700000000", "nonce123", D_CIPHER),
]


@pytest.mark.parametrize(("envelope", "signature", "timestamp", "nonce", "cipher_text"), VECTORS)
def test_the_public_signatures_hold(
    envelope: Envelope, signature: str, timestamp: str, nonce: str, cipher_text: str
) -> None:
    envelope.verify(signature, timestamp, nonce, cipher_text)


@pytest.mark.parametrize(
    ("envelope", "cipher_text", "message"),
    [
        (A, A_ECHO, "1616140317555161061"),
        (B, B_ECHO, "1288432023552776189"),
        (C, C_ECHO, "6534946348215556778"),
        (D, D_CIPHER, D_MESSAGE),
    ],
)
def test_the_public_echoes_are_read(envelope: Envelope, cipher_text: str, message: str) -> None:
    assert envelope.decrypt(cipher_text).decode() == message


def test_the_public_messages_are_read() -> None:
    xml = A.decrypt(A_MESSAGE).decode()
    assert "<Content><![CDATA[hello]]></Content>" in xml
    assert "4561255354251345929" in xml
    assert "<Content>你好</Content>" in B.decrypt(B_XML).decode()
    assert ':mycreate"' in B.decrypt(B_JSON).decode()


def test_the_same_prefix_gives_the_same_cipher_text() -> None:
    assert D.encrypt(D_MESSAGE.encode()) == D_CIPHER
    assert D.seal(D_MESSAGE.encode(), "1700000000", "nonce123") == (
        D_CIPHER,
        "8e86b165ccbf0c74a1dfeec9bdcffb62ad4a97d2",
    )


def test_media_have_no_prefix() -> None:
    cipher = base64.b64decode("3IxR5GOsiCEPBuNtplnyu6jqw4RMcMhXeUcZVXjbzog=")
    assert Aes(read_key(D_KEY)).decrypt(cipher) == b"hello wecom file"
    assert Aes(read_key(D_KEY)).encrypt(b"hello wecom file") == cipher


@given(st.binary(max_size=300))
def test_what_is_sealed_can_be_opened(message: bytes) -> None:
    assert D.decrypt(D.encrypt(message)) == message


@given(st.binary(max_size=200))
def test_media_round_trip(data: bytes) -> None:
    aes = Aes(read_key(D_KEY))
    assert aes.decrypt(aes.encrypt(data)) == data


@pytest.mark.parametrize("position", range(40))
def test_no_digit_of_the_signature_may_differ(position: int) -> None:
    right = sign("kat_token", "1700000000", "nonce123", D_CIPHER)
    digit = "0" if right[position] != "0" else "1"
    with pytest.raises(CryptoError) as caught:
        D.verify(
            right[:position] + digit + right[position + 1 :], "1700000000", "nonce123", D_CIPHER
        )
    assert caught.value.code == BAD_SIGNATURE


@pytest.mark.parametrize("signature", ["", "8E86", "签名", "\ud800", "8" * 10_000])
def test_a_signature_of_any_shape_is_only_wrong(signature: str) -> None:
    with pytest.raises(CryptoError):
        D.verify(signature, "1700000000", "nonce123", D_CIPHER)


def _forge(plain: bytes) -> str:
    """Encrypt any padded plaintext, as somebody with the key could."""
    from cryptography.hazmat.primitives.ciphers import (  # noqa: PLC0415  (only for forging)
        Cipher,
        algorithms,
        modes,
    )

    key = read_key(D_KEY)
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()


def _padded(plain: bytes) -> bytes:
    count = 32 - len(plain) % 32
    return plain + bytes([count]) * count


BODY = b"p" * 16 + (5).to_bytes(4, "big") + b"hello"


@pytest.mark.parametrize(
    ("cipher_text", "code"),
    [
        ("", BAD_CIPHER),
        ("no base64 at all", BAD_BASE64),
        ("密文", BAD_BASE64),
        ("AAAA", BAD_CIPHER),
        (_forge(_padded(BODY)[:-1] + b"\x00"), BAD_CIPHER),
        (_forge(_padded(BODY)[:-1] + b"\x21"), BAD_CIPHER),
        (_forge(_padded(BODY)[:-2] + b"\x01\x02"), BAD_CIPHER),
        (_forge(b"\x20" * 16), BAD_CIPHER),
        (_forge(_padded(b"short")), BAD_BUFFER),
        (_forge(_padded(b"p" * 16 + (6).to_bytes(4, "big") + b"hello")), BAD_BUFFER),
        (_forge(_padded(b"p" * 16 + b"\xff\xff\xff\xff" + b"hello")), BAD_BUFFER),
        (_forge(_padded(b"p" * 16 + (4).to_bytes(4, "big") + b"hello")), BAD_RECEIVER),
        (_forge(_padded(BODY + b"wx_other_corp")), BAD_RECEIVER),
    ],
)
def test_each_way_of_tampering_has_its_code(cipher_text: str, code: int) -> None:
    with pytest.raises(CryptoError) as caught:
        D.decrypt(cipher_text)
    assert caught.value.code == code


def test_every_pad_byte_counts() -> None:
    good = _padded(BODY)
    for position in range(len(BODY), len(good)):
        bad = bytearray(good)
        bad[position] ^= 0x40
        with pytest.raises(CryptoError):
            D.decrypt(_forge(bytes(bad)))


@given(st.integers(0, 95), st.integers(0, 7))
def test_a_flipped_bit_is_never_taken_for_the_message(position: int, bit: int) -> None:
    data = bytearray(base64.b64decode(D_CIPHER))
    data[position] ^= 1 << bit
    with contextlib.suppress(CryptoError):
        assert D.decrypt(base64.b64encode(data).decode()) != D_MESSAGE.encode()


KEY_BYTES = bytes(range(224, 256))


@pytest.mark.parametrize(
    "text",
    [
        base64.b64encode(KEY_BYTES).decode(),
        base64.b64encode(KEY_BYTES).decode().rstrip("="),
        base64.urlsafe_b64encode(KEY_BYTES).decode().rstrip("="),
        KEY_BYTES.hex(),
        KEY_BYTES.hex().upper(),
        f" {KEY_BYTES.hex()}\n",
    ],
)
def test_keys_are_read_in_every_spelling_seen(text: str) -> None:
    assert read_key(text) == KEY_BYTES


@pytest.mark.parametrize("text", ["", "short", "x" * 42, "x" * 44, "密" * 43, "!" * 43])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(CryptoError) as caught:
        read_key(text)
    assert caught.value.code == BAD_KEY
