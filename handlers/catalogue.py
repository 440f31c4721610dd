"""All that the product can do, from the families of handlers, checked once at the start."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType

from config.rules import Rules
from config.texts import t
from handlers import (
    administration,
    amend,
    binding,
    chains,
    consent,
    holdings,
    ledgers,
    mine,
    organisation,
    overview,
    pair,
    pair_book,
    pauses,
    post,
    post_book,
    progress,
    pushes,
    ranking,
    relief,
    steering,
    templates,
    visit_book,
    wish,
    wish_book,
    workday,
    workdays,
)
from handlers.board import Board
from handlers.boardpicture import board_picture
from handlers.context import Context
from handlers.dossier import Record
from handlers.duty import DutySource
from handlers.help import help_command
from handlers.holdings import rest_of
from handlers.inspections import families as inspections
from handlers.ledgers import table_commands
from handlers.matrix import roles_board
from handlers.mydata import MyData
from handlers.paper import PaperRecipe
from handlers.personal import Holding
from handlers.pledges import families as pledges
from handlers.printed import ledger_paper
from handlers.projects import families as projects
from handlers.search import search_command
from handlers.spec import Action, Command, Family, Ledger, Recipe
from handlers.suggestions import families as suggestions
from handlers.talks import families as talks
from models.forms.record import number_in
from models.forms.typed import fold

FAMILIES: tuple[Family, ...] = (
    progress.FAMILY,
    chains.FAMILY,
    *projects.FAMILIES,
    ranking.FAMILY,
    pushes.FAMILY,
    *pledges.FAMILIES,
    wish.FAMILY,
    wish_book.FAMILY,
    pair.FAMILY,
    pair_book.FAMILY,
    post.FAMILY,
    post_book.FAMILY,
    ledgers.FAMILY,
    organisation.FAMILY,
    overview.FAMILY,
    binding.FAMILY,
    *suggestions.FAMILIES,
    workday.FAMILY,
    relief.FAMILY,
    *inspections.FAMILIES,
    visit_book.FAMILY,
    templates.FAMILY,
    workdays.FAMILY,
    amend.FAMILY,
    holdings.FAMILY,
    *talks.FAMILIES,
    consent.FAMILY,
    administration.FAMILY,
)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What there is, by name. ``words`` maps every name and alias of a command to it.

    ``shared``  keys of commands whose word means another one for some numbers
    """

    commands: tuple[Command, ...]
    words: Mapping[str, Command]
    actions: Mapping[str, Action]
    ledgers: Mapping[str, Ledger]
    pictures: Mapping[str, Recipe]
    records: Mapping[str, Record]
    duties: tuple[DutySource, ...]
    boards: Mapping[str, Board]
    papers: Mapping[str, PaperRecipe]
    holdings: tuple[Holding, ...]
    shared: frozenset[str]
    mine: tuple[Callable[[Context], Sequence[str]], ...]

    def heading(self, command: Command) -> str:
        """What stands above a command's form: its title, or the command where several share it."""
        forms = [one.form.key for one in self.commands]
        shared = forms.count(command.form.key) > 1
        return command.name if shared else t(f"form.{command.form.key}.title")

    def command(self, key: str) -> Command:
        """The command of a key; ``KeyError`` if there is none."""
        return next(c for c in self.commands if c.key == key)

    def meant(self, command: Command, text: str) -> Command:
        """The command itself, or what its word means for the number in the text behind it."""
        if command.key not in self.shared:
            return command
        place = (command.key, number_in(text)[:2])
        return next((c for c in self.commands if c.under == place), command)

    def under(self, rules: Rules) -> "Catalogue":
        """The same with its forms as the rules in force have them."""
        commands = tuple(
            replace(command, form=command.tailor(rules)) if command.tailor else command
            for command in self.commands
        )
        return replace(self, commands=commands, words=MappingProxyType(_words(commands)))

    def ledger_named(self, name: str) -> Ledger | None:
        """The ledger of a Chinese name."""
        return next((ledger for ledger in self.ledgers.values() if ledger.name == name), None)


@cache
def catalogue() -> Catalogue:
    """Put the families together; two commands with one word are a ``ValueError``."""
    spoken = [one for family in FAMILIES for one in family.holdings]
    held = (*spoken, rest_of(spoken))
    own = MyData(held, lambda command, number: catalogue().meant(command, number))
    families = (*FAMILIES, own.family())
    found = {ledger.key: ledger for family in families for ledger in family.ledgers}
    commands = [command for family in families for command in family.commands]
    commands += table_commands(tuple(found.values()))
    records = {record.prefix: record for family in families for record in family.records}
    duties = tuple(source for family in families for source in family.duties)
    lines = (pauses.my_pause, *(lines for family in families for lines in family.mine))
    sealed = frozenset(command.form.key for command in commands if command.form.sealed)
    commands += mine.commands(records, duties, lines, sealed)
    commands += pauses.commands(duties) + workdays.commands(duties) + workday.commands(duties)
    actions = [*pauses.actions(duties), *(a for family in families for a in family.actions)]
    own_boards = [mine.duty_board(duties), roles_board(catalogue)]
    boards = [*own_boards, *(board for family in families for board in family.boards)]
    commands += steering.commands(lambda: catalogue().commands)
    commands.append(help_command(lambda: catalogue().commands))
    commands.append(search_command(lambda: catalogue().ledgers, records))
    return Catalogue(
        commands=tuple(commands),
        words=MappingProxyType(_words(commands)),
        actions={action.key: action for action in actions},
        ledgers=found,
        pictures={name: recipe for f in families for name, recipe in f.pictures.items()}
        | {"board": board_picture(lambda: catalogue().boards)},
        records=records,
        duties=duties,
        boards={board.key: board for board in boards},
        papers={name: recipe for f in families for name, recipe in f.papers.items()}
        | {"ledger": ledger_paper(found)},
        holdings=held,
        shared=frozenset(command.under[0] for command in commands if command.under),
        mine=lines,
    )


def _words(commands: Iterable[Command]) -> dict[str, Command]:
    words: dict[str, Command] = {}
    forms: dict[str, str] = {}
    for command in commands:
        for word in () if command.hidden else command.names:
            earlier = forms.setdefault(fold(word), word)
            if earlier in words:
                raise ValueError(f"{command.key} and {words[earlier].key} share the word {word}")
            words[word] = command
    return words
