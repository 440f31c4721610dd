"""Settings of one installation, read once from the environment and ``.env`` (DESIGN.md 5).

Every name is contract. Problems are collected, not raised one by one: each is a key of
``config/texts`` (``settings.*``) with its placeholders, so that the operator reads all of them in
Chinese at once.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from config.texts import t

DEFAULT_DATABASE = "sqlite:///var/zhibutong.db"
DEFAULT_API = "https://qyapi.weixin.qq.com"
DEFAULT_OAUTH = "https://open.weixin.qq.com"
DEFAULT_WS = "wss://openws.work.weixin.qq.com"
AES_KEY_CHARS = 43
DATA_KEY_BYTES = 32


class SettingsError(Exception):
    """The settings cannot be used; ``problems`` are Chinese sentences, one per problem."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One installation. Secrets never show in ``repr``. An empty value means: not set."""

    database_url: str = DEFAULT_DATABASE
    listen_host: str = "127.0.0.1"
    listen_port: int = 8080
    public_url: str = "http://127.0.0.1:8080"
    secret_key: str = field(default="", repr=False)
    data_keys: tuple[bytes, ...] = field(default=(), repr=False)
    bot_names: tuple[str, ...] = field(default_factory=lambda: (t("web.name"),))
    corp_id: str = ""
    app_agent_id: int = 0
    app_secret: str = field(default="", repr=False)
    app_token: str = field(default="", repr=False)
    app_aes_key: str = field(default="", repr=False)
    aibot_token: str = field(default="", repr=False)
    aibot_aes_key: str = field(default="", repr=False)
    aibot_id: str = ""
    aibot_secret: str = field(default="", repr=False)
    aibot_ws_url: str = DEFAULT_WS
    aibot_ping_seconds: float = 30.0
    api_base: str = DEFAULT_API
    oauth_base: str = DEFAULT_OAUTH
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    rules_file: str = ""

    @property
    def has_link(self) -> bool:
        """The smart bot by long connection is set up."""
        return bool(self.aibot_id and self.aibot_secret)

    @property
    def has_aibot_callback(self) -> bool:
        """The smart bot by callback URL is set up."""
        return bool(self.aibot_token and self.aibot_aes_key)

    @property
    def has_app(self) -> bool:
        """The self-built app can push."""
        return bool(self.corp_id and self.app_agent_id and self.app_secret)

    @property
    def has_app_callback(self) -> bool:
        """The self-built app can hear."""
        return bool(self.corp_id and self.app_token and self.app_aes_key)

    @property
    def data_dir(self) -> Path:
        """Where everything kept lies on SQLite: the folder of the database file; else ``var``."""
        path = sqlite_path(self.database_url)
        return path.parent if path else Path("var")


def sqlite_path(database_url: str) -> Path | None:
    """The file of a SQLite URL, or None for another database."""
    scheme, _, rest = database_url.partition("://")
    if not scheme.startswith("sqlite"):
        return None
    return Path(rest.removeprefix("/"))


class _Reader:
    """Takes values out of an environment and notes every problem."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        return self._environ.get(name, "").strip() or default

    def names(self, name: str, default: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in self.text(name, default).split(",") if part.strip())

    def number(self, name: str, default: float) -> float:
        raw = self.text(name)
        try:
            return float(raw) if raw else default
        except ValueError:
            self.problems.append(t("settings.number", name=name))
            return default

    def address(self, name: str, default: str, schemes: tuple[str, ...]) -> str:
        value = self.text(name, default).rstrip("/")
        parts = urlsplit(value)
        if parts.scheme not in schemes or not parts.netloc:
            self.problems.append(t("settings.address", name=name, schemes="、".join(schemes)))
            return default
        return value

    def aes_key(self, name: str) -> str:
        value = self.text(name)
        if value and (len(value) != AES_KEY_CHARS or not value.isalnum()):
            self.problems.append(t("settings.aes_key", name=name, chars=AES_KEY_CHARS))
            return ""
        return value

    def data_keys(self, name: str) -> tuple[bytes, ...]:
        keys = []
        for number, raw in enumerate(self.names(name, ""), 1):
            try:
                key = base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4))
            except (binascii.Error, ValueError):
                key = b""
            if len(key) != DATA_KEY_BYTES:
                self.problems.append(t("settings.data_key", name=name, number=number))
                continue
            keys.append(key)
        return tuple(keys)

    def listen(self, name: str) -> tuple[str, int]:
        host, _, port = self.text(name, "127.0.0.1:8080").rpartition(":")
        if not port.isdigit() or int(port) > 65535:  # noqa: PLR2004  (the highest TCP port)
            self.problems.append(t("settings.listen", name=name))
            return "127.0.0.1", 8080
        return host.strip("[]") or "127.0.0.1", int(port)

    def zone(self, name: str) -> ZoneInfo:
        value = self.text(name, "Asia/Shanghai")
        try:
            return ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            self.problems.append(t("settings.timezone", name=name))
            return ZoneInfo("Asia/Shanghai")


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Settings from an environment; raises ``SettingsError`` with every problem found."""
    read = _Reader(environ)
    host, port = read.listen("ZBT_LISTEN")
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104  (only compared)
    settings = Settings(
        database_url=read.text("ZBT_DATABASE_URL", DEFAULT_DATABASE),
        listen_host=host,
        listen_port=port,
        public_url=read.address("ZBT_PUBLIC_URL", f"http://{shown}:{port}", ("http", "https")),
        secret_key=read.text("ZBT_SECRET_KEY"),
        data_keys=read.data_keys("ZBT_DATA_KEYS"),
        bot_names=read.names("ZBT_BOT_NAME", t("web.name")),
        corp_id=read.text("ZBT_CORP_ID"),
        app_agent_id=int(read.number("ZBT_APP_AGENT_ID", 0)),
        app_secret=read.text("ZBT_APP_SECRET"),
        app_token=read.text("ZBT_APP_TOKEN"),
        app_aes_key=read.aes_key("ZBT_APP_AES_KEY"),
        aibot_token=read.text("ZBT_AIBOT_TOKEN"),
        aibot_aes_key=read.aes_key("ZBT_AIBOT_AES_KEY"),
        aibot_id=read.text("ZBT_AIBOT_ID"),
        aibot_secret=read.text("ZBT_AIBOT_SECRET"),
        aibot_ws_url=read.address("ZBT_AIBOT_WS_URL", DEFAULT_WS, ("ws", "wss")),
        aibot_ping_seconds=read.number("ZBT_AIBOT_PING_SECONDS", 30.0),
        api_base=read.address("ZBT_WECOM_API_BASE", DEFAULT_API, ("http", "https")),
        oauth_base=read.address("ZBT_WECOM_OAUTH_BASE", DEFAULT_OAUTH, ("http", "https")),
        timezone=read.zone("ZBT_TIMEZONE"),
        rules_file=read.text("ZBT_RULES_FILE"),
    )
    if not settings.database_url.startswith(("sqlite:///", "postgresql://", "postgres://")):
        read.problems.append(t("settings.database", name="ZBT_DATABASE_URL"))
    if read.problems:
        raise SettingsError(read.problems)
    return settings
