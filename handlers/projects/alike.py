"""What is alike, shown while a project is drawn up: nothing is invented twice (F-060, F-061)."""

from collections.abc import Sequence
from typing import Final

from config.texts import label, t
from handlers.context import Context
from handlers.reply import Markdown, fill, lines
from models.likeness import Alike, alike_to, words_of
from models.mechanism import Mechanism, listed
from models.project import Project
from models.search import grams

PROJECTS, MECHANISMS = 3, 2
"""So many are shown."""
WORDS: Final = 24


def projects(ctx: Context, project: Project) -> Sequence[Alike]:
    """Projects of other branches that say much the same."""
    least = ctx.rules.project.alike
    return ctx.once(
        ("alike", project.number),
        lambda: alike_to(ctx.session, project, limit=PROJECTS, at_least=least),
    )


def mechanisms(ctx: Context, project: Project) -> Sequence[Mechanism]:
    """What the library has for such a matter, the best first.

    How long a practice is told says nothing: what counts is how much of its name and scenarios
    stands in the project's words.
    """
    held = set(grams(f"{project.name}\n{words_of(project)}"))
    shares = {
        one: len(held.intersection(wanted)) / len(wanted)
        for one in listed(ctx.session)
        if (wanted := grams(f"{one.name}\n{one.scenario}"))
    }
    least = ctx.rules.project.alike_mechanism
    fit = [one for one, share in shares.items() if share >= least]
    return sorted(fit, key=lambda one: -shares[one])[:MECHANISMS]


def hint(ctx: Context, project: Project) -> Markdown:
    """What the branch reads before it hands its project in; empty if nothing is alike."""
    like, known = projects(ctx, project), mechanisms(ctx, project)
    return lines(
        t("alike.projects") if like else "",
        *(fill("alike.line", said=_project(project, one)) for one in like),
        t("alike.mechanisms") if known else "",
        *(fill("alike.line", said=_mechanism(one)) for one in known),
    )


def section(ctx: Context, project: Project) -> str:
    """The same as plain lines, for the dossier: the judges see it, too."""
    like = [_project(project, one) for one in projects(ctx, project)]
    return "\n".join([*like, *(_mechanism(one) for one in mechanisms(ctx, project))])


def _project(mine: Project, one: Alike) -> str:
    other = one.project
    year = "" if other.year == mine.year else t("project.year", year=other.year)
    return t(
        "alike.project",
        number=other.number,
        branch=one.branch,
        name=other.name,
        stage=f"{year}{label(other.stage)}",
        honour=t("alike.honour") if other.outstanding else "",
    )


def _mechanism(one: Mechanism) -> str:
    scenario = one.scenario if len(one.scenario) <= WORDS else f"{one.scenario[:WORDS]}…"
    return t("alike.mechanism", number=one.number, name=one.name, scenario=scenario)
