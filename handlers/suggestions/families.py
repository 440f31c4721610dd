"""The families of this folder, as the catalogue lists them."""

from handlers.spec import Family
from handlers.suggestions import (
    acts,
    figures,
    giving,
    public,
    reception,
    sender,
    show,
    steer,
    visit,
    work,
)

FAMILIES: tuple[Family, ...] = (
    giving.FAMILY,
    work.FAMILY,
    steer.FAMILY,
    sender.FAMILY,
    show.FAMILY,
    acts.FAMILY,
    public.FAMILY,
    figures.FAMILY,
    visit.FAMILY,
    reception.FAMILY,
)
