"""``run``: production. SIGTERM and SIGINT finish what is in hand and end with 0."""

import argparse
import asyncio
import signal

from bot.app import build
from bot.cli import say
from bot.cli.data import ready_store
from bot.tune import tune
from config.settings import Settings
from config.texts import t


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Serve until told to stop; the schema has to be at head, SQLite is brought there."""
    del args
    has_door = settings.has_link or settings.has_aibot_callback or settings.has_app
    if not (has_door or settings.has_app_callback):
        say(t("settings.no_channel"))
        return 1
    ready_store(settings).close()
    asyncio.run(_serve(settings))
    return 0


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    async with build(settings):
        tune()
        await stop.wait()
