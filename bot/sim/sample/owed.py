"""What is owed now, and the calls of the last months."""

from datetime import timedelta

from sqlalchemy import insert, select

from bot.sim.sample.scene import Scene
from config.texts import t
from handlers.catalogue import catalogue
from handlers.context import Context
from handlers.owed import lateness, observe
from models.check import Check, CheckState
from models.duty import Owed, OwedState
from models.unit import Unit

TOLD = frozenset({"silent", "check", "notice"})
"""Sources whose owners have been told; those of other stories begin with the next digest."""


def write_owed(scene: Scene) -> None:
    """What is owed now has been told for some days, and stands on the rung that it belongs to."""
    ctx = scene.context(scene.now)
    for source in (one for one in catalogue().duties if one.key in TOLD):
        for standing in observe(ctx, source):
            stage, rung = lateness(ctx, standing)
            row, since = standing.row, standing.duty.since
            told = max(
                since + timedelta(days=1) if since else row.due, row.due - timedelta(days=14)
            )
            row.opened_on = row.told_on = min(ctx.calendar.on_or_after(told), ctx.today)
            row.reminded_on = min(
                ctx.calendar.on_or_before(ctx.today - timedelta(days=1)), ctx.today
            )
            row.stage, row.rung = stage, rung
    scene.session.flush()
    _done(scene, ctx)


def _done(scene: Scene, ctx: Context) -> None:
    """Checks of the last months were calls on branches as well."""
    rows = scene.session.execute(
        select(Check, Unit.name)
        .join(Unit, Unit.id == Check.branch_id)
        .where(Check.state == CheckState.DONE)
    )
    closed = []
    for check, name in rows:
        planned = check.planned_at.astimezone(scene.zone).date()
        checker = check.checker_id or 0
        closed.append(
            {
                "key": f"check:{check.number}",
                "source": "check",
                "number": check.number,
                "title": t("check.duty"),
                "detail": name,
                "private": False,
                "unit_id": checker,
                "branch_id": checker,
                "owner_id": scene.crews[checker][0],
                "planned_on": check.due_on,
                "due": check.due_on,
                "state": OwedState.DONE,
                "opened_on": planned,
                "told_on": ctx.calendar.add_working(planned, 1),
                "closed_on": (check.done_at or scene.now).astimezone(scene.zone).date(),
            }
        )
    if closed:
        scene.session.execute(insert(Owed), closed)
