"""A headless Chromium; skipped with a clear line where there is none."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

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
