"""帮助: what somebody may use in a place, and how."""

from collections.abc import Callable, Sequence

from config.help import Guide, guides
from config.texts import has, t, words
from handlers.context import Context
from handlers.reply import Markdown, Reply, fill, lines
from handlers.spec import Command, Where
from models.forms.field import Answers
from models.forms.flow import label_of
from models.forms.form import Form
from models.forms.kinds import Text

FORM = Form(
    key="help",
    version=1,
    fields=(Text(key="word", required=False, max_chars=20),),
    positional=("word",),
)


def help_command(known: Callable[[], Sequence[Command]]) -> Command:
    """``/帮助 [命令]``: depends on who asks and where (F-020)."""

    def run(ctx: Context, answers: Answers) -> Reply:
        word = (answers["word"] or "").lstrip("/")
        named = next((c for c in usable(ctx, known()) if word in c.names), None) if word else None
        if named:
            return Reply(_one(named))
        guide = next((g for g in guides().values() if word in words(f"guide.{g.key}")), None)
        if guide:
            return Reply(_guide(ctx, guide))
        return Reply(overview(ctx, known()))

    return Command(key="help", form=FORM, run=run, open=True)


def _guide(ctx: Context, guide: Guide) -> Markdown:
    """A guide's headings, and the page on which it stands whole."""
    heads = [line.removeprefix("## ") for line in guide.text.split("\n") if line.startswith("## ")]
    rows = [fill("help.guide_head", title=head) for head in heads]
    url = ctx.page(f"/help/{guide.key}") if ctx.member else ""
    more = Markdown(t("help.guide_link", url=url)) if url else ""
    return lines(fill("help.guide", title=guide.title, about=guide.about), *rows, more)


def usable(ctx: Context, commands: Sequence[Command]) -> list[Command]:
    """The commands somebody may use in this place."""
    unbound = ctx.room is not None and ctx.room.unit_id is None
    return [
        command
        for command in commands
        if not command.hidden
        and command.may(ctx.member)
        and not (command.where is Where.PRIVATE and ctx.room)
        and not (command.where is Where.GROUP and not ctx.room)
        and (not unbound or command.open)
    ]


def overview(ctx: Context, commands: Sequence[Command]) -> Markdown:
    """What to type here: one line a command, then where the guide is."""
    if ctx.member is None:
        return Markdown(t("help.stranger"))
    head = t("help.head_group" if ctx.room else "help.head_private")
    if ctx.room is not None and ctx.room.unit_id is None:
        head = t("help.unbound")
    rows = [
        t("help.line", name=c.name, usage=t(f"command.{c.key}.usage"), summary=_summary(c))
        for c in usable(ctx, commands)
        if c.under is None
    ]
    return lines(head, *rows, t("help.foot"))


def _summary(command: Command) -> str:
    return t(f"command.{command.key}.summary")


def _one(command: Command) -> Markdown:
    fields = [
        t("help.field", label=label_of(command.form, f.key), hint=_hint(command.form, f.key))
        for f in command.form.fields
    ]
    more = f"command.{command.key}.help"
    return lines(
        t("help.one", name=command.name, summary=_summary(command)),
        t("help.usage", usage=t(f"command.{command.key}.usage")),
        *fields,
        t(more) if has(more) else "",
    )


def _hint(form: Form, key: str) -> str:
    hint = f"form.{form.key}.{key}.hint"
    return t(hint) if has(hint) else ""
