"""我的数据, 删除, 谁看过我: what is held about me, and what I can do about it (PRODUCT.md E.9)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from config.texts import t
from handlers.amend import Meant, correct_command
from handlers.board import Board, BoardPage, Cell, TableBlock, TextBlock, Tile, TilesBlock
from handlers.content import Bundle, Button, Card, Link, Tone
from handlers.context import Context
from handlers.dossier import Act
from handlers.personal import Held, Holding
from handlers.reply import Reply, fill, lines
from handlers.spec import Action, Command, Family, Where
from models.audit import Audit, readings_about
from models.errors import UserError
from models.forms.field import Answers
from models.forms.form import Form
from models.forms.record import RecordNumber
from models.person import Person

LOOKS_IN_CHAT = 10
LOOKS = 100
BOARD = "mydata"
ZIP = "/mydata.zip"

NONE = Form(key="nothing", version=1, fields=())
ERASE = Form(
    key="erase",
    version=1,
    fields=(RecordNumber(key="number", required=False),),
    positional=("number",),
)


class MyData:
    """The commands, the page and the button over what all families hold."""

    def __init__(self, holdings: Sequence[Holding], meant: Meant) -> None:
        self._holdings = holdings
        self._meant = meant

    def family(self) -> Family:
        """All of it, declared."""
        return Family(
            commands=(
                Command(key="mydata", form=NONE, run=self.show, where=Where.PRIVATE),
                Command(key="mydata_export", form=NONE, run=self.export, where=Where.PRIVATE),
                correct_command(self._meant),
                Command(key="erase", form=ERASE, run=self.what_goes, where=Where.PRIVATE),
                Command(key="looks", form=NONE, run=who_looked, where=Where.PRIVATE),
            ),
            actions=(Action(key="mydata.erase", run=self.erase),),
            boards=(Board(key=BOARD, show=self.board, confined=True),),
        )

    def show(self, ctx: Context, answers: Answers) -> Reply:
        """``/我的数据``: kinds, counts and purposes; the page has the things themselves."""
        del answers
        rows = [
            fill("mydata.line", name=one.name, count=len(held), purpose=one.purpose)
            for one, held in self._found(ctx)
            if held
        ]
        card = Card(
            title=t("mydata.card"),
            desc=t("mydata.card_desc"),
            buttons=(
                Act(t("mydata.export"), command="mydata_export", tone=Tone.PRIMARY).button(),
                Act(t("mydata.erase"), command="erase").button(),
            ),
            links=(Link(t("mydata.open"), ctx.page(f"/board/{BOARD}")),),
        )
        return Reply(lines(t("mydata.head"), *rows, t("mydata.foot")), card=card)

    def export(self, ctx: Context, answers: Answers) -> Reply:
        """``/导出我的数据``: everything of the speaker's own as one file, privately."""
        del answers
        userid, url = ctx.who.userid, ctx.page(ZIP)
        bundle = Bundle(name=t("mydata.title"), viewer=userid, url=url, at=ctx.now.isoformat())
        ctx.push_person(userid, bundle, f"mydata:{ctx.message_id}")
        return Reply(fill("mydata.exporting", url=url))

    def what_goes(self, ctx: Context, answers: Answers) -> Reply:
        """``/删除``: what can go at once, and what must stay, why and until when."""
        if answers["number"]:
            raise UserError("mydata.record_stays", number=answers["number"])
        found = self._found(ctx)
        free = [(one, len(held)) for one, held in found if one.erase is not None and held]
        stay = [one for one, held in found if one.stays and held]
        text = lines(
            t("mydata.goes") if free else t("mydata.nothing_goes"),
            *(fill("mydata.goes_line", name=one.name, count=count) for one, count in free),
            t("mydata.stays") if stay else "",
            *(fill("mydata.stays_line", name=one.name, why=one.stays) for one in stay),
            t("mydata.erase_record"),
        )
        button = Button(t("mydata.erase_now"), "mydata.erase", Tone.DANGER)
        card = Card(title=t("mydata.erase"), desc=t("mydata.erase_desc"), buttons=(button,))
        return Reply(text, card=card if free else None)

    def erase(self, ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
        """Delete what may go."""
        del argument, picked
        person_id = ctx.who.id
        count = sum(one.erase(ctx, person_id) for one in self._holdings if one.erase is not None)
        return Reply(card=Card(title=t("mydata.erased"), desc=t("mydata.erased_desc", count=count)))

    def board(self, ctx: Context, params: Mapping[str, str]) -> BoardPage:
        """Everything, kind by kind, and who looked."""
        del params
        found = self._found(ctx)
        blocks = [
            TableBlock(
                title=t("mydata.block", name=one.name, count=len(held)),
                note=" ".join(part for part in (one.purpose, one.stays) if part),
                headings=(t("mydata.what"), t("mydata.at"), t("mydata.number"), t("mydata.text")),
                rows=[_row(ctx, thing) for thing in held],
            )
            for one, held in found
            if held
        ]
        nothing = "、".join(one.name for one, held in found if not held)
        looks = TableBlock(
            title=t("looks.title"),
            note=t("looks.note"),
            headings=(t("mydata.at"), t("looks.who"), t("mydata.number")),
            rows=[
                (Cell(when(ctx, row.at)), Cell(_who(ctx, row)), Cell(row.subject))
                for row in readings_about(ctx.session, ctx.who.id, LOOKS)
            ],
        )
        return BoardPage(
            title=t("mydata.title"),
            note=t("mydata.note", name=ctx.who.name),
            blocks=(
                TilesBlock(tiles=[Tile(t("mydata.export"), note=t("mydata.zip"), href=ZIP)]),
                *blocks,
                looks,
                TextBlock(text=t("mydata.nothing_of", names=nothing)),
            ),
            acts=(
                Act(t("mydata.amend"), command="correct"),
                Act(t("mydata.erase_now"), action="mydata.erase", tone=Tone.DANGER),
            ),
        )

    def _found(self, ctx: Context) -> list[tuple[Holding, Sequence[Held]]]:
        return [(one, list(one.find(ctx, ctx.who.id))) for one in self._holdings]


def _row(ctx: Context, thing: Held) -> tuple[Cell, ...]:
    at = when(ctx, thing.at)
    href = f"/record/{thing.number}" if thing.number else ""
    return Cell(thing.title), Cell(at), Cell(thing.number, href=href), Cell(thing.text)


def when(ctx: Context, at: datetime | date | None) -> str:
    """With the year: some of it is old."""
    if isinstance(at, datetime):
        return f"{ctx.local(at):%Y-%m-%d %H:%M}"
    return at.isoformat() if at else "—"


def who_looked(ctx: Context, answers: Answers) -> Reply:
    """``/谁看过我``: who read what was written about the speaker, newest first."""
    del answers
    rows = readings_about(ctx.session, ctx.who.id, LOOKS_IN_CHAT)
    if not rows:
        return Reply(t("looks.none"))
    said = [
        fill(
            "looks.line",
            at=when(ctx, row.at),
            who=_who(ctx, row),
            number=row.subject,
        )
        for row in rows
    ]
    return Reply(lines(t("looks.head"), *said))


def _who(ctx: Context, row: Audit) -> str:
    person = ctx.session.get(Person, row.person_id) if row.person_id else None
    return person.name if person else t("looks.system")
