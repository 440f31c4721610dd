"""Excel in on pages: choose a workbook, say what its columns are, look at it, take it over.

Nothing is stored before the last step. What was read travels with the page, signed.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from aiohttp import web
from sqlalchemy.orm import Session

from bot.channel import Batch, Incoming
from bot.papers.excel import Sheet as Workbook
from bot.papers.excel import write_workbook
from bot.papers.reading import read_workbook
from bot.web.access import form_token
from bot.web.ledgers import XLSX
from bot.web.records import done
from bot.web.site import CHANNEL, Room, file
from config.texts import t
from handlers.context import Context
from handlers.help import usable
from handlers.intake import (
    Sheet,
    alike,
    fields_of,
    guess,
    missing,
    raw_rows,
    read_sheet,
    twice,
)
from handlers.reply import fill
from handlers.spec import Command, Kind, Ledger
from models.errors import UserError
from models.forms.field import Problem
from models.forms.flow import label_of
from models.saved import learn_names, names_of

SEAL: Final = "intake"
HOURS: Final = 2.0
SHOWN: Final = 100
"""Rows of a preview without problems; those with problems are all shown."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One row of a preview: its number, how it was understood, what is wrong or worth a look."""

    number: int
    cells: tuple[str, ...]
    wrong: tuple[str, ...]
    unsure: tuple[str, ...]


class IntakeRoom(Room):
    """``/ledger/{key}/import``."""

    def routes(self) -> list[web.AbstractRouteDef]:
        """The addresses of this room."""
        return [
            web.get("/ledger/{key}/import", self.choose),
            web.post("/ledger/{key}/import", self.step),
            web.get("/ledger/{key}/template.xlsx", self.template),
        ]

    async def choose(self, request: web.Request) -> web.StreamResponse:
        """The first step: a file."""
        return await self.frame.read(request, self._choose)

    def _choose(self, ctx: Context, request: web.Request) -> web.Response:
        return self._page(ctx, self._found(ctx, request), step="file")

    async def template(self, request: web.Request) -> web.StreamResponse:
        """An empty workbook with the right headings."""
        return await self.frame.read(request, self._template)

    def _template(self, ctx: Context, request: web.Request) -> web.Response:
        ledger, command = self._found(ctx, request)
        labels = tuple(fields_of(command).values())
        book = Workbook(
            title=ledger.name,
            headings=labels,
            kinds=(Kind.TEXT,) * len(labels),
            widths=(20,) * len(labels),
            rows=(),
            about=((t("papers.about_note"), t("intake.lead")),),
            zone=ctx.zone,
            made_at=ctx.now,
        )
        return file(f"{ledger.name}.xlsx", write_workbook(book), XLSX)

    async def step(self, request: web.Request) -> web.StreamResponse:
        """The next step, by what was posted: a file, what its columns are, or the last yes."""
        userid = self.frame.userid(request)
        if userid is None:
            return self.frame.stranger(request)
        posted = await request.post()
        once = self.frame.once(userid, SEAL, str(posted.get("token", "")))
        if once is None:
            return self.frame.message("web.form_expired", 403)
        try:
            if posted.get("confirm"):
                return await self._confirm(request, userid, once, str(posted.get("rows", "")))
            return await self._look(request, userid, posted)
        except UserError as error:
            return self.frame.refusal(error)

    async def _look(
        self, request: web.Request, userid: str, posted: Mapping[str, Any]
    ) -> web.StreamResponse:
        sheet = await self._sheet(posted)
        said = {
            heading: str(posted[f"c.{at}"])
            for at, heading in enumerate(sheet.headings)
            if f"c.{at}" in posted
        }
        if said:
            await self._learn(request, userid, said)

        def show(ctx: Context, request: web.Request) -> web.Response:
            ledger, command = self._found(ctx, request)
            known = names_of(ctx.session, ctx.who.id, command.key)
            meaning = said or guess(command, ledger, sheet.headings, known)
            twice(command, meaning)
            lacking = missing(command, ledger, meaning)
            if not said and (lacking or "" in meaning.values()):
                return self._columns(ctx, (ledger, command), sheet, meaning)
            if lacking:
                raise UserError("intake.missing", names=t("echo.list").join(lacking))
            return self._preview(ctx, (ledger, command), sheet, meaning)

        return await self.frame.read(request, show)

    async def _sheet(self, posted: Mapping[str, Any]) -> Sheet:
        upload = posted.get("file")
        if isinstance(upload, web.FileField):
            data = upload.file.read()
            return await asyncio.to_thread(lambda: read_sheet(read_workbook(data)))
        value = self.site.signer.open(SEAL, str(posted.get("sheet", "")), HOURS)
        if value is None:
            raise UserError("intake.none")
        rows = tuple((number, tuple(cells)) for number, cells in value["rows"])
        return Sheet(tuple(value["headings"]), rows)

    async def _learn(self, request: web.Request, userid: str, said: Mapping[str, str]) -> None:
        def work(session: Session) -> None:
            ctx = self.site.context(session, userid)
            _, command = self._found(ctx, request)
            names = {k: v for k, v in said.items() if v in fields_of(command)}
            learn_names(session, ctx.who.id, command.key, names, ctx.now)

        await self.site.write(work)

    def _columns(
        self,
        ctx: Context,
        found: tuple[Ledger, Command],
        sheet: Sheet,
        meaning: Mapping[str, str],
    ) -> web.Response:
        """What each column is, where it cannot be known."""
        examples = {
            heading: next((cells[at] for _, cells in sheet.rows if cells[at]), "")
            for at, heading in enumerate(sheet.headings)
        }
        sealed = {"headings": sheet.headings, "rows": sheet.rows}
        return self._page(
            ctx,
            found,
            step="columns",
            meaning=meaning,
            examples=examples,
            fields=fields_of(found[1]),
            sheet=self.site.signer.seal(SEAL, sealed),
        )

    def _preview(
        self,
        ctx: Context,
        found: tuple[Ledger, Command],
        sheet: Sheet,
        meaning: Mapping[str, str],
    ) -> web.Response:
        """Every row as it was understood, with its problems."""
        ledger, command = found
        used = [key for key in fields_of(command) if key in meaning.values()]
        rows = raw_rows(sheet, meaning)
        same = alike(rows)
        checked, taken = [], []
        for number, raw in rows:
            row, understood = self._checked(ctx, command, used, number, raw)
            more = [
                t("intake.blank", field=label_of(command.form, key))
                for key in used
                if key in ledger.needs and key not in raw
            ]
            if number in same:
                more.append(t("intake.alike", row=same[number]))
            checked.append(replace(row, wrong=(*row.wrong, *more)))
            taken.append((number, understood))
        wrong = [row for row in checked if row.wrong]
        sealed = {"command": command.key, "rows": taken}
        return self._page(
            ctx,
            found,
            step="preview",
            headings=[label_of(command.form, key) for key in used],
            rows=wrong or checked[:SHOWN],
            count=len(checked),
            wrong=len(wrong),
            sealed="" if wrong else self.site.signer.seal(SEAL, sealed),
        )

    def _checked(
        self, ctx: Context, command: Command, used: list[str], number: int, raw: dict[str, str]
    ) -> tuple[Checked, dict[str, str]]:
        understood = dict(raw)
        wrong: list[str] = []
        unsure: list[str] = []
        try:
            notes = self.site.forms.problems(ctx, command, raw)
        except UserError as error:
            notes, wrong = {}, [fill(error.key, **error.params)]
        for key, note in notes.items():
            label = label_of(command.form, key)
            if isinstance(note, Problem):
                wrong.append(t("batch.field", field=label, text=t(note.key, **note.params)))
            else:
                understood[key] = command.form.field(key).echo(note.value)
                unsure.append(t("intake.unsure", field=label, value=understood[key]))
        cells = tuple(raw.get(key, "") for key in used)
        return Checked(number, cells, tuple(wrong), tuple(unsure)), understood

    async def _confirm(
        self, request: web.Request, userid: str, once: str, sealed: str
    ) -> web.StreamResponse:
        value = self.site.signer.open(SEAL, sealed, HOURS)
        if value is None:
            return self.frame.message("web.form_expired", 403)
        rows = tuple((number, raw) for number, raw in value["rows"])
        batch = Batch(value["command"], rows)
        incoming = Incoming(CHANNEL, f"web:{once}", userid, self.site.clock.now(), batch=batch)
        return await done(self.frame, incoming, f"/ledger/{request.match_info['key']}")

    def _page(
        self,
        ctx: Context,
        found: tuple[Ledger, Command],
        **values: Any,  # noqa: ANN401
    ) -> web.Response:
        token = form_token(self.site.signer, ctx.who.userid, SEAL, self.site.token())
        return self.frame.page(
            "intake.html", me=ctx.member, ledger=found[0], command=found[1], token=token, **values
        )

    def _found(self, ctx: Context, request: web.Request) -> tuple[Ledger, Command]:
        ledger = self.site.catalogue.ledgers.get(request.match_info["key"])
        if ledger is None or not ledger.may_take(ctx.who) or not ledger.may(ctx.member):
            raise web.HTTPNotFound
        offered = usable(ctx, self.site.catalogue.commands)
        command = next((one for one in offered if one.key == ledger.takes), None)
        if command is None:
            raise web.HTTPNotFound
        return ledger, command
