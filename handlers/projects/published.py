"""All that comes out issue by issue: 双月公开单 and 管控进展情况通报."""

from typing import Any, Final

from handlers.projects.bulletin import BULLETINS
from handlers.projects.issues import Publication, family_of
from handlers.projects.publicity import SHEETS

PUBLICATIONS: Final[tuple[Publication[Any], ...]] = (SHEETS, BULLETINS)

FAMILY = family_of(PUBLICATIONS)
