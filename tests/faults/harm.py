"""Harm from outside a process: its clock, its disk, and how much of it there is."""

import resource
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.process import Product

SOURCE = Path(__file__).with_name("shim.c")
UNLIMITED = resource.RLIM_INFINITY


@dataclass
class Shim:
    """A library in front of libc, and the file that tells it what to do."""

    library: Path
    orders: Path

    @classmethod
    def build(cls, folder: Path) -> "Shim":
        """Compile it; skips the test where there is no compiler."""
        compiler = shutil.which("cc")
        if compiler is None:
            pytest.skip("no C compiler: clock and disk cannot be moved from outside")
        shim = cls(folder / "shim.so", folder / "shim.orders")
        flags = ["-O1", "-Wall", "-Werror", "-shared", "-fPIC"]
        subprocess.run([compiler, *flags, "-o", shim.library, SOURCE, "-ldl"], check=True)
        shim.tell()
        return shim

    @property
    def environment(self) -> dict[str, str]:
        """What a product is started with."""
        return {"LD_PRELOAD": str(self.library), "ZBT_TEST_SHIM": str(self.orders)}

    def tell(self, *, seconds: int = 0, flush_ms: int = 0) -> None:
        """Move the clock by so many seconds, and slow every flush by so many milliseconds."""
        with self.orders.open("r+b" if self.orders.exists() else "wb") as file:
            file.write(struct.pack("ll", seconds, flush_ms))


def limit_files(product: Product, most: int = UNLIMITED) -> None:
    """Let no file of a process grow beyond so many bytes: to it the disk is full."""
    assert product.process is not None
    resource.prlimit(product.process.pid, resource.RLIMIT_FSIZE, (most, UNLIMITED))
