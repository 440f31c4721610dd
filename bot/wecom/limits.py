"""Every number the platform sets, with the page of developer.work.weixin.qq.com it stands on.

Sizes are bytes unless the name says characters; times are seconds.
"""

from dataclasses import dataclass
from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB

# -- callbacks -------------------------------------------------------------------------------
BODY: Final = MIB  # ours: an honest callback is a few KiB
BODY_SECONDS: Final = 10  # ours: who sends a body slower than that is not the platform
FRESH: Final = 600  # ours: a callback older or newer than this is refused
NONCE_MEMORY: Final = 2 * 3600  # page 101033: a nonce is unique for two hours
NONCES: Final = 200_000  # ours: bound of the memory

# -- texts -----------------------------------------------------------------------------------
BOT_TEXT: Final = 20_480  # pages 101031, 101138, 101463: stream and markdown content
WEBHOOK_TEXT: Final = 4096  # page 99110: markdown
APP_TEXT: Final = 2048  # page 90236: text and markdown; page 90241: passive text

# -- rates, per conversation -----------------------------------------------------------------
BOT_PER_MINUTE: Final = 30  # page 101463, replies and pushes together
BOT_PER_HOUR: Final = 1000
WEBHOOK_PER_MINUTE: Final = 20  # page 99110, per webhook
APP_PER_MINUTE: Final = 30  # page 90236, per member; the excess is dropped without an error
APP_PER_HOUR: Final = 1000
PUSH_ACK: Final = 30  # ours: what is not acknowledged by then is parked (decision 0003)
BLOCKED: Final = 60  # page 90454: a minute limit blocks for a minute

# -- pictures and files ----------------------------------------------------------------------
PICTURE: Final = 2 * MIB  # page 99110; 10 MB elsewhere, but ours are drawn smaller than this
FILE: Final = 20 * MIB  # pages 90253, 99110, 101463
MEDIA_LEAST: Final = 5  # page 90253: a file has more than five bytes
MEDIA_LIFE: Final = 24 * 3600  # page 90253 says three days; one is plenty
DOWNLOAD: Final = 20 * MIB  # ours; page 100719 allows 100 MB
CHUNK: Final = 512 * KIB  # page 101463, before base64
CHUNKS: Final = 100  # page 101463

# -- tokens and addresses --------------------------------------------------------------------
TOKEN_EARLY: Final = 300  # ours: a token is renewed this long before it ends
REPLY_URL: Final = 3600  # page 101138: one call within an hour
DUPLICATE_CHECK: Final = 1800  # page 90236: default of duplicate_check_interval
STREAM_LIFE: Final = 600  # page 101031 says six minutes; ten for safety

# -- cards (pages 101032 and 90236), list sizes and bytes are hard -----------------------------
CARD_BUTTONS: Final = 6
CARD_LINES: Final = 6
CARD_LINKS: Final = 3
CARD_SELECTS: Final = 3
SELECT_CHOICES: Final = 10
TICK_CHOICES: Final = 20
CARD_KEY: Final = 1024
CARD_OPTION_ID: Final = 128
CARD_TASK: Final = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class CardLengths:
    """Characters after which a client cuts a card's words; we cut there ourselves, visibly."""

    title: int
    desc: int
    body: int
    value: int
    jump: int
    keyname: int = 5
    button: int = 10
    select: int = 13
    choice: int = 10
    tick: int = 11


BOT_CARD: Final = CardLengths(title=26, desc=30, body=112, value=26, jump=13)  # page 101032
APP_CARD: Final = CardLengths(title=36, desc=44, body=160, value=30, jump=18)  # page 90236
