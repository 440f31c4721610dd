"""A form, a calendar and books to read with."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from hypothesis import strategies as st

from models.forms.field import Reading
from models.forms.form import Form
from models.forms.kinds import LongText, Percent, Text, Unit
from models.forms.names import Entry, NameBook

TEXTS: Final[Mapping[str, str | list[str]]] = {
    "form.trial.title": "进展填报",
    "form.trial.branch.label": "支部",
    "form.trial.branch.words": ["党支部", "单位"],
    "form.trial.percent.label": "进度",
    "form.trial.percent.words": ["完成进度", "完成率"],
    "form.trial.reason.label": "原因",
    "form.trial.said.label": "说明",
    "form.trial.said.words": ["完成情况", "问题"],
    "form.visit.title": "走访记录",
    "form.visit.day.label": "日期",
    "form.visit.count.label": "人数",
    "form.visit.place.label": "地点",
    "form.visit.held.label": "办结",
    "form.period.title": "时段",
    "form.period.period.label": "时段",
    "form.none.title": "无需填写",
    "form.every.title": "各类都有",
    "form.every.unit.label": "单位",
    "form.every.percent.label": "进度",
    "form.every.amount.label": "金额",
    "form.every.date.label": "日期",
    "form.every.yes.label": "办结",
    "form.every.integer.label": "人数",
    "form.every.choice.label": "类别",
    "form.every.text.label": "标题",
    "form.every.long.label": "内容",
}

TRIAL: Final = Form(
    key="trial",
    version=1,
    fields=(
        Unit(key="branch", required=False),
        Percent(key="percent"),
        Text(key="reason", required=False),
        LongText(key="said", required=False),
    ),
    positional=("percent", "said"),
)


class Days:
    """Saturdays and Sundays rest, and so do seven days from 1 October."""

    def is_working(self, day: date) -> bool:
        """Whether work is done."""
        return day.weekday() < 5 and not (day.month == 10 and day.day <= 7)

    def holiday(self, name: str, year: int) -> date | None:
        """The first rest day; the spring festival of one year only is known."""
        known = {
            "national": date(year, 10, 1),
            "spring": date(2026, 2, 15) if year == 2026 else None,
        }
        return known.get(name)


UNITS: Final = NameBook(
    [
        Entry("B01", "城南供电服务指挥中心党支部", ("城南指挥中心", "城南支部")),
        Entry("B02", "城南营业党支部"),
        Entry("B03", "检修二班支部", ("二支部",)),
        Entry("B04", "检修三班支部"),
        Entry("B05", "运检第一党支部"),
        Entry("B06", "QC 小组党支部"),
        Entry("D01", "城北党总支"),
        Entry("B07", "城北党支部"),
    ]
)

PEOPLE: Final = NameBook(
    [
        Entry("zhangsan", "张三"),
        Entry("zhangwei01", "张伟"),
        Entry("zhangwei02", "张伟"),
        Entry("ouyang", "欧阳建国"),
    ]
)


def reading(today: date = date(2026, 9, 21)) -> Reading:
    """What may be known while reading; the default day is a Monday."""
    return Reading(today, Days(), UNITS, PEOPLE)


DAYS: Final = st.dates(date(2000, 1, 1), date(2100, 12, 31))

_SIGNS = "0123456789%％.．,，、:：/／-—~（）()【】[]「」@＠#＃ \u3000\n\t\r①②⒈⑴½"
_NUMERALS = "一二三四五六七八九十百千万亿两半成余"
_UNSEEN = "\u200b\ufe0f\u200d\u202e"
_WORDS = """
进度 说明 支部 原因 问题 完成 已完成 80% 60 0.85 8/10 百分之 过半 约 左右 元 人 线损下降 5%
城南支部 二支部 城南 张三 张伟（zhangwei01） 2026年 9月 30日 号 周 本 上 下 月底 前 后 国庆 季度
半年 旬 今天 工作日 年底 是 否 好的 收到 接龙 #接龙 管理型 服务型 全部 第
""".split()  # noqa: SIM905  (a list of eighty words reads worse)

TOKENS: Final = st.sampled_from([*_SIGNS, *_NUMERALS, *_UNSEEN, *_WORDS, "QC 小组", "\r\n"])
TYPING: Final = st.one_of(st.text(max_size=60), st.lists(TOKENS, max_size=14).map("".join))
