"""Talking to the product without a platform between: the same dispatcher, many times a second.

For long stories; how it looks through WeCom is told by the scripts that use the desk.
"""

from dataclasses import dataclass, field
from datetime import datetime

from bot.app import Runtime, build
from bot.channel import Abilities, Answer, Click, Dialect, Incoming
from bot.clock import FixedClock
from config.rules import Rules
from config.settings import read_settings
from models.store.engine import Store
from tests.process import free_port
from tests.world import PATIENT, Company, inline

ABILITIES = Abilities(
    answer_bytes=1_000_000, answer_cards=True, answer_dialect=Dialect.FULL, click_text=True
)


@dataclass
class Talker:
    """A product on a database, with time that stands still until it is moved."""

    url: str
    start: datetime
    company: Company = field(default_factory=Company)
    rules: Rules = PATIENT
    count: int = 0

    async def open(self, *, serve: bool = False) -> None:
        """Write the small company and start the product: with its pages only if asked."""
        self.clock = FixedClock(self.start)
        self.store = Store(self.url)
        with self.store.writing() as session:
            self.company.write(session)
        environment = {
            "ZBT_DATABASE_URL": self.url,
            "ZBT_LISTEN": f"127.0.0.1:{free_port()}",
            "ZBT_SECRET_KEY": "a key for tests",
            "ZBT_DATA_KEYS": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        }
        self.runtime: Runtime = build(
            read_settings(environment), clock=self.clock, executor=inline, rules=self.rules
        )
        await self.runtime.start(serve=serve, listen=False, deliver=False)

    async def close(self) -> None:
        """Stop it."""
        await self.runtime.stop()
        self.store.close()

    async def say(self, userid: str, text: str, chat: str = "") -> str:
        """Say something and read the text of the answer (and of its card)."""
        return words(await self._send(userid, chat, text=text))

    async def tap(self, userid: str, action: str) -> str:
        """Press a button."""
        return words(await self._send(userid, "", click=Click("task", action)))

    async def _send(
        self, userid: str, chat: str, *, text: str = "", click: Click | None = None
    ) -> Answer | None:
        self.count += 1
        incoming = Incoming(
            "test", f"test:{self.count}", userid, self.clock.now(), chat, text, click=click
        )
        return await self.runtime.handle(incoming, ABILITIES)


def words(answer: Answer | None) -> str:
    """Everything an answer says."""
    if answer is None:
        return ""
    cards = [card for card in (answer.card, answer.update) if card is not None]
    said = [f"{card.title}\n{card.desc}\n{card.body}" for card in cards]
    buttons = [f"[{button.label}]({button.action})" for card in cards for button in card.buttons]
    return "\n".join([answer.text, *said, *buttons])
