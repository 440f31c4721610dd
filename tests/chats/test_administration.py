"""People, roles and groups, one at a time: by chat and by page, each with its audit row."""

import re

from sqlalchemy import select

from models.audit import Audit
from models.group import Group
from models.history import Change, History
from models.person import Grant, Person, PersonState, Role
from tests.chats.projects import press
from tests.chats.test_drafts import token_of
from tests.visitor import Visitor
from tests.world import World


def grants(world: World, userid: str) -> list[tuple[Role, int]]:
    with world.store.reading() as session:
        rows = session.execute(
            select(Grant.role, Grant.unit_id)
            .join(Person, Person.id == Grant.person_id)
            .where(Person.userid == userid)
            .order_by(Grant.id)
        )
        return [(role, unit) for role, unit in rows]


def actions(world: World) -> list[tuple[str, str, str]]:
    with world.store.reading() as session:
        rows = session.execute(
            select(Audit.action, Audit.subject, Audit.outcome).order_by(Audit.id)
        )
        return [(action, subject, outcome) for action, subject, outcome in rows]


async def confirmed(world: World, userid: str, text: str, foreseen: str) -> str:
    """Say it, read what it would do, and confirm."""
    asked = (await world.say(userid, text)).text
    assert foreseen in asked
    assert "确认" in asked
    return (await world.say(userid, "确认")).text


async def test_a_role_is_given_and_taken_away_again(both_worlds: World) -> None:
    world = both_worlds
    answer = await world.say("admin", "/授权 b1p1 书记 城南供电所党支部")
    assert "城南员工1 是 城南供电所党支部 的书记" in answer.text
    assert grants(world, "b1p1") == [(Role.SECRETARY, 2)]
    await world.delivered()
    assert any("你现在是" in message.text for message in world.desk.heard("b1p1"))
    assert "不用重复" in (await world.say("admin", "/授权 b1p1 书记 城南供电所党支部")).text
    assert len(grants(world, "b1p1")) == 1
    # It counts at once: the new secretary may bind a group.
    assert "已绑定" in (await world.say("b1p1", "/绑定 城南供电所党支部", "wrnew")).text
    take = "/撤权 b1p1 书记 城南供电所党支部"
    said = await confirmed(world, "admin", take, "将不再是 城南供电所党支部 的书记")
    assert "不再是 城南供电所党支部 的书记" in said
    assert grants(world, "b1p1") == []
    assert "不是 城南" in (await world.say("admin", "/撤权 b1p1 书记 城南供电所党支部")).text
    assert ("grant", "b1p1", "ok") in actions(world)
    assert ("revoke", "b1p1", "ok") in actions(world)


async def test_nobody_else_administers_and_the_last_admin_stays(world: World) -> None:
    for userid in ("b1p0", "dangjian", "shuji", "b1p1"):
        answer = await world.say(userid, "/授权 b1p1 管理员 城南供电所党支部")
        assert "办不了" in answer.text
    assert grants(world, "b1p1") == []
    answer = await world.say("admin", "/撤权 admin 管理员 GS")
    assert "最后一位管理员" in answer.text
    assert grants(world, "admin") == [(Role.ADMIN, 1)]
    # An administrator of a branch administers nothing above it.
    await world.say("admin", "/授权 b1p1 管理员 城南供电所党支部")
    assert "办不了" in (await world.say("b1p1", "/授权 b1p1 管理员 GS")).text
    assert "办不了" in (await world.say("b1p1", "/调动 b2p1 城南供电所党支部")).text
    assert "已授权" in (await world.say("b1p1", "/授权 b1p3 班组长 城南供电所党支部")).text


async def test_people_come_move_and_go(world: World) -> None:
    answer = await world.say("admin", "/加人 b1p9 王新 城南供电所党支部 党员")
    assert "已加入名单：王新" in answer.text
    world.desk.add_person("b1p9", "王新")
    assert "JZ-" in (await world.say("b1p9", "/进展 30% 开工")).text
    assert "已经在名单里" in (await world.say("admin", "/加人 B1P9 王新 城南供电所党支部")).text
    await world.say("admin", "/授权 b1p9 班组长 城南供电所党支部")
    answer = await world.say("admin", "/调动 b1p9 城北供电所党支部")
    assert "城南供电所党支部班组长" in answer.text
    ends = "角色终止（城南供电所党支部班组长）"
    assert "已标记为离开" in await confirmed(world, "admin", "/离开 b1p9", ends)
    assert grants(world, "b1p9") == []
    assert "不在人员名单" in (await world.say("b1p9", "/进展 40% 再报")).text
    assert "已加入名单" in (await world.say("admin", "/加人 b1p9 王新 输电运检党支部")).text
    with world.store.reading() as session:
        person = session.scalars(select(Person).where(Person.userid == "b1p9")).one()
        changes = session.scalars(select(History.change).where(History.key == "b1p9")).all()
    assert person.state is PersonState.ACTIVE
    assert changes == [Change.CREATED, Change.MOVED, Change.LEFT, Change.RETURNED]
    assert "另一位管理员" in (await world.say("admin", "/离开 admin")).text


async def test_a_webhook_is_a_secret(visitor: Visitor) -> None:
    world = visitor.world
    address = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=0123-secret"
    await visitor.enter("admin")
    _, html = await visitor.get("/form/webhook")
    data = {"token": token_of(html), "group": "城南供电所党支部群", "address": address}
    _, html = await visitor.post("webhook", data)
    assert "已设置" in html
    assert "0123-secret" not in html
    with world.store.reading() as session:
        assert session.scalar(select(Group.webhook).where(Group.chatid == "wr1")) == address
    for path in ("/ledger/group", "/ledger/audit", "/ledger/push"):
        assert "0123-secret" not in (await visitor.get(path))[1]
    _, html = await visitor.get("/ledger/group?f.name=" + "城南")
    assert re.search(r">群机器人<|>智能机器人<", html)
    answer = await world.say("dangjian", "/群机器人", "wr1")
    assert "私聊" in answer.text
    _, html = await visitor.get("/form/webhook")
    data = {"token": token_of(html), "group": "城南供电所党支部群", "address": "http://evil/x"}
    assert "应当有" in (await visitor.post("webhook", data))[1]


async def test_a_unit_is_closed_once_nobody_is_left_in_it(world: World) -> None:
    close = "/撤销单位 城南供电所党支部"
    assert "还有人员" in (await world.say("dangjian", close)).text
    for member in range(6):
        go = f"/离开 b1p{member}"
        assert "已标记为离开" in await confirmed(world, "dangjian", go, f"城南员工{member}（城南")
    answer = await confirmed(world, "dangjian", close, "1 个群不再绑定单位，1 个在办项目要重新定")
    assert "已撤销：城南供电所党支部" in answer
    assert "有 1 个项目要接着定去向" in answer
    assert "还没有绑定" in (await world.say("dangjian", "/进展 40% 一", "wr1")).text
    with world.store.reading() as session:
        change = session.scalars(select(History).where(History.change == Change.CLOSED)).one()
        assert (change.subject, change.key, change.actor) == ("unit", "B1", "dangjian")


async def test_a_unit_is_merged_with_its_people(world: World) -> None:
    into = "/并入 城南供电所党支部 城北供电所党支部"
    answer = await confirmed(world, "admin", into, "6 名人员、0 个下级单位、1 个群一起过去")
    assert "已并入：城南供电所党支部 → 城北供电所党支部" in answer
    with world.store.reading() as session:
        unit = session.scalar(select(Person.unit_id).where(Person.userid == "b1p1"))
        assert unit == 3
    assert "办不了" in (await world.say("b2p0", "/并入 城北供电所党支部 变电运维一班党支部")).text


def buttons(world: World, userid: str) -> list[str]:
    """What the buttons under questions say to the product."""
    found = [re.search(r"answer:[\d.]+/是", str(m.card)) for m in world.desk.heard(userid)]
    return [one[0] for one in found if one]


async def test_nothing_is_undone_by_a_single_line(world: World) -> None:
    """One line asks first; no, another day and a change in between leave everything as it is."""
    into = "/并入 城南供电所党支部 城北供电所党支部"
    asked = await world.say("admin", into)
    assert "在这里不能恢复" in asked.text
    assert "已取消" in (await world.say("admin", "取消")).text
    await world.say("admin", into)
    assert "在这里不能恢复" in (await world.say("admin", "看一下再说")).text
    # Something else comes first; taken up again, it asks again.
    await world.say("admin", "/待办")
    assert "在这里不能恢复" in (await world.say("admin", "/继续")).text
    with world.store.reading() as session:
        assert session.scalar(select(Person.unit_id).where(Person.userid == "b1p1")) == 2
    # Meanwhile somebody else has done it.
    assert "已并入" in await confirmed(world, "dangjian", into, "6 名人员")
    again = (await world.say("admin", "确认")).text
    assert "城南供电所党支部" in again
    assert "已并入" not in again
    await world.say("admin", "取消")
    # In a group, and by the button.
    await world.say("dangjian", "/离开 b2p3", "wr2")
    assert "已标记为离开" in (await world.say("dangjian", "确认", "wr2")).text
    before = len(buttons(world, "dangjian"))
    await world.say("dangjian", "/离开 b2p4")
    shown = await world.desk.until(lambda: buttons(world, "dangjian")[before:], 20)
    await press(world, "dangjian", shown[0])
    assert "不在人员名单" in (await world.say("b2p4", "/进展 40% 再报")).text
    assert "不在人员名单" in (await world.say("b2p3", "/进展 40% 再报")).text


async def test_on_a_page_it_is_confirmed_as_well(visitor: Visitor) -> None:
    await visitor.enter("admin")

    async def again(html: str, person: str) -> str:
        sure = re.search(r'name="sure" value="(\w+)"', html)
        assert sure
        data = {"token": token_of(html), "person": person, "sure": sure[1]}
        return (await visitor.post("leave", data))[1]

    _, html = await visitor.fill("leave", person="b1p3")
    assert "城南员工3（城南供电所党支部）将标记为离开" in html
    assert ">确认</button>" in html
    # Whoever is meant instead is shown first, too.
    html = await again(html, "b1p4")
    assert "城南员工4（城南供电所党支部）将标记为离开" in html
    with visitor.world.store.reading() as session:
        left = select(Person.userid).where(Person.state == PersonState.LEFT)
        assert session.scalars(left).all() == []
    assert "城南员工4 已标记为离开" in await again(html, "b1p4")
    _, html = await visitor.fill("close_unit", unit="城南供电所党支部")
    assert "还有人员" in html


async def test_the_last_administrator_does_not_leave(world: World) -> None:
    assert "最后一位管理员" in (await world.say("dangjian", "/离开 admin")).text


async def test_a_group_is_unbound_and_gets_nothing_more(world: World) -> None:
    part = "现在属于 城南供电所党支部"
    assert "已解绑" in await confirmed(world, "admin", "/解绑 城南供电所党支部群", part)
    assert "还没有绑定" in (await world.say("b1p1", "/进展 40% 一", "wr1")).text
    assert "没有叫" in (await world.say("admin", "/解绑 没有这个群")).text


async def test_the_ledgers_show_roles_and_groups_to_those_who_oversee(visitor: Visitor) -> None:
    await visitor.enter("dangjian")
    _, html = await visitor.get("/ledger/grant")
    assert "城南员工0" in html
    assert "书记" in html
    _, html = await visitor.get("/ledger/group")
    assert "城南供电所党支部群" in html
    await visitor.enter("b1p0")
    for path in ("/ledger/grant", "/ledger/group", "/form/grant"):
        assert (await visitor.get(path))[0] == 404
