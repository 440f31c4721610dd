"""The State Council's notice, pasted as it is, becomes the calendar; what moves is said before."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from handlers.workdays import read_notice
from models.calendar import CalendarDay, WorkCalendar
from models.errors import UserError
from models.project import Project
from tests.chats.test_checks import make_inspector, press
from tests.world import World

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOTICE_2026 = """一、元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。
二、春节：2月15日（农历腊月二十八、周日）至23日（农历正月初七、周一）放假调休，共9天。2月14日（周六）、2月28日（周六）上班。
三、清明节：4月4日（周六）至6日（周一）放假，共3天。
四、劳动节：5月1日（周五）至5日（周二）放假调休，共5天。5月9日（周六）上班。
五、端午节：6月19日（周五）至21日（周日）放假，共3天。
六、中秋节：9月25日（周五）至27日（周日）放假，共3天。
七、国庆节：10月1日（周四）至7日（周三）放假调休，共7天。9月20日（周日）、10月10日（周六）上班。"""
INVENTED_2027 = """元旦：1月1日（周五）至3日（周日）放假，共3天。
春节：2月5日至11日放假调休，共7天；1月31日（周日）、2月20日（周六）上班。"""


def test_the_notice_of_2026_is_what_the_package_knows() -> None:
    """Every single day of the year."""
    found = read_notice(NOTICE_2026, 2026)
    table = WorkCalendar(found.days)
    package = WorkCalendar()
    day = date(2026, 1, 1)
    while day.year == 2026:
        weekend = day.weekday() >= 5 and day not in found.work
        assert table.is_working(day) == package.is_working(day)
        assert (day in found.rest or weekend) == (not package.is_working(day))
        day += timedelta(days=1)
    assert len(found.work) == 6


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("今年放假安排另行通知。", "holidays.few"),
        ("元旦：1月1日至3日放假。", "holidays.few"),
        (INVENTED_2027 + "3月3日（周三）上班。", "holidays.weekday"),
        (INVENTED_2027 + "2月6日（周六）上班。", "holidays.both"),
        (INVENTED_2027 + "4月31日放假。", "holidays.no_day"),
    ],
)
def test_what_cannot_be_right_is_refused(text: str, error: str) -> None:
    with pytest.raises(UserError) as refused:
        read_notice(text, 2027)
    assert refused.value.key == error


async def test_the_administrator_is_asked_and_sees_what_moves_first(world: World) -> None:
    """A notice signed on 28 December is due in January; the table of 2027 moves it."""
    with world.store.writing() as session:
        session.execute(update(Project).values(starts_on=date(2027, 12, 1)))
    assert "录入 2027 年放假安排" in (await world.say("admin", "/待办")).text
    assert "录入 2027" not in (await world.say("dangjian", "/待办")).text
    make_inspector(world)
    world.clock.move_to(datetime(2026, 12, 31, 10, tzinfo=SHANGHAI))
    await world.desk.connected(20)
    await world.say("zhuanye", "/检查 城南供电所党支部 会议记录不全")
    await world.say("zhuanye", "/下通知 WT-2026-0001")
    await world.say("dangjian", "/整改 ZG-2026-0001")
    await press(world, "dangjian", "签发", "notice.sign:ZG-2026-0001")
    owed = await world.say("b1p0", "/待办")
    assert "城南供电所党支部（2027年1月4日（周一）·放假安排未核定前）" in owed.text
    longer = INVENTED_2027.replace(
        "1月1日（周五）至3日（周日）放假，共3天", "1月1日至4日放假，共4天"
    )
    asked = await world.say("admin", f"/放假安排 2027 {longer}")
    assert "录入后有 1 件期限会变" in asked.text
    assert "2027年1月5日（周二）" in asked.text
    with world.store.reading() as session:
        assert session.scalars(select(CalendarDay)).all() == []
    done = await world.say("admin", "是")
    assert "2027 年放假安排已录入**：放假 11 天，调休上班 2 天" in done.text
    owed = await world.say("b1p0", "/待办")
    assert "（2027年1月5日（周二）前）" in owed.text
    assert "录入 2027" not in (await world.say("admin", "/待办")).text
