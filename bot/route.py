"""From what came in to who does it: the speaker, the room, the words, the form, the handler.

Runs inside the transaction of one message (``bot/dispatch.py``); knows no channel.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy.orm import Session

from bot.channel import Batch, Click, Incoming, Submission
from bot.contexts import Contexts
from bot.dispatch import Trace
from bot.forms import Forms
from bot.tray import keep_files
from config.texts import label, t, words
from handlers.catalogue import Catalogue
from handlers.consent import first_use
from handlers.context import Context
from handlers.help import overview, usable
from handlers.reply import Begin, Reply, fill, lines, say
from handlers.spec import Command, Where
from models.draft import Draft, open_draft, own_draft
from models.errors import UnkeptError, UserError
from models.forms.address import after_slash, match_name, strip_mention
from models.forms.chain import Chain, read_chain
from models.forms.nearest import nearest
from models.forms.sheet import recognise_sheet
from models.forms.typed import Typed, fold, normal
from models.person import Role
from models.push import Order
from models.query_code import holds_code
from models.secrecy import secrecy_mark

_WORD = re.compile(r"[^\W\d_]+")
BATCH_SHOWN = 5
"""Rows of a workbook whose outcome is named one by one."""
LONGEST = 10_000
"""Characters of one message; a chain of a large company fits."""


def _refusal(ctx: Context, command: Command) -> UserError:
    """Why somebody may not use a command: it says whose matter it is."""
    if ctx.member is None:
        return UserError("error.stranger")
    roles = "、".join(label(role) for role in Role if role in command.roles)
    return UserError("error.wrong_role", roles=roles)


class Router:
    """Understands messages and does what they ask."""

    def __init__(
        self,
        catalogue: Catalogue,
        forms: Forms,
        contexts: Contexts,
        bot_names: tuple[str, ...],
    ) -> None:
        self._catalogue = catalogue
        self._names = frozenset(catalogue.words)
        self._private_sheets = [
            c.form for c in catalogue.commands if c.sheet and c.where is Where.PRIVATE
        ]
        self._forms = forms
        self._contexts = contexts
        self._bot_names = bot_names
        self._unrecorded = frozenset(c.key for c in catalogue.commands if c.unrecorded) | {
            key for key, action in catalogue.actions.items() if action.unrecorded
        }

    def handle(
        self, session: Session, incoming: Incoming, trace: Trace
    ) -> tuple[Reply, list[Order]]:
        """One message: what to answer, and what to push."""
        ctx = self._contexts.hearing(session, incoming.sender, incoming.chat, incoming.message_id)
        trace.person_id = ctx.member.id if ctx.member else None
        try:
            reply = self._answer(ctx, incoming, trace)
        finally:
            trace.unrecorded = ctx.discreet or trace.action in self._unrecorded
        if ctx.member is not None and ctx.room is None and incoming.text and not ctx.discreet:
            first_use(ctx)
        trace.subject, trace.notes = ctx.subject, ctx.notes
        return reply, ctx.orders

    def _answer(self, ctx: Context, incoming: Incoming, trace: Trace) -> Reply:
        if incoming.click is not None:
            return self._clicked(ctx, incoming.click, trace)
        if incoming.batch is not None:
            return self._batched(ctx, incoming.batch, trace)
        if incoming.form is not None:
            return self._submitted(ctx, incoming.form, trace)
        if incoming.entered:
            return Reply(t("help.welcome" if ctx.member else "help.stranger"))
        if len(incoming.text) > LONGEST:
            raise UserError("error.too_long", chars=len(incoming.text), limit=LONGEST)
        typed = Typed.read(incoming.text)
        typed = strip_mention(typed, self._bot_names) if ctx.room else typed.strip()
        if mark := secrecy_mark(typed.text):
            raise UserError("error.secret", mark=mark)
        if holds_code(typed.text):
            raise UnkeptError("anonymous.code_in_chat", url=f"{ctx.base}/anonymous")
        photos = keep_files(ctx, incoming) if incoming.files else None
        if photos is not None and not typed:
            return photos
        reply = self._said(ctx, typed, trace)
        return replace(reply, text=lines(reply.text, photos.text)) if photos else reply

    def _said(self, ctx: Context, typed: Typed, trace: Trace) -> Reply:
        """Words: a command, a chain, a sheet, an answer, or something not understood."""
        body = after_slash(typed)
        if body is not None:
            found = match_name(body, self._names)
            if found is None:
                return self._unknown(ctx, body, command=True)
            return self._begin(ctx, self._catalogue.words[found[0]], found[1], trace)
        if ctx.member is None:
            raise UserError("error.stranger")
        if ctx.room is not None and ctx.room.unit_id is None:
            raise UserError("error.unbound")
        room = ctx.room.chatid if ctx.room else ""
        draft = open_draft(ctx.session, ctx.member.id, room, ctx.now)
        pasted = self._pasted(ctx, typed, trace, draft)
        if pasted is not None:
            return pasted
        if draft is not None:
            return self._go_on(ctx, draft, typed, trace)
        return self._bare(ctx, typed, trace)

    def _pasted(
        self, ctx: Context, typed: Typed, trace: Trace, draft: Draft | None
    ) -> Reply | None:
        """A chain or a filled-in sheet, also where an answer was expected (``draft``)."""
        self._refuse_private_sheet(ctx, typed)
        offered = usable(ctx, self._catalogue.commands)
        chain = read_chain(typed)
        if chain is not None and chain.marked:
            return self._chained(ctx, chain, offered, trace)
        if draft is not None:
            trace.action = draft.command
            return self._forms.take_midway(ctx, draft, offered, typed, trace)
        sheets = {command.form: command for command in offered if command.sheet}
        form = recognise_sheet(list(sheets), typed)
        if form is not None:
            trace.action = sheets[form].key
            return self._forms.take_sheet(ctx, sheets[form], typed, trace)
        return self._chained(ctx, chain, offered, trace) if chain is not None else None

    def _refuse_private_sheet(self, ctx: Context, typed: Typed) -> None:
        """A pasted sheet that belongs into the private chat: nothing of it is repeated."""
        if ctx.room is None:
            return
        if recognise_sheet(self._private_sheets, typed) is not None:
            raise UserError("error.private_only")

    def _chained(
        self, ctx: Context, chain: Chain, offered: list[Command], trace: Trace
    ) -> Reply | None:
        """Many rows in one paste, for the command that takes them."""
        for command in offered:
            if command.chain is not None:
                trace.action = command.key
                reply = command.chain(ctx, chain, self._forms.reading(ctx))
                return self._forms.follow(ctx, reply, trace)
        return None

    def _go_on(self, ctx: Context, draft: Draft, typed: Typed, trace: Trace) -> Reply:
        """The next answer to a form, or the word that ends it."""
        if typed.text.strip() in words("dialogue.cancel"):
            command = self._catalogue.command("cancel")
            trace.action = command.key
            return command.run(ctx, {})
        trace.action = draft.command
        return self._forms.hear(ctx, draft, typed, trace)

    def _bare(self, ctx: Context, typed: Typed, trace: Trace) -> Reply:
        """A command's name without the slash, when it is beyond doubt; else help."""
        found = match_name(typed, self._names)
        word = _WORD.match(typed.text)
        if found is not None and word and fold(found[0]).startswith(fold(word.group())):
            return self._begin(ctx, self._catalogue.words[found[0]], found[1], trace)
        if not typed:
            return Reply(overview(ctx, self._catalogue.commands))
        return self._unknown(ctx, typed)

    def _unknown(self, ctx: Context, body: Typed, *, command: bool = False) -> Reply:
        """Not understood: suggest what is near, never carry it out."""
        word = body.text.split(maxsplit=1)[0][:12] if body else ""
        known = self._catalogue.words
        if ctx.room is not None and any(
            known[name].where is Where.PRIVATE for name in nearest(word, set(known))
        ):
            raise UserError("error.private_only")
        offered = {w for c in usable(ctx, self._catalogue.commands) for w in c.names}
        names = dict.fromkeys(known[n].name for n in nearest(word, offered))
        if not names and command and word:
            return say("error.no_such_command", word=word)
        if not names:
            return say("error.not_understood")
        hints = "、".join(f"/{name}" for name in names)
        return Reply(
            lines(fill("error.unknown_command", word=word), fill("error.nearest", names=hints))
        )

    def _begin(self, ctx: Context, command: Command, rest: Typed, trace: Trace) -> Reply:
        """Check that the command may be used here, then do it or ask for what is missing."""
        command = self._catalogue.meant(command, rest.text)
        trace.action = command.key
        self._check_place(ctx, command)
        return self._forms.begin_line(ctx, command, rest, trace)

    def _check_place(self, ctx: Context, command: Command) -> None:
        """Who may, and where."""
        if command.where is Where.PRIVATE and ctx.room is not None:
            raise UserError("error.private_only")
        if not command.open:
            ctx.who  # noqa: B018  (a stranger is told so)
            if ctx.room is not None and ctx.room.unit_id is None:
                raise UserError("error.unbound")
        if command.where is Where.GROUP and ctx.room is None:
            raise UserError("error.group_only")
        if not command.may(ctx.member):
            raise _refusal(ctx, command)

    def _submitted(self, ctx: Context, form: Submission, trace: Trace) -> Reply:
        """A form from a page: the same rights, the same gate, the same handler."""
        command = self._catalogue.command(form.command)
        trace.action = command.key
        if not command.may(ctx.member):
            raise _refusal(ctx, command)
        keys = {field.key for field in command.form.fields}
        raw = {key: answer for key, answer in form.answers.items() if key in keys}
        for answer in raw.values():
            if mark := secrecy_mark(normal(answer)):
                raise UserError("error.secret", mark=mark)
        draft = own_draft(ctx.session, form.draft, ctx.who.id, ctx.now) if form.draft else None
        if draft is None and command.hidden and not command.linked:
            raise UserError("draft.moved_on")
        return self._forms.give(ctx, command, raw, trace, draft)

    def _batched(self, ctx: Context, batch: Batch, trace: Trace) -> Reply:
        """The rows of a workbook: each as if it were a form of its own, all or none."""
        command = self._catalogue.command(batch.command)
        trace.action = command.key
        if not command.may(ctx.member):
            raise UserError("error.stranger" if ctx.member is None else "error.not_allowed")
        done = [self._row(ctx, command, number, raw) for number, raw in batch.rows]
        head = fill("batch.done", name=command.name, count=len(done))
        return Reply(lines(head, *(reply.text.split("\n")[0] for reply in done[:BATCH_SHOWN])))

    def _row(self, ctx: Context, command: Command, number: int, raw: Mapping[str, str]) -> Reply:
        if any(secrecy_mark(normal(answer)) for answer in raw.values()):
            raise UserError("batch.secret", row=number)
        try:
            return command.run(ctx, self._forms.values(ctx, command, raw))
        except UserError as error:
            raise UserError("batch.row", row=number, text=t(error.key, **error.params)) from error

    def _form_opened(self, ctx: Context, argument: str, trace: Trace) -> Reply:
        """A button that opens a command's form, some of it filled in (``handlers.dossier.Act``)."""
        key, *filled = argument.split("/")
        command = next((c for c in self._catalogue.commands if c.key == key), None)
        if command is None:
            raise UserError("error.stale")
        trace.action = key
        self._check_place(ctx, command)
        answers = dict(part.split("=", 1) for part in filled if "=" in part)
        return self._forms.follow(ctx, Reply(then=Begin(key, answers)), trace)

    def _clicked(self, ctx: Context, click: Click, trace: Trace) -> Reply:
        """A button: an answer to a form, or a registered action. Rights are checked here."""
        name, _, argument = click.action.partition(":")
        trace.action = name
        ctx.who  # noqa: B018  (a stranger is told so)
        if name == "answer":
            return self._forms.click(ctx, argument, click.picked, trace)
        if name == "begin":
            return self._form_opened(ctx, argument, trace)
        action = self._catalogue.actions.get(name)
        if action is None:
            raise UserError("error.stale")
        if action.roles and not ctx.who.has(*action.roles):
            raise UserError("error.not_allowed")
        return self._forms.follow(ctx, action.run(ctx, argument, click.picked), trace)
