"""The families of this folder, as the catalogue lists them."""

from handlers.inspections import (
    checks,
    findings,
    holdings,
    rectification,
    rounds,
    supervision,
    watch,
)
from handlers.spec import Family

FAMILIES: tuple[Family, ...] = (
    supervision.FAMILY,
    rounds.FAMILY,
    checks.FAMILY,
    findings.FAMILY,
    rectification.FAMILY,
    watch.FAMILY,
    holdings.FAMILY,
)
