"""Projects from 立项 to 结项: one room per noun (DOMAIN.md 2)."""

from handlers.projects import (
    adjustment,
    conclusion,
    decision,
    duties,
    funnel,
    helpcall,
    jury,
    jury_pages,
    ledgers,
    papers,
    promotion,
    proposal,
    publicity,
    publicity_pages,
    scoring,
    view,
)
from handlers.spec import Family

FAMILIES: tuple[Family, ...] = (
    view.FAMILY,
    proposal.FAMILY,
    decision.FAMILY,
    promotion.FAMILY,
    funnel.FAMILY,
    helpcall.FAMILY,
    scoring.FAMILY,
    conclusion.FAMILY,
    jury.FAMILY,
    jury_pages.FAMILY,
    adjustment.FAMILY,
    publicity.FAMILY,
    publicity_pages.FAMILY,
    papers.FAMILY,
    duties.FAMILY,
    ledgers.FAMILY,
)
