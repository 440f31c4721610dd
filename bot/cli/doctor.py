"""``check``: the doctor. One line per finding in plain Chinese; exit code 1 on trouble."""

import argparse
import asyncio
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from bot.clock import SystemClock
from bot.papers.fonts import missing_glyphs
from bot.wecom.doctor import check_app, check_key
from bot.wecom.rest import AppRest, Rest, new_session
from config.rules import read_rules
from config.settings import Settings
from config.texts import catalogue, t
from models.calendar import WorkCalendar, read_calendar
from models.store.engine import Store
from models.store.schema import head, revision

OLDEST_SQLITE = (3, 35, 0)
"""RETURNING, which the numbers of records need."""
WARN_FROM = (11, 1)
"""From this day on next year's calendar is asked for (PRODUCT.md 0.6)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. ``bad`` ones make the exit code 1; the others are good, or good to know."""

    key: str
    params: Mapping[str, Any] = field(default_factory=dict)
    bad: bool = False


def check(args: argparse.Namespace, settings: Settings) -> int:
    """Look at settings, database, schema, WeCom, calendar and fonts."""
    del args
    findings = [
        *_settings(settings),
        *_database(settings),
        *asyncio.run(_wecom(settings)),
        *_fonts(),
    ]
    for finding in findings:
        mark = t("check.bad" if finding.bad else "check.good")
        print(f"{mark} {t(finding.key, **finding.params)}")
    return int(any(finding.bad for finding in findings))


def _settings(settings: Settings) -> Iterator[Finding]:
    doors = {
        "check.link": settings.has_link,
        "check.aibot": settings.has_aibot_callback,
        "check.app": settings.has_app,
        "check.app_callback": settings.has_app_callback,
    }
    if not any(doors.values()):
        yield Finding("settings.no_channel", bad=True)
    for key, there in doors.items():
        yield Finding(key, {"state": t("check.on" if there else "check.off")})
    read_rules(settings.rules_file)
    if not settings.secret_key:
        yield Finding("check.no_secret_key", bad=not settings.database_url.startswith("sqlite"))
    if not settings.data_keys:
        yield Finding("check.no_data_keys")
    for name, key in (
        ("ZBT_AIBOT_AES_KEY", settings.aibot_aes_key),
        ("ZBT_APP_AES_KEY", settings.app_aes_key),
    ):
        if key:
            found = check_key(name, key)
            yield Finding(found.key, found.params, bad=not found.ok)


def _database(settings: Settings) -> Iterator[Finding]:
    if settings.database_url.startswith("sqlite") and sqlite3.sqlite_version_info < OLDEST_SQLITE:
        yield Finding("check.sqlite_old", {"version": sqlite3.sqlite_version}, bad=True)
        return
    store = Store(settings.database_url)
    try:
        with store.writer.connect() as connection:
            known = revision(connection)
        if known != head():
            yield Finding("check.schema", {"have": known or "—", "want": head()}, bad=True)
            return
        yield Finding("check.database_ok", {"revision": known})
        with store.reading() as session:
            calendar = read_calendar(session)
        yield from _calendar(calendar, SystemClock().now().astimezone(settings.timezone).date())
    except SQLAlchemyError:
        yield Finding("check.database_away", bad=True)
    finally:
        store.close()


def _calendar(calendar: WorkCalendar, today: date) -> Iterator[Finding]:
    settled = calendar.is_settled(today)
    key = "check.calendar_ok" if settled else "check.calendar_missing"
    yield Finding(key, {"year": today.year}, bad=not settled)
    next_year = date(today.year + 1, 1, 1)
    if (today.month, today.day) >= WARN_FROM and not calendar.is_settled(next_year):
        yield Finding("check.calendar_next", {"year": next_year.year})


async def _wecom(settings: Settings) -> list[Finding]:
    if not settings.has_app:
        return []
    async with new_session(settings.api_base) as session:
        rest = Rest(session, settings.api_base)
        app = AppRest(rest, settings.corp_id, settings.app_secret, clock=SystemClock())
        found = await check_app(app)
    return [Finding(found.key, found.params, bad=not found.ok)]


def _fonts() -> Iterator[Finding]:
    try:
        missing = missing_glyphs("".join(v for v in catalogue().values() if isinstance(v, str)))
    except OSError:
        yield Finding("check.font_missing", bad=True)
        return
    if missing:
        yield Finding("check.font_glyphs", {"characters": missing[:20]})
    else:
        yield Finding("check.font_ok")
