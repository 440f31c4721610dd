"""The readers of foreign words and bytes, each as a function that must not fail on any bytes."""

import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from io import BytesIO
from typing import Final

from bot.papers.reading import read_workbook
from bot.wecom import appmessage, botmessage
from bot.wecom.wire import Malformed, parse_json, parse_xml
from handlers.catalogue import catalogue
from handlers.imports.sheets import recognise
from models.errors import UserError
from models.forms.address import match_name, split_command, strip_mention
from models.forms.chain import match, read_chain
from models.forms.field import Problem, Unsure
from models.forms.line import read_line
from models.forms.numerals import chinese, read_number, tight, whole
from models.forms.sheet import read_sheet, recognise_sheet
from models.forms.typed import Typed
from tests.unit.forms.aid import UNITS, reading
from tests.unit.imports.aid import company, workbook

Door = Callable[[bytes], object]
NOW: Final = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
_CATALOGUE: Final = catalogue()
_WORDS: Final = frozenset(_CATALOGUE.words)
_FORMS: Final = [one.form for one in _CATALOGUE.commands if one.form.fields]
_FIELDS: Final = [field for form in _FORMS for field in form.fields]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "ignore").replace("\0", "")


def bot(data: bytes) -> None:
    """The decrypted body of the smart bot's callback."""
    with suppress(Malformed):
        botmessage.read_message(parse_json(data), channel="aibot", received_at=NOW)


def app(data: bytes) -> None:
    """The decrypted document of the app's callback."""
    with suppress(Malformed):
        appmessage.read_message(parse_xml(data), received_at=NOW)


def typed(data: bytes) -> None:
    """A message: mention, command, line and sheet of a form, chain."""
    if not data:
        return
    form, said = _FORMS[data[0] % len(_FORMS)], Typed.read(_text(data[1:]))
    said = strip_mention(said, ("支部通",))
    split_command(said)
    match_name(said, _WORDS)
    read_line(form, said, reading())
    read_sheet(form, said)
    recognise_sheet(_FORMS, said)
    chain = read_chain(said)
    for one in match(chain, UNITS) if chain else ():
        if one.body.source not in said.source:
            raise AssertionError(one)


def fields(data: bytes) -> None:
    """One value of any field: dates, periods, numbers, choices; what was read reads back."""
    which = int.from_bytes(data[:2], "big") % len(_FIELDS)
    field, text = _FIELDS[which], _text(data[2:])
    value = field.parse(text, reading())
    if isinstance(value, Unsure):
        value = value.value
    if not isinstance(value, Problem) and field.parse(field.echo(value), reading()) != value:
        raise AssertionError(field.kind, text, value)


def numbers(data: bytes) -> None:
    """Figures in digits and in Chinese."""
    text = _text(data)
    read_number(tight(text))
    whole(text)
    chinese(text)


def _parts() -> Mapping[str, bytes]:
    with zipfile.ZipFile(BytesIO(workbook(company()))) as package:
        return {name: package.read(name) for name in package.namelist()}


_PARTS: Final = _parts()
_NAMES: Final = sorted(_PARTS)


def book(data: bytes) -> None:
    """A workbook of which one part says something else, or that is no package at all."""
    if not data:
        return
    packed = data[1:]
    if chosen := data[0] % (len(_NAMES) + 1):
        file = BytesIO()
        with zipfile.ZipFile(file, "w") as package:
            for name, part in _PARTS.items():
                package.writestr(name, packed if name == _NAMES[chosen - 1] else part)
        packed = file.getvalue()
    with suppress(UserError):
        found = recognise(read_workbook(packed), "https://qyapi.weixin.qq.com")
        for sheet in found.sheets.values():
            list(sheet)


DOORS: Final[Mapping[str, Door]] = {
    "bot": bot,
    "app": app,
    "typed": typed,
    "fields": fields,
    "numbers": numbers,
    "book": book,
}
