"""接龙: one paste, many progress reports in one transaction; what is doubtful waits for a yes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from config.texts import t
from handlers.context import Context
from handlers.figures import percent_text
from handlers.places import branch_by_id, may_report_for
from handlers.progress import Report, store
from handlers.reply import Begin, Markdown, Reply, fill, lines
from handlers.spec import Command, Family
from models.errors import UserError
from models.forms.chain import Chain, Matched, match
from models.forms.field import Answers, Problem, Reading, Unsure
from models.forms.form import Form
from models.forms.kinds import Percent, YesNo
from models.forms.line import read_line
from models.project import Project, project_of
from models.unit import Place, unit_by_code

NAMED = 20
PERCENT = Percent(key="percent")
LINE = Form(key="chain_line", version=1, fields=(PERCENT,), positional=("percent",))
NOTHING = Form(key="nothing", version=1, fields=())
CONFIRM = Form(key="chain_confirm", version=1, fields=(YesNo(key="go"),), positional=("go",))


class Verdict(StrEnum):
    """What can be done with a line."""

    CLEAR = "clear"
    DOUBTFUL = "doubtful"  # stored after a yes
    KNOWN = "known"  # the same was reported today: chains grow by being pasted again
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a chain, read. ``note`` says why it is not simply stored."""

    verdict: Verdict
    name: str
    note: str = ""
    code: str = ""
    percent: Decimal = Decimal(0)
    said: str = ""


def take_chain(ctx: Context, chain: Chain, reading: Reading) -> Reply:
    """Store the lines that are clear, name those that are not, ask for a yes for the rest."""
    entries = _once([_read(ctx, one, reading) for one in match(chain, reading.units)])
    if all(entry.verdict is Verdict.REFUSED for entry in entries):
        raise UserError("chain.nothing", lines=Markdown(lines(*map(_why, entries[:NAMED]))))
    stored = [_store(ctx, entry) for entry in entries if entry.verdict is Verdict.CLEAR]
    known, refused, doubtful = (
        [entry for entry in entries if entry.verdict is verdict]
        for verdict in (Verdict.KNOWN, Verdict.REFUSED, Verdict.DOUBTFUL)
    )
    ctx.subject = t("chain.subject", count=len(stored))
    text = lines(
        fill("chain.stored", count=len(stored)) if stored else "",
        *stored,
        fill("chain.known", names="、".join(entry.name for entry in known)) if known else "",
        fill("chain.refused", count=len(refused)) if refused else "",
        *map(_why, refused[:NAMED]),
        fill("chain.doubtful", count=len(doubtful)) if doubtful else "",
        *map(_why, doubtful),
    )
    if not doubtful:
        return Reply(text)
    last = {entry.code: [entry.code, str(entry.percent), entry.said] for entry in doubtful}
    return Reply(text, then=Begin("chain_confirm", params={"rows": list(last.values())}))


def _once(entries: Sequence[Entry]) -> list[Entry]:
    """A branch that stands twice with different figures: only a person knows which holds."""
    wanted = (Verdict.CLEAR, Verdict.DOUBTFUL)
    distinct = list(dict.fromkeys(entries))
    count = Counter(entry.code for entry in distinct if entry.verdict in wanted)
    return [
        replace(entry, verdict=Verdict.DOUBTFUL, note=t("chain.twice"))
        if entry.verdict in wanted and count[entry.code] > 1
        else entry
        for entry in distinct
    ]


def _read(ctx: Context, one: Matched, reading: Reading) -> Entry:
    if one.unit is None:
        key = "chain.which" if one.candidates else "chain.unmatched"
        names = "、".join(named.label for named in one.candidates)
        return Entry(Verdict.REFUSED, one.entry.typed.original()[:40], t(key, names=names))
    unit = unit_by_code(ctx.session, one.unit.key)
    branch = branch_by_id(ctx, unit.branch_id) if unit and unit.branch_id else None
    name = one.unit.label
    if branch is None:
        return Entry(Verdict.REFUSED, name, t("chain.no_branch"))
    if not may_report_for(ctx.who, branch):
        return Entry(Verdict.REFUSED, name, t("chain.not_yours"))
    project = project_of(ctx.session, branch.id, ctx.today.year)
    if project is None:
        return Entry(Verdict.REFUSED, name, t("chain.no_project"))
    return _judge(ctx, one, branch, project, reading)


def _judge(ctx: Context, one: Matched, branch: Place, project: Project, reading: Reading) -> Entry:
    """Read the percent of a line and hold it against what is known."""
    raw = read_line(LINE, one.body, reading).answers.get("percent", "")
    value = PERCENT.parse(raw, reading) if raw else Problem("chain.no_percent")
    if isinstance(value, Problem):
        value = PERCENT.parse(one.body.text, reading)  # 已完成 and the like say it in words
    if isinstance(value, Problem):
        return Entry(Verdict.REFUSED, branch.name, t("chain.no_percent"))
    percent = value.value if isinstance(value, Unsure) else value
    said = one.body.original()
    note = t("chain.understood", percent=percent_text(percent)) if isinstance(value, Unsure) else ""
    entry = Entry(Verdict.CLEAR, branch.name, note, branch.code, percent, said)
    before = project.percent
    if before is not None and percent < before:
        down = t("chain.down", before=percent_text(before))
        return replace(entry, verdict=Verdict.REFUSED, note=down)
    last = project.reported_at
    if last is not None and ctx.local(last).date() == ctx.today:
        if percent == before:
            return replace(entry, verdict=Verdict.KNOWN)
        entry = replace(entry, note=entry.note or t("chain.again", before=percent_text(before)))
    return replace(entry, verdict=Verdict.DOUBTFUL) if entry.note else entry


def _store(ctx: Context, entry: Entry) -> Markdown:
    unit = unit_by_code(ctx.session, entry.code)
    project = project_of(ctx.session, unit.id, ctx.today.year) if unit else None
    if unit is None or project is None:
        raise UserError("error.stale")
    branch = branch_by_id(ctx, unit.id)
    number = store(ctx, branch, project, Report(entry.percent, entry.said))
    percent = percent_text(entry.percent)
    return fill("chain.row", number=number, name=branch.name, percent=percent)


def _why(entry: Entry) -> Markdown:
    return fill("chain.line", name=entry.name, note=entry.note)


def confirm_chain(ctx: Context, answers: Answers) -> Reply:
    """Store the doubtful lines of a chain after a yes, or none of them after a no."""
    if not answers["go"]:
        return Reply(t("chain.dropped"))
    rows = [
        _store(ctx, Entry(Verdict.CLEAR, "", "", code, Decimal(percent), said))
        for code, percent, said in ctx.params.get("rows", [])
    ]
    return Reply(lines(fill("chain.stored", count=len(rows)), *rows))


def explain(ctx: Context, answers: Answers) -> Reply:
    """``/接龙`` without a chain: how one is pasted."""
    del ctx, answers
    return Reply(t("chain.howto"))


FAMILY = Family(
    commands=(
        Command(key="chain", form=NOTHING, run=explain, chain=take_chain),
        Command(key="chain_confirm", form=CONFIRM, run=confirm_chain, hidden=True),
    )
)
