"""``check``: the doctor. One line per finding in plain Chinese; exit code 1 on trouble."""

import argparse
import asyncio
import random
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from aiohttp import ClientSession
from sqlalchemy.exc import SQLAlchemyError

from bot.clock import SystemClock
from bot.keys import key_file, open_vault
from bot.papers.fonts import missing_glyphs
from bot.wecom.doctor import Finding as WecomFinding
from bot.wecom.doctor import check_app, check_key, check_link
from bot.wecom.link import Account, Link, Unshared
from bot.wecom.rest import AppRest, Rest, new_session
from config.rules import read_rules
from config.settings import Settings
from config.texts import catalogue, t
from models.calendar import WorkCalendar, read_calendar
from models.process import somebody_runs
from models.store.engine import Store
from models.store.schema import head, revision
from models.vault import key_name, keys_in_use

OLDEST_SQLITE = (3, 35, 0)
"""RETURNING, which the numbers of records need."""
WARN_FROM = (11, 1)
"""From this day on next year's calendar is asked for (PRODUCT.md 0.6)."""


class Mark(StrEnum):
    """How a finding is to be taken; the words are texts."""

    GOOD = "good"
    NOTE = "note"  # good to know
    BAD = "bad"  # makes the exit code 1


@dataclass(frozen=True, slots=True)
class Finding:
    """One line."""

    key: str
    params: Mapping[str, Any] = field(default_factory=dict)
    mark: Mark = Mark.GOOD


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
        print(f"{t(f'check.{finding.mark}')} {t(finding.key, **finding.params)}")
    return int(any(finding.mark is Mark.BAD for finding in findings))


def _settings(settings: Settings) -> Iterator[Finding]:
    doors = {
        "check.link": settings.has_link,
        "check.aibot": settings.has_aibot_callback,
        "check.app": settings.has_app,
        "check.app_callback": settings.has_app_callback,
    }
    if not any(doors.values()):
        yield Finding("settings.no_channel", mark=Mark.BAD)
    for key, there in doors.items():
        mark = Mark.GOOD if there else Mark.NOTE
        yield Finding(key, {"state": t("check.on" if there else "check.off")}, mark)
    read_rules(settings.rules_file)
    if not settings.secret_key:
        mark = Mark.NOTE if settings.database_url.startswith("sqlite") else Mark.BAD
        yield Finding("check.no_secret_key", mark=mark)
    if not settings.data_keys and key_file(settings) is None:
        yield Finding("check.no_data_keys", mark=Mark.NOTE)
    for name, key in (
        ("ZBT_AIBOT_AES_KEY", settings.aibot_aes_key),
        ("ZBT_APP_AES_KEY", settings.app_aes_key),
    ):
        if key:
            yield _of(check_key(name, key))


def _database(settings: Settings) -> Iterator[Finding]:
    if settings.database_url.startswith("sqlite") and sqlite3.sqlite_version_info < OLDEST_SQLITE:
        yield Finding("check.sqlite_old", {"version": sqlite3.sqlite_version}, Mark.BAD)
        return
    store = Store(settings.database_url)
    try:
        with store.writer.connect() as connection:
            known = revision(connection)
        if known != head():
            yield Finding("check.schema", {"have": known or "—", "want": head()}, Mark.BAD)
            return
        yield Finding("check.database_ok", {"revision": known})
        with store.reading() as session:
            calendar = read_calendar(session)
            used = keys_in_use(session)
        yield from _keys(settings, used)
        yield from _calendar(calendar, SystemClock().now().astimezone(settings.timezone).date())
    except SQLAlchemyError:
        yield Finding("check.database_away", mark=Mark.BAD)
    finally:
        store.close()


def _keys(settings: Settings, used: Mapping[str, int]) -> Iterator[Finding]:
    """Whether everything that is sealed can be opened."""
    path = key_file(settings)
    if path is not None and not path.exists():
        known = []
    else:
        known = [key_name(key) for key in open_vault(settings).ring()]
    lost = {key: rows for key, rows in used.items() if key not in known}
    for key, rows in lost.items():
        yield Finding("check.data_key_lost", {"key": key, "rows": rows}, Mark.BAD)
    if known and not lost:
        yield Finding("check.data_keys", {"count": len(known)})


def _calendar(calendar: WorkCalendar, today: date) -> Iterator[Finding]:
    settled = calendar.is_settled(today)
    key = "check.calendar_ok" if settled else "check.calendar_missing"
    yield Finding(key, {"year": today.year}, Mark.GOOD if settled else Mark.BAD)
    next_year = date(today.year + 1, 1, 1)
    if (today.month, today.day) >= WARN_FROM and not calendar.is_settled(next_year):
        yield Finding("check.calendar_next", {"year": next_year.year}, Mark.NOTE)


async def _wecom(settings: Settings) -> list[Finding]:
    found = []
    async with new_session(settings.api_base) as session:
        if settings.has_link:
            found.append(await _link(settings, session))
        if settings.has_app:
            rest = Rest(session, settings.api_base)
            app = AppRest(rest, settings.corp_id, settings.app_secret, clock=SystemClock())
            found.append(_of(await check_app(app)))
    return found


async def _link(settings: Settings, session: ClientSession) -> Finding:
    """Try the long connection, unless a running process holds it."""
    if await asyncio.to_thread(_attended, settings):
        return Finding("check.link_running", mark=Mark.NOTE)
    link = Link(
        session,
        Account(url=settings.aibot_ws_url, bot_id=settings.aibot_id, secret=settings.aibot_secret),
        clock=SystemClock(),
        permit=Unshared(),
        chance=random.SystemRandom(),
    )
    return _of(await check_link(link))


def _attended(settings: Settings) -> bool:
    store = Store(settings.database_url)
    try:
        with store.reading() as session:
            return somebody_runs(session, SystemClock().now())
    except SQLAlchemyError:
        return False
    finally:
        store.close()


def _of(found: WecomFinding) -> Finding:
    return Finding(found.key, found.params, Mark.GOOD if found.ok else Mark.BAD)


def _fonts() -> Iterator[Finding]:
    try:
        missing = missing_glyphs("".join(v for v in catalogue().values() if isinstance(v, str)))
    except OSError:
        yield Finding("check.font_missing", mark=Mark.BAD)
        return
    if missing:
        yield Finding("check.font_glyphs", {"characters": missing[:20]}, Mark.NOTE)
    else:
        yield Finding("check.font_ok")
