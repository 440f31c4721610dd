"""The families of this folder, as the catalogue lists them."""

from handlers.pledges import (
    book,
    check,
    compare,
    end,
    holdings,
    making,
    practice,
    remark,
    review,
    vote,
    wall,
)
from handlers.spec import Family

FAMILIES: tuple[Family, ...] = (
    making.FAMILY,
    review.FAMILY,
    practice.FAMILY,
    check.FAMILY,
    vote.FAMILY,
    end.FAMILY,
    holdings.FAMILY,
    remark.FAMILY,
    book.FAMILY,
    wall.FAMILY,
    compare.FAMILY,
)
