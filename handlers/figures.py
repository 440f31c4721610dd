"""Figures as people read them, the same in chat, on pages and on paper."""

from datetime import date, datetime
from decimal import Decimal

from config.texts import t, words


def percent_text(percent: Decimal | None) -> str:
    """``60%``, ``85.5%``, or a dash where there is no figure."""
    return "—" if percent is None else f"{percent.normalize():f}%"


def points_text(points: Decimal) -> str:
    """Points without sign and without needless decimals."""
    return f"{abs(points).normalize():f}"


def signed_text(points: Decimal) -> str:
    """Points with their sign, as a column shows them: ``+4.8``, ``−12.0``, ``0.0``."""
    return f"{points:+.1f}".replace("-", "−") if points else "0.0"


def plan_text(ahead: Decimal) -> str:
    """How a percent stands to the plan, in words."""
    if ahead == 0:
        return t("figures.on_plan")
    return t("figures.ahead" if ahead > 0 else "figures.behind", points=points_text(ahead))


def light(ahead: Decimal | None, yellow: int, red: int) -> str:
    """Traffic light from points behind plan: green, yellow, red; empty without a figure."""
    if ahead is None:
        return ""
    if -ahead >= red:
        return "red"
    return "yellow" if -ahead >= yellow else "green"


def arrow_text(change: int | None) -> str:
    """Places gained or lost: ``▲3``, ``▼2``, ``—``; empty when there was no table before."""
    if change is None:
        return ""
    if change == 0:
        return "—"
    return f"▲{change}" if change > 0 else f"▼{-change}"


def day_text(moment: datetime) -> str:
    """A local moment's day as in a sentence: ``11月21日``."""
    return t("figures.day", month=moment.month, day=moment.day)


def minute_text(moment: datetime) -> str:
    """A local moment to the minute: ``11月21日 09:00``."""
    return t("figures.minute", month=moment.month, day=moment.day, time=f"{moment:%H:%M}")


def date_text(day: date, today: date) -> str:
    """A day as in a sentence, with its weekday; the year only if it is another one."""
    weekday = words("figures.weekdays")[day.weekday()]
    key = "figures.date" if day.year == today.year else "figures.date_year"
    return t(key, year=day.year, month=day.month, day=day.day, weekday=weekday)


def chinese_number(number: int) -> str:
    """A number from 1 to 99 as headings of papers are numbered: 一, 十, 十二, 二十, 九十九."""
    digits = ("", *words("figures.digits"))
    tens, ones = divmod(number, len(digits))
    if not tens:
        return digits[ones]
    return f"{digits[tens] if tens > 1 else ''}{t('figures.ten')}{digits[ones]}"


def short_text(text: str, most: int) -> str:
    """The beginning of somebody's words, with … where something is missing."""
    return text if len(text) <= most else text[: most - 1] + "…"
