"""All field kinds, to be imported from one place."""

from typing import Any, Final

from models.forms.choices import Choice, Choices
from models.forms.dates import Date, Period
from models.forms.field import Field
from models.forms.named import Person, Unit
from models.forms.plain import Attachment, LongText, Text, YesNo
from models.forms.quantity import Amount, Figure, Integer, Percent
from models.forms.schedule import Schedule

KINDS: Final[tuple[type[Field[Any]], ...]] = (
    Text,
    LongText,
    Integer,
    Percent,
    Amount,
    Figure,
    Date,
    Period,
    Choice,
    Choices,
    YesNo,
    Person,
    Unit,
    Attachment,
    Schedule,
)

__all__ = [
    "KINDS",
    "Amount",
    "Attachment",
    "Choice",
    "Choices",
    "Date",
    "Figure",
    "Integer",
    "LongText",
    "Percent",
    "Period",
    "Person",
    "Schedule",
    "Text",
    "Unit",
    "YesNo",
]
