"""Pictures and files on order: drawn once for all who get the same, outside the event loop."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.channel import FileParcel, Parcel, PictureParcel
from bot.clock import Clock
from bot.papers.worker import (
    Desk,
    Made,
    draw_picture,
    end_with_parent,
    write_export,
    write_own_data,
    write_paper,
)
from bot.writer import Writer
from handlers.content import Bundle, Content, Document, Export, Picture
from handlers.paper import PaperForm
from handlers.table import Wish
from models.push import Rendering, insert_new
from models.store.engine import Store

Drawn = TypeVar("Drawn", bytes, Made)


LONGEST = 300.0
"""Seconds after which a drawing is taken for hung, and its process is ended."""


def drawing_process() -> Executor:
    """One process of its own; it starts when the first drawing is ordered, and ends with us."""
    return ProcessPoolExecutor(
        max_workers=1, mp_context=get_context("spawn"), initializer=end_with_parent
    )


class Studio:
    """Draws what the outbox delivers and what pages hand out."""

    def __init__(
        self,
        store: Store,
        writer: Writer,
        clock: Clock,
        desk: Desk,
        executor: Callable[[], Executor] = drawing_process,
    ) -> None:
        self._store = store
        self._writer = writer
        self._clock = clock
        self._desk = desk
        self._make = executor
        self._executor: Executor | None = None
        self._drawing: dict[str, asyncio.Task[Rendering]] = {}

    async def parcel(self, digest: str, content: Content) -> Parcel:
        """The picture or file of a content, ready to be sent."""
        task = self._drawing.get(digest)
        if task is None:
            task = asyncio.create_task(self._rendering(digest, content))
            self._drawing[digest] = task
            task.add_done_callback(lambda _: self._drawing.pop(digest, None))
        made = await asyncio.shield(task)
        if isinstance(content, Picture):
            return PictureParcel(made.name, made.data)
        return FileParcel(made.name, made.data)

    async def export(self, ledger: str, viewer: str | None, wish: Wish) -> bytes:
        """A ledger as Excel for a page, as somebody wants and may see it."""
        return await self._run(write_export, self._now(), ledger, viewer, {}, wish)

    async def picture(self, recipe: str, params: Mapping[str, Any]) -> bytes:
        """A picture for a page."""
        return await self._run(draw_picture, self._now(), recipe, params)

    async def paper(
        self, key: str, form: PaperForm, viewer: str | None, params: Mapping[str, Any]
    ) -> Made:
        """A paper for a page, as somebody may have it."""
        return await self._run(write_paper, self._now(), key, form, viewer, params)

    async def own_data(self, userid: str) -> bytes:
        """Everything held about a person, for that person's page."""
        return await self._run(write_own_data, self._now(), userid)

    async def _rendering(self, digest: str, content: Content) -> Rendering:
        kept = await asyncio.to_thread(self._kept, digest)
        if kept is not None:
            return kept
        if isinstance(content, Picture):
            name = f"{content.recipe}.png"
            data = await self._run(draw_picture, self._now(), content.recipe, dict(content.params))
        elif isinstance(content, Export):
            name, params = f"{content.name}.xlsx", dict(content.params)
            data = await self._run(
                write_export, self._now(), content.ledger, content.viewer, params, Wish()
            )
        elif isinstance(content, Document):
            name, form, params = (
                f"{content.name}.{content.form}",
                content.form,
                dict(content.params),
            )
            made = await self._run(
                write_paper, self._now(), content.paper, form, content.viewer, params
            )
            data = made.data
        elif isinstance(content, Bundle):
            name = f"{content.name}.zip"
            data = await self._run(write_own_data, self._now(), content.viewer)
        else:
            raise TypeError(content)
        await self._writer.do(lambda session: _keep(session, digest, name, data))
        return Rendering(digest=digest, name=name, data=data)

    def _kept(self, digest: str) -> Rendering | None:
        with self._store.reading() as session:
            return session.scalar(select(Rendering).where(Rendering.digest == digest))

    def _now(self) -> Desk:
        return replace(self._desk, now=self._clock.now())

    async def _run(self, function: Callable[..., Drawn], *args: Any) -> Drawn:  # noqa: ANN401
        if self._executor is None:
            self._executor = self._make()
        executor = self._executor
        drawing = asyncio.get_running_loop().run_in_executor(executor, function, *args)
        try:
            return await asyncio.wait_for(asyncio.shield(drawing), LONGEST)
        except (BrokenExecutor, TimeoutError):
            # Killed, out of memory, or hung: the next drawing gets a new process.
            if self._executor is executor:
                self._executor = None
            _end(executor)
            raise

    def close(self) -> None:
        """End the drawing process."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)


def _end(executor: Executor) -> None:
    for process in list((getattr(executor, "_processes", None) or {}).values()):
        process.kill()
    executor.shutdown(wait=False, cancel_futures=True)


def _keep(session: Session, digest: str, name: str, data: bytes) -> None:
    row = {"digest": digest, "name": name, "data": data}
    insert_new(session.connection(), Rendering.__table__, [row])
