"""The families of this folder, as the catalogue lists them."""

from handlers.spec import Family
from handlers.talks import (
    calls,
    coverage,
    erase,
    reading,
    recording,
    survey,
)

FAMILIES: tuple[Family, ...] = (
    recording.FAMILY,
    calls.FAMILY,
    erase.FAMILY,
    reading.FAMILY,
    coverage.FAMILY,
    survey.FAMILY,
)
