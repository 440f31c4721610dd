"""The platform's numbers, each with the page of the developer site that states it.

The simulator keeps its own list on purpose: a figure that is wrong in ``bot/wecom`` must meet the
right one here. Sizes are bytes of UTF-8 unless named otherwise, times are seconds.
"""

from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * 1024

# Smart bot: pages 101031 (passive), 101138 (response_url), 101463 (long connection).
BOT_CONTENT: Final = 20_480
BOT_FEEDBACK_ID: Final = 256
STREAM_IMAGES: Final = 10
STREAM_IMAGE_BYTES: Final = 10 * MIB
POLLING_ENDS: Final = 360
REPLY_URL_LIFE: Final = 3600
REPLY_WINDOW: Final = 24 * 3600
EVENT_WINDOW: Final = 5
CONVERSATION_PER_MINUTE: Final = 30
CONVERSATION_PER_HOUR: Final = 1000
FILE_URL_LIFE: Final = 300

# Upload over the socket: page 101463.
UPLOAD_LIFE: Final = 30 * 60
UPLOAD_CHUNK: Final = 512 * KIB
UPLOAD_CHUNKS: Final = 100
UPLOADS_PER_MINUTE: Final = 30
UPLOADS_PER_HOUR: Final = 1000

# Media: page 90253 (app) and 91770 (webhook).
MEDIA_LEAST: Final = 5
MEDIA_MOST: Final = {"image": 10 * MIB, "voice": 2 * MIB, "video": 10 * MIB, "file": 20 * MIB}
MEDIA_LIFE: Final = 3 * 24 * 3600
VIDEO_TITLE: Final = 64

# App: pages 91039 (token), 90236 (send), 94888 (update), 94867 (recall), 96441 (OAuth), 90241.
TOKEN_LIFE: Final = 7200
APP_TEXT: Final = 2048
APP_RECIPIENTS: Final = 1000
APP_PARTIES: Final = 100
APP_PER_MINUTE: Final = 30
APP_PER_HOUR: Final = 1000
DUPLICATE_INTERVAL: Final = 1800
DUPLICATE_INTERVAL_MOST: Final = 14_400
CODE_LIFE: Final = 72 * 3600
RECALL_WINDOW: Final = 24 * 3600
OAUTH_CODE_LIFE: Final = 300
OAUTH_STATE: Final = 128

# Group webhook: page 91770.
WEBHOOK_TEXT: Final = 2048
WEBHOOK_MARKDOWN: Final = 4096
WEBHOOK_IMAGE: Final = 2 * MIB
WEBHOOK_PER_MINUTE: Final = 20
WEBHOOK_BLOCK: Final = 60
NEWS_TITLE: Final = 128
NEWS_DESCRIPTION: Final = 512
NEWS_ARTICLES: Final = 8

# appchat: page 90245.
APPCHAT_LEAST: Final = 2
APPCHAT_MOST: Final = 2000

# Cards: pages 101032 (smart bot) and 90236 (app).
TASK_ID: Final = 128
CARD_KEY: Final = 1024
OPTION_ID: Final = 128
SMART_REPLY: Final = 200
