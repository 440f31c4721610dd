"""A headless Chromium (skipped with a clear line where there is none), and the sample company."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from shutil import copytree

import pytest
from playwright.async_api import Browser, async_playwright

from bot.app import Runtime, build
from bot.clock import FixedClock
from config.rules import default_rules
from config.settings import read_settings
from jobs import JOBS
from jobs.when import last_due, parse_when, period_of
from models.calendar import read_calendar
from models.job_run import JobRun, RunState
from models.store.engine import Store
from tests.process import free_port
from tests.shared import HERE, KEYS, NOW, Sample
from tests.world import inline

CHROMIUM = Path(os.environ.get("ZBT_TEST_CHROMIUM", "/usr/bin/chromium"))
FOUND = CHROMIUM.exists()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Chromium, without a window."""
    if not FOUND and os.environ.get("ZBT_TEST_BROWSER") != "required":
        pytest.skip(f"{CHROMIUM} is missing (apt install chromium); the pages were not looked at")
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield started
        await started.close()


@dataclass(frozen=True)
class Office:
    """The sample company, open: the product, and userids by role."""

    runtime: Runtime
    people: dict[str, str]
    clock: FixedClock

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.runtime.port}"

    def later(self) -> None:
        """A minute passes: the brake for browsers that run wild begins to count anew."""
        self.clock.move_to(self.clock.now() + timedelta(minutes=1))


@pytest.fixture(scope="session")
def sample(
    shared_company: Sample, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, str]]:
    """The folder of a database with the sample company (sample.db), and userids by role."""
    folder = tmp_path_factory.mktemp("sample")
    url = shared_company.copy_to(folder / "sample.db")
    store = Store(url)
    with store.writing() as session:
        calendar = read_calendar(session)
        for job in JOBS:  # what the clock asked for so far is done: the pages stand still
            when = parse_when(default_rules().schedule[job.name])
            if due := last_due(when, NOW, calendar, HERE):
                period = period_of(due, HERE)
                done = JobRun(job=job.name, period=period, at=due, state=RunState.DONE)
                done.started_at = done.done_at = due
                session.merge(done)
    store.close()
    return folder, {persona.role: persona.userid for persona in shared_company.facts.personas}


@pytest.fixture
async def office(sample: tuple[Path, dict[str, str]], tmp_path: Path) -> AsyncIterator[Office]:
    """The product on a copy of the sample company."""
    folder, people = sample
    own = copytree(folder, tmp_path / "office")
    url = f"sqlite:///{own / 'sample.db'}"
    address = f"127.0.0.1:{free_port()}"
    settings = read_settings(
        {
            "ZBT_DATABASE_URL": url,
            "ZBT_LISTEN": address,
            "ZBT_PUBLIC_URL": f"http://{address}",
            "ZBT_SECRET_KEY": "a key for tests",
            "ZBT_DATA_KEYS": KEYS,
        }
    )
    clock = FixedClock(NOW)
    runtime = build(settings, clock=clock, executor=inline)
    await runtime.start(listen=False, deliver=False)
    yield Office(runtime, people, clock)
    await runtime.stop()
