"""检查表: the checklist of a branch's type as a form, and what its answers amount to."""

from collections.abc import Sequence
from typing import Any

from config.checklists import Checklist, Item, checklists
from config.texts import label, t
from handlers.content import Text
from handlers.context import Context
from handlers.duties import day_words
from handlers.inspections.findings import Fault, record_finding, severity_of
from handlers.places import branch_by_id
from handlers.reply import Markdown, Reply, fill, lines
from handlers.spec import Command
from handlers.telling import tell_holders
from models.attachment import attach
from models.check import (
    Check,
    CheckMark,
    CheckState,
    Finding,
    Verdict,
    check_by_number,
    score_of,
)
from models.errors import UserError
from models.forms.choices import Choice
from models.forms.field import Answers, Field, Option
from models.forms.form import Form
from models.forms.kinds import Attachment, LongText
from models.forms.kinds import Text as TextField
from models.forms.record import RecordNumber
from models.person import Member, Role
from models.unit import BranchType, Place

INSPECTORS = (Role.INSPECTOR, Role.PARTY_OFFICE)
VERDICTS = tuple(Option(verdict.value, label(verdict)) for verdict in Verdict)
FAULTY = (Verdict.PARTLY.value, Verdict.FAILED.value)


def sheet_form(checklist: Checklist) -> Form:
    """The checklist of a type as a form: for each item a verdict and, if need be, what is wrong."""
    fields: list[Field[Any]] = [RecordNumber(key="number")]
    for item in checklist.items:
        faulty = (f"{item.key}_verdict", FAULTY)
        fields += [
            Choice(key=f"{item.key}_verdict", options=VERDICTS),
            TextField(key=f"{item.key}_remark", max_chars=500, only_if=faulty),
            Attachment(key=f"{item.key}_photos", required=False, only_if=faulty),
        ]
    fields.append(LongText(key="summary", required=False, max_chars=1000))
    return Form(
        key=f"check_{checklist.type}", version=1, fields=tuple(fields), positional=("number",)
    )


SHEETS = {kind: sheet_form(checklist) for kind, checklist in checklists().items()}


def may_check(member: Member, check: Check, checker: Place | None, branch: Place) -> bool:
    """Whoever belongs to the branch that checks, its secretary, and inspectors of both."""
    if checker is not None and (
        member.branch_id == checker.id or member.has(Role.SECRETARY, over=checker.path)
    ):
        return check.branch_id != member.branch_id
    return member.has(*INSPECTORS, over=branch.path)


def places_of(ctx: Context, check: Check) -> tuple[Place | None, Place]:
    """The branch that checks, if it is one, and the branch that is checked."""
    checker = branch_by_id(ctx, check.checker_id) if check.checker_id else None
    return checker, branch_by_id(ctx, check.branch_id)


def list_of(branch: Place) -> Checklist:
    """The checklist for a branch; ``UserError`` if its type is not known."""
    kind = branch.branch_type
    if kind is None:
        raise UserError("check.no_list", branch=branch.name)
    return checklists()[kind.value]


def hand_in(ctx: Context, answers: Answers, kind: BranchType) -> Reply:
    """A filled-in checklist: verdicts, score, and one finding for whatever is not in order."""
    check = check_by_number(ctx.session, answers["number"])
    if check is None:
        raise UserError("lookup.unknown", number=answers["number"])
    checker, branch = places_of(ctx, check)
    if not may_check(ctx.who, check, checker, branch):
        raise UserError("check.not_yours", number=check.number)
    if check.state is not CheckState.PLANNED:
        raise UserError("check.done_before", number=check.number, state=label(check.state))
    checklist = list_of(branch)
    if checklist.type != kind.value:
        raise UserError("check.other_list", type=label(BranchType(checklist.type)))
    marks = {item.key: Verdict(answers[f"{item.key}_verdict"]) for item in checklist.items}
    check.move_to(
        ctx.session,
        CheckState.DONE,
        done_at=ctx.now,
        person_id=ctx.who.id,
        checklist=checklist.version,
        score=score_of(marks, checklist.weights),
        summary=answers["summary"] or "",
    )
    ctx.session.add_all(
        CheckMark(
            check_id=check.id,
            item=item,
            verdict=verdict,
            remark=answers.get(f"{item}_remark") or "",
        )
        for item, verdict in marks.items()
    )
    found = [
        _fault(ctx, check, branch, item, answers)
        for item in checklist.items
        if answers[f"{item.key}_verdict"] in FAULTY
    ]
    ctx.subject = check.number
    _tell_branch(ctx, check, checker, branch, found)
    return _receipt(ctx, check, branch, found)


def _fault(ctx: Context, check: Check, branch: Place, item: Item, answers: Answers) -> Finding:
    fault = Fault(
        said=answers[f"{item.key}_remark"],
        severity=severity_of(Verdict(answers[f"{item.key}_verdict"])),
        item=item.key,
        clause=item.clause,
        check_id=check.id,
    )
    finding = record_finding(ctx, branch, fault)
    photos = answers.get(f"{item.key}_photos")
    if photos:
        attach(ctx.session, photos, ctx.who.id, finding.number)
    return finding


def _receipt(ctx: Context, check: Check, branch: Place, found: Sequence[Finding]) -> Reply:
    rows = [fill("check.found", number=finding.number, said=finding.said[:60]) for finding in found]
    repeats = sum(finding.repeats_id is not None for finding in found)
    return Reply(
        lines(
            fill(
                "check.saved",
                number=check.number,
                branch=branch.name,
                score=score_words(check),
                count=len(found),
            ),
            *rows,
            fill("check.repeats", count=repeats) if repeats else "",
            Markdown(t("dossier.page", url=ctx.page(f"/record/{check.number}"))),
        )
    )


def score_words(check: Check) -> str:
    """The score, or a dash."""
    return "—" if check.score is None else f"{check.score.normalize():f}"


def _tell_branch(
    ctx: Context, check: Check, checker: Place | None, branch: Place, found: Sequence[Finding]
) -> None:
    """The branch's secretaries see at once what was found, and how long they may object."""
    text = fill(
        "check.told",
        number=check.number,
        checker=checker.name if checker else t("check.from_above"),
        score=score_words(check),
        count=len(found),
        days=ctx.rules.checks.objection_days,
    )
    tell_holders(ctx, Role.SECRETARY, branch.path, f"check:{check.number}", Text(text))


def _intro(ctx: Context, answers: Answers) -> str:
    """Above the list: which branch it is for, and by when."""
    check = check_by_number(ctx.session, answers.get("number") or "")
    if check is None:
        return ""
    branch = branch_by_id(ctx, check.branch_id)
    return fill("check.intro", branch=branch.name, due=day_words(ctx, check.due_on))


def _sheet(kind: str) -> Command:
    def run(ctx: Context, answers: Answers) -> Reply:
        return hand_in(ctx, answers, BranchType(kind))

    return Command(
        key=f"check_{kind}",
        form=SHEETS[kind],
        run=run,
        intro=_intro,
        hidden=True,
        linked=True,
        offline=True,
    )


SHEET_COMMANDS = tuple(_sheet(kind) for kind in sorted(SHEETS))
