"""What project tests share: a company without projects, and a proposal as people type it."""

from datetime import UTC, datetime

from sqlalchemy import delete, select, update

from bot.sim.messages import Message
from models.number import Counter
from models.progress import Progress
from models.project import Project, ProjectStep, Stage
from tests.world import World

JANUARY = datetime(2026, 1, 20, 2, 0, tzinfo=UTC)
"""A Tuesday, 10:00 in Shanghai."""
PROPOSAL = """【立项申报】
项目名称：白塔台区线损清零
业务：台区线损管理
问题：18个台区线损率长期高于5%，原因不清、责任不明
机制：党员包台区、周通报月销号
指标名称：台区同期线损合格率
指标单位：%
指标方向：提升
基线：91.2
目标：97.5
立项方向：安全质量
党建+领域：供电服务
四个融入：安全生产、经营管理
专业：营销服务"""
DETAIL = """【五个明确】
计划：三月摸排，六月治理过半，十月复核
预期目标：高损台区清零
措施：一台一策，户变关系普查
工作制度：周例会、月通报
验收标准：连续三个月合格率不低于 97.5%
骨干：城南员工1、城南员工2
里程碑：2026年3月31日 完成摸排 20%
2026年6月30日 治理过半 50%
2026年10月31日 全部复核 90%"""


def without_projects(world: World) -> None:
    """The company before anything was proposed."""
    with world.store.writing() as session:
        session.execute(delete(Progress))
        session.execute(delete(Project))
        session.execute(delete(Counter).where(Counter.prefix == "XM"))


def project(world: World, number: str = "XM-2026-0001") -> Project:
    with world.store.reading() as session:
        return session.scalars(select(Project).where(Project.number == number)).one()


def stages(world: World, number: str = "XM-2026-0001") -> list[Stage]:
    """All stages a project went through."""
    with world.store.reading() as session:
        return list(
            session.scalars(
                select(ProjectStep.after)
                .join(Project, Project.id == ProjectStep.project_id)
                .where(Project.number == number)
                .order_by(ProjectStep.id)
            )
        )


def place(world: World, stage: Stage, number: str = "XM-2026-0001") -> None:
    """Put a project somewhere, as an import would."""
    with world.store.writing() as session:
        session.execute(update(Project).where(Project.number == number).values(stage=stage))


async def heard(world: World, userid: str) -> list[str]:
    """What the bot has said to somebody privately, pushes included."""
    world.runtime.outbox.wake()
    await world.delivered()
    await world.desk.settled()
    return [message.text for message in world.desk.heard(userid)]


async def press(world: World, userid: str, action: str) -> None:
    """Press a button of the newest card that has it, and wait for what it says then."""
    world.runtime.outbox.wake()
    await world.delivered()
    card = await world.desk.until(lambda: _newest(world, userid, action), 10)
    await world.desk.click(userid, card, action)
    await world.desk.until(lambda: userid not in card.pending, 10)


def _newest(world: World, userid: str, action: str) -> Message | None:
    said = reversed(world.desk.heard(userid))
    return next((m for m in said if m.card is not None and action in str(m.card)), None)
