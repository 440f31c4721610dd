"""Alive, ready, and figures for Prometheus; no figure is about a person."""

import asyncio
from collections.abc import Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models.job_run import JobRun, RunState
from models.push import Outlet, Push, PushState
from models.store.schema import head, revision

if TYPE_CHECKING:
    from bot.app import Runtime


def routes(runtime: "Runtime") -> list[web.RouteDef]:
    """``/healthz``, ``/readyz`` and ``/metrics`` (DESIGN.md 5)."""
    registry = CollectorRegistry()
    registry.register(Figures(runtime))

    async def healthz(request: web.Request) -> web.Response:
        del request
        return web.json_response({"status": "ok"})

    async def readyz(request: web.Request) -> web.Response:
        del request
        found = await asyncio.to_thread(database_state, runtime)
        link = runtime.doors.link
        body = {**found, "link": link.state.value if link else "off"}
        good = found == {"database": "ok", "schema": "ok"}
        status = HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE
        return web.json_response(body, status=status)

    async def metrics(request: web.Request) -> web.Response:
        del request
        text = await asyncio.to_thread(generate_latest, registry)
        return web.Response(body=text, content_type="text/plain")

    return [
        web.get("/healthz", healthz),
        web.get("/readyz", readyz),
        web.get("/metrics", metrics),
    ]


def database_state(runtime: "Runtime") -> dict[str, str]:
    """Whether the database answers and its schema is the one this code knows."""
    try:
        with runtime.store.reader.connect() as connection:
            known = revision(connection)
    except SQLAlchemyError:
        return {"database": "away", "schema": "unknown"}
    # A newer schema is good: releases expand it first, so that old processes go on serving.
    good = known is not None and known >= head()
    return {"database": "ok", "schema": "ok" if good else "old"}


class Figures(Collector):
    """Read when they are asked for. With the database away, the others are there nevertheless."""

    def __init__(self, runtime: "Runtime") -> None:
        self._runtime = runtime

    def collect(self) -> Iterator[Metric]:
        """Messages by outcome and how long they took, the link, what waits in the database."""
        yield from self._messages()
        link = self._runtime.doors.link
        if link is not None:
            yield _gauge("link_up", "Long connection subscribed.", link.state.value == "subscribed")
        try:
            with self._runtime.store.reading() as session:
                waiting = list(self._waiting(session))
        except SQLAlchemyError:
            waiting = []
        yield _gauge("database_up", "The database answers.", bool(waiting))
        yield from waiting

    def _messages(self) -> Iterator[Metric]:
        dispatcher = self._runtime.dispatcher
        messages = CounterMetricFamily(
            "zhibutong_messages", "Messages by how they ended.", labels=["outcome"]
        )
        for outcome, count in dispatcher.counters.items():
            messages.add_metric([outcome], count)
        yield messages
        seconds = "Seconds that messages took, all together."
        yield CounterMetricFamily("zhibutong_message_seconds", seconds, dispatcher.seconds)
        slow = "Messages that took more than a second."
        yield CounterMetricFamily("zhibutong_messages_slow", slow, dispatcher.slow)

    def _waiting(self, session: Session) -> Iterator[Metric]:
        pushes = GaugeMetricFamily("zhibutong_pushes", "Pushes not delivered.", labels=["state"])
        for state, count in session.execute(
            select(Push.state, func.count())
            .where(Push.state != PushState.DELIVERED)
            .group_by(Push.state)
        ):
            pushes.add_metric([state.value], count)
        yield pushes
        now = self._runtime.clock.now()
        due = session.scalar(select(func.min(Outlet.due_at)).where(Outlet.holder.is_(None)))
        late = max((now - due).total_seconds(), 0) if due is not None else 0
        yield _gauge("push_overdue_seconds", "How long ago the first push was due.", late)
        parked = select(func.count()).select_from(JobRun).where(JobRun.state == RunState.PARKED)
        yield _gauge("jobs_parked", "Runs of jobs given up.", session.scalar(parked) or 0)


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(f"zhibutong_{name}", what, float(value))
