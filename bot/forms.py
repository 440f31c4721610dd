"""Running forms: from a line, a sheet, a page, a card or answers one by one to the handler.

The pure dialogue (``models/forms/flow.py``) decides what comes next; here drafts are kept, facts
are looked up, and what is complete is handed to the command.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from bot.dispatch import Trace
from bot.faces import card, dialogue
from config.texts import t
from handlers.catalogue import Catalogue
from handlers.context import Context
from handlers.reply import Begin, Markdown, Reply, Resume, fill, lines, say
from handlers.spec import Command, Where
from models.directory import People, UnitsOnDemand
from models.draft import DRAFT, EMPTY, Draft, DraftState, pause_open, step
from models.errors import UnkeptError, UserError
from models.forms.field import Answers, Facts, Problem, Reading, Unsure
from models.forms.flow import (
    Ask,
    Confirm,
    Done,
    Event,
    Filling,
    Given,
    Outcome,
    Said,
    advance,
    label_of,
    look,
    problems_of,
    values_of,
)
from models.forms.form import Form
from models.forms.line import read_line
from models.forms.sheet import read_sheet, sheet_midway
from models.forms.typed import Typed, normal
from models.secrecy import secrecy_mark


@dataclass(slots=True)
class Run:
    """A form in the making while one message is handled."""

    command: Command
    filling: Filling
    params: Mapping[str, Any]
    draft: Draft | None = None
    aside: bool = False
    """Kept from a page: what is open in the chat goes on there."""


class Forms:
    """What the router hands forms to."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def reading(self, ctx: Context) -> Reading:
        """What fields may know of the world now; the same for a whole message."""
        return ctx.once("reading", lambda: _reading(ctx))

    def begin_line(self, ctx: Context, command: Command, rest: Typed, trace: Trace) -> Reply:
        """A command with what stands behind it on the line."""
        if not command.form.fields:
            return self.follow(ctx, command.run(ctx, {}), trace)
        line = read_line(command.form, rest, self.reading(ctx))
        reply = self._advance(ctx, Run(command, Filling(), {}), Given(line.answers), trace)
        notes = [dialogue.say_problem(problem) for _, problem in line.problems]
        return replace(reply, text=lines(*notes, reply.text)) if notes else reply

    def take_sheet(self, ctx: Context, command: Command, typed: Typed, trace: Trace) -> Reply:
        """A filled-in sheet."""
        return self._take(ctx, Run(command, Filling(), {}), typed, trace)

    def take_midway(
        self, ctx: Context, draft: Draft, offered: Sequence[Command], typed: Typed, trace: Trace
    ) -> Reply | None:
        """A filled-in sheet where an answer was expected; None if it is an answer.

        Of the open form it fills in what it says; of another it begins that one, and what was open
        is kept. Where only the labels point to another form, it is asked what was meant.
        """
        run = self._resume(ctx, draft)
        own, asking = run.command.form, run.filling.asking
        sheets = {one.form: one for one in offered if one.sheet and one.form != own}
        asked = own.field(asking) if asking else None
        found = sheet_midway(own, asked, list(sheets), typed)
        if found is None:
            return None
        if found.form == own:
            return self._take(ctx, run, typed, trace)
        title = t(f"form.{own.key}.title")
        if not found.sure:
            label = label_of(own, asking) if asking else title
            return say("draft.sheet_meant", title=t(f"form.{found.form.key}.title"), label=label)
        command = sheets[found.form]
        trace.action = command.key
        pause_open(ctx.session, ctx.who.id, draft.conversation)
        reply = self.take_sheet(ctx, command, typed, trace)
        return replace(reply, text=lines(reply.text, fill("dialogue.draft_kept", form=title)))

    def _take(self, ctx: Context, run: Run, typed: Typed, trace: Trace) -> Reply:
        sheet = read_sheet(run.command.form, typed)
        reply = self._advance(ctx, run, Given(sheet.answers), trace)
        if not sheet.unknown:
            return reply
        unknown = fill("draft.sheet_unknown", lines="；".join(sheet.unknown))
        return replace(reply, text=lines(reply.text, unknown))

    def give(
        self,
        ctx: Context,
        command: Command,
        raw: Mapping[str, str],
        trace: Trace,
        draft: Draft | None = None,
    ) -> Reply:
        """All answers at once, from a page; ``draft`` is what they were begun as."""
        params = draft.params if draft is not None else {}
        handed_in = Given(raw, sure=True)
        return self._advance(ctx, Run(command, Filling(), params, draft), handed_in, trace)

    def typed_into(self, ctx: Context, draft: Draft) -> dict[str, str]:
        """What stands in the fields of a draft, as a page shows it."""
        filling = self._resume(ctx, draft).filling
        return {**filling.answers, **filling.doubts}

    def keep(
        self, ctx: Context, command: Command, raw: Mapping[str, str], draft: Draft | None
    ) -> Draft:
        """Keep what stands on a page, right or wrong: it goes on there, or in chat.

        What is no answer yet waits among the doubts: a dialogue passes it over and asks. Text with
        a mark of classification is not kept (``UnkeptError``, DOMAIN.md 12).
        """
        for text in raw.values():
            if mark := secrecy_mark(normal(text)):
                raise UnkeptError("error.secret", mark=mark)
        run = Run(command, Filling(), {}, aside=True) if draft is None else self._resume(ctx, draft)
        reading = self.reading(ctx)
        answers: dict[str, str] = {}
        doubts: dict[str, str] = {}
        for one in command.form.fields:
            text = raw.get(one.key, "").strip()
            value = one.parse(text, reading) if text else None
            if isinstance(value, Problem | Unsure):
                doubts[one.key] = text
            elif value is not None:
                answers[one.key] = one.echo(value)
        run.filling = replace(run.filling, answers=answers, doubts=doubts)
        return self._keep(ctx, run)

    def drop(self, ctx: Context, draft: Draft) -> None:
        """Nothing is left of a draft, not even that there was one."""
        ctx.shred(DRAFT, str(draft.id))
        ctx.session.delete(draft)

    def applying(self, ctx: Context, command: Command, raw: Mapping[str, str]) -> set[str]:
        """The keys of the fields that apply, given what stands in the others."""
        reading = self.reading(ctx)
        values = values_of(command.form, {k: v for k, v in raw.items() if v.strip()}, reading)
        facts = command.facts(ctx, values)
        return {one.key for one in command.form.fields if one.applies(values, facts)}

    def problems(
        self, ctx: Context, command: Command, raw: Mapping[str, str]
    ) -> Mapping[str, Problem | Unsure[Any]]:
        """What is wrong or uncertain with a page's answers, by field key."""
        reading = self.reading(ctx)
        values = values_of(command.form, {k: v for k, v in raw.items() if v.strip()}, reading)
        return problems_of(command.form, raw, reading, command.facts(ctx, values))

    def values(self, ctx: Context, command: Command, raw: Mapping[str, str]) -> Answers:
        """All values of a form that is complete; its first problem is a ``UserError``."""
        notes = self.problems(ctx, command, raw)
        for key, note in notes.items():
            label = label_of(command.form, key)
            if isinstance(note, Problem):
                raise UserError("batch.field", field=label, text=t(note.key, **note.params))
            raise UserError("batch.unsure", field=label, typed=raw.get(key, ""))
        found = values_of(command.form, raw, self.reading(ctx))
        return {one.key: found.get(one.key) for one in command.form.fields}

    def hear(self, ctx: Context, draft: Draft, typed: Typed, trace: Trace) -> Reply:
        """The next answer to an open form."""
        run = self._resume(ctx, draft)
        return self._advance(ctx, run, Said(typed.original()), trace)

    def click(
        self, ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]], trace: Trace
    ) -> Reply:
        """A button under a question (``draft.revision/answer``), or a card of choices."""
        stamp, _, answer = argument.partition("/")
        number, _, revision = stamp.partition(".")
        draft = ctx.session.get(Draft, int(number)) if number.isdigit() else None
        if draft is None or draft.person_id != ctx.who.id:
            raise UserError("error.stale")
        if draft.state is not DraftState.OPEN or str(draft.revision) != revision:
            raise UserError("draft.moved_on")
        trace.action = draft.command
        run = self._resume(ctx, draft)
        event: Event = Said(answer)
        if picked:
            event = Given(card.answers(run.command.form, picked), complete=False)
        return self._advance(ctx, run, event, trace)

    def follow(self, ctx: Context, reply: Reply, trace: Trace) -> Reply:
        """Go on with the form that a handler's reply points to, if it does."""
        if reply.then is None:
            return reply
        if isinstance(reply.then, Begin):
            run = Run(self._catalogue.command(reply.then.command), Filling(), reply.then.params)
            more = self._advance(ctx, run, Given(reply.then.answers, complete=False), trace)
        else:
            more = self._look(ctx, reply.then)
        return Reply(
            lines(reply.text, more.text),
            more.card or reply.card,
            (*reply.files, *more.files),
            sealed=reply.sealed or more.sealed,
        )

    def _look(self, ctx: Context, resume: Resume) -> Reply:
        run = self._resume(ctx, ctx.session.get_one(Draft, resume.draft))
        reading = self.reading(ctx)
        run.filling, outcome = look(run.command.form, run.filling, reading, self._facts(ctx, run))
        return self._show(ctx, run, outcome)

    def _resume(self, ctx: Context, draft: Draft) -> Run:
        """A kept draft; of an older version, what still has a field."""
        command = self._catalogue.command(draft.command)
        if command.form.sealed and ctx.room is not None:
            raise UserError("error.private_only")
        keys = {field.key for field in command.form.fields}
        answers, doubts = draft.answers, draft.doubts
        if not answers and not doubts:
            answers, doubts = json.loads(ctx.unseal(DRAFT, str(draft.id)) or "[{}, {}]")
        filling = Filling(
            answers={key: raw for key, raw in answers.items() if key in keys},
            doubts={key: raw for key, raw in doubts.items() if key in keys},
            skipped=tuple(key for key in draft.skipped if key in keys),
            asking=draft.asking if draft.asking in keys else "",
            asked=draft.asked,
            confirming=draft.confirming,
        )
        return Run(command, filling, draft.params, draft)

    def _facts(self, ctx: Context, run: Run) -> Facts:
        ctx.params = run.params
        values = values_of(run.command.form, run.filling.answers, self.reading(ctx))
        return run.command.facts(ctx, values)

    def _advance(self, ctx: Context, run: Run, event: Event, trace: Trace) -> Reply:
        """One event; facts are looked up anew when it changed what they depend on."""
        form, reading = run.command.form, self.reading(ctx)
        if ctx.room is not None and run.command.where is Where.PRIVATE:
            raise UserError("error.private_only")
        if form.sealed:
            ctx.vault.need()
        before = self._facts(ctx, run)
        filling, outcome = advance(form, run.filling, event, reading, before)
        answers = run.filling.answers
        run.filling = filling
        wrong = isinstance(outcome, Ask) and outcome.problem is not None
        if filling.answers != answers and not wrong:
            facts = self._facts(ctx, run)
            if facts != before:
                sure = isinstance(event, Given) and event.sure
                run.filling, outcome = look(form, filling, reading, facts, sure=sure)
        if isinstance(outcome, Done):
            self._close(ctx, run)
            reply = self.follow(ctx, run.command.run(ctx, outcome.values), trace)
            self._forget(ctx, run)
        else:
            reply = self._show(ctx, run, outcome)
        return replace(reply, sealed=reply.sealed or form.sealed or ctx.hushed)

    def _close(self, ctx: Context, run: Run) -> None:
        """A draft that has become something is empty from then on."""
        if run.draft is None:
            return
        step(ctx.session, run.draft, state=DraftState.DONE, changed_at=ctx.now, **EMPTY)
        ctx.shred(DRAFT, str(run.draft.id))

    def _forget(self, ctx: Context, run: Run) -> None:
        """That there was a draft tells who did it, and when."""
        if run.draft is not None and (run.command.unrecorded or ctx.discreet):
            ctx.session.delete(run.draft)

    def _show(self, ctx: Context, run: Run, outcome: Outcome) -> Reply:
        """Keep the draft, then put the question or the summary."""
        draft = self._keep(ctx, run)
        stamp = f"{draft.id}.{draft.revision}"
        form = run.command.form
        if isinstance(outcome, Confirm):
            values = values_of(form, outcome.answers, self.reading(ctx))
            reply = dialogue.summary(form, outcome, stamp, run.command.effect(ctx, values))
        elif isinstance(outcome, Ask):
            first = draft.revision == 1
            reply = self._question(form, outcome, stamp, first=first)
            if first:
                intro, _ = self.opening(ctx, run.command, run.filling.answers)
                reply = replace(reply, text=lines(intro, reply.text, self._on_page(ctx, run)))
        else:
            raise TypeError(outcome)
        if ctx.room is not None:
            name = fill("dialogue.in_group", name=ctx.who.name)
            return replace(reply, text=Markdown(name + reply.text))
        return reply

    def opening(
        self, ctx: Context, command: Command, raw: Mapping[str, str]
    ) -> tuple[str, Mapping[str, str]]:
        """What is read before the questions, and with what a page begins."""
        given = {key: typed for key, typed in raw.items() if typed.strip()}
        values = values_of(command.form, given, self.reading(ctx))
        return command.intro(ctx, values), command.prefill(ctx, values)

    def _on_page(self, ctx: Context, run: Run) -> Markdown:
        """Where a form of several questions can be filled in at once."""
        if ctx.room is not None or run.draft is None or len(run.command.form.fields) == 1:
            return Markdown("")
        url = ctx.page(f"/form/{run.command.key}?draft={run.draft.id}")
        return Markdown(t("dialogue.on_page", url=url))

    def _question(self, form: Form, ask: Ask, stamp: str, *, first: bool) -> Reply:
        """A form that a card can carry whole is offered as a card at its beginning."""
        if first and ask.problem is None and ask.doubt is None:
            plan = card.plan(form)
            if plan.fit is card.Fit.WHOLE and len(plan.carried) > 1:
                return Reply(t("dialogue.pick"), card.draw(form, plan, stamp))
        return dialogue.put(form, ask, stamp)

    def _keep(self, ctx: Context, run: Run) -> Draft:
        filling = run.filling
        sealed = run.command.form.sealed or ctx.hushed
        said = {"answers": dict(filling.answers), "doubts": dict(filling.doubts)}
        values: dict[str, Any] = {
            **(EMPTY if sealed else said),
            "skipped": list(filling.skipped),
            "asking": filling.asking,
            "asked": filling.asked,
            "confirming": filling.confirming,
            "changed_at": ctx.now,
            "expires_at": ctx.now + timedelta(hours=ctx.rules.intake.draft_hours),
            "form_version": run.command.form.version,
        }
        if run.draft is not None:
            step(ctx.session, run.draft, **values)
        else:
            run.draft = self._new_draft(ctx, run, values)
        if sealed:
            ctx.seal(DRAFT, str(run.draft.id), json.dumps([*said.values()], ensure_ascii=False))
        return run.draft

    def _new_draft(self, ctx: Context, run: Run, values: Mapping[str, Any]) -> Draft:
        room = ctx.room.chatid if ctx.room else ""
        if not run.aside:
            pause_open(ctx.session, ctx.who.id, room)
        draft = Draft(
            person_id=ctx.who.id,
            conversation=room,
            form=run.command.form.key,
            command=run.command.key,
            params=dict(run.params),
            state=DraftState.PAUSED if run.aside else DraftState.OPEN,
            at=ctx.now,
            **values,
        )
        ctx.session.add(draft)
        ctx.session.flush()
        return draft


def _reading(ctx: Context) -> Reading:
    return Reading(
        today=ctx.today,
        days=_Days(ctx),
        units=UnitsOnDemand(ctx.directory, ctx.session),
        people=People(ctx.session, ctx.member.branch_id if ctx.member else None),
    )


class _Days:
    """The calendar, read when a date asks for it."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def is_working(self, day: date) -> bool:
        """Whether work is done on that day."""
        return self._ctx.calendar.is_working(day)

    def holiday(self, name: str, year: int) -> date | None:
        """First rest day of a holiday."""
        return self._ctx.calendar.holiday(name, year)
