"""Making contexts: what handlers, pages and jobs may know, the same for all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.clock import Clock
from config.rules import Rules
from handlers.context import Context
from models.directory import Directory
from models.person import member_by_userid
from models.vault import SHUT, Vault


@dataclass(frozen=True, slots=True)
class Contexts:
    """The world as one installation sees it.

    ``token``  makes a fresh unguessable word; ``link`` a personal address: (path, userid) -> URL
    """

    clock: Clock
    zone: ZoneInfo
    rules: Rules
    directory: Directory
    token: Callable[[], str]
    link: Callable[[str, str], str]
    vault: Vault = SHUT
    base: str = ""

    def hearing(self, session: Session, userid: str, chat: str, message_id: str) -> Context:
        """For a message, inside the writer's transaction: people and rooms come from memory."""
        ctx = self.nobody(session)
        ctx.member = self.directory.member(session, userid)
        ctx.room = self.directory.room(session, chat) if chat else None
        ctx.message_id = message_id
        return ctx

    def reading(self, session: Session, userid: str) -> Context:
        """For a page: the person's rights are read anew each time."""
        ctx = self.nobody(session)
        ctx.directory = Directory()
        ctx.member = member_by_userid(session, userid)
        return ctx

    def nobody(self, session: Session) -> Context:
        """For the clock."""
        return Context(
            session=session,
            now=self.clock.now(),
            zone=self.zone,
            rules=self.rules,
            directory=self.directory,
            token=self.token,
            link=self.link,
            base=self.base,
            vault=self.vault,
        )
