"""The question-by-question face: outcomes of the pure dialogue as words and cards."""

from collections.abc import Mapping

from config.texts import t, words
from handlers.content import Button, Card, Tone
from handlers.reply import Markdown, Reply, fill, lines
from models.forms.field import Description, Problem, Unsure
from models.forms.flow import Ask, Confirm, label_of, question_of
from models.forms.form import Form

BUTTONS = 6
LABEL = 10
"""Characters on a button (WeCom page 101032); longer options are answered by number."""


def put(form: Form, ask: Ask, stamp: str) -> Reply:
    """One question, what was wrong or uncertain before it, and how to answer.

    ``stamp`` names draft and revision: a button pressed later than that is stale.
    """
    if ask.doubt is not None:
        return Reply(lines(_doubt(ask), t("dialogue.hint_doubt")), card=_yes_no(ask, stamp))
    description = ask.field.describe()
    step = t("dialogue.step", number=ask.number, total=ask.total) if ask.total > 1 else ""
    question = Markdown(f"{step}{question_of(form, ask.field.key)}")
    hint = t("dialogue.hint_required" if ask.field.required else "dialogue.hint_optional")
    problem = say_problem(ask.problem) if ask.problem else ""
    return Reply(
        lines(problem, question, _options(description), hint), card=_buttons(form, ask, stamp)
    )


def say_problem(problem: Problem) -> Markdown:
    """What was wrong with an answer, and what to type instead."""
    return fill(problem.key, **problem.params)


def _doubt(ask: Ask) -> Markdown:
    doubt: Unsure[object] | None = ask.doubt
    if doubt is None:
        return Markdown("")
    return fill(doubt.key, **{"value": ask.field.echo(doubt.value), **doubt.params})


def _yes_no(ask: Ask, stamp: str) -> Card | None:
    if ask.doubt is None:
        return None
    return Card(
        title=t("dialogue.doubt_title"),
        desc=ask.field.echo(ask.doubt.value),
        buttons=(
            Button(
                t("dialogue.button_yes"), f"answer:{stamp}/{words('dialogue.yes')[0]}", Tone.PRIMARY
            ),
            Button(t("dialogue.button_no"), f"answer:{stamp}/{words('dialogue.no')[0]}"),
        ),
    )


def _options(description: Description) -> str:
    if not description.options:
        return ""
    if not description.numbered:
        listed = "\u3000".join(option.label for option in description.options)
        return fill("dialogue.options_plain", options=listed)
    listed = "　".join(f"{n} {o.label}" for n, o in enumerate(description.options, 1))
    return fill("dialogue.options", options=listed)


def _buttons(form: Form, ask: Ask, stamp: str) -> Card | None:
    """One tap for a question with a few short options."""
    options = ask.field.describe().options
    if not options or len(options) > BUTTONS or ask.field.describe().many:
        return None
    if any(len(option.label) > LABEL for option in options):
        return None
    return Card(
        title=label_of(form, ask.field.key),
        buttons=tuple(Button(o.label, f"answer:{stamp}/{o.label}") for o in options),
    )


def summary(form: Form, confirm: Confirm, stamp: str, effect: str) -> Reply:
    """All answers once more, and what will come of them, before anything is done."""
    rows = [
        fill("dialogue.confirm_line", label=label_of(form, key), value=value)
        for key, value in ordered(form, confirm.answers)
    ]
    yes = words("dialogue.yes")[0]
    card = Card(
        title=t("dialogue.confirm_title"),
        desc=t(f"form.{form.key}.title"),
        buttons=(Button(t("dialogue.button_confirm"), f"answer:{stamp}/{yes}", Tone.PRIMARY),),
    )
    said = lines(t("dialogue.confirm_head"), *rows, effect, t("dialogue.confirm_hint"))
    return Reply(said, card=card)


def ordered(form: Form, answers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Answers in the order of the form."""
    return [(field.key, answers[field.key]) for field in form.fields if field.key in answers]
