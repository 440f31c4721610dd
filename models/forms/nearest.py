"""Which known word somebody may have meant: by spelling, and by the sound of the characters.

Only ever a suggestion; nothing is carried out on its strength (PRODUCT.md D.1).
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from rapidfuzz.distance import OSA

from models.forms.typed import fold

_MOST: Final = 3
_LONGEST: Final = 12  # characters of a word that can still be a mistyped command
_LIKE: Final = 0.5  # likeness from which a word is worth suggesting
_SAME_SOUND: Final = 0.95
_BLURRED: Final = 0.9
_NEAR_SOUND: Final = 0.75  # likeness of the sounds from which they count at all
_BEHIND: Final = 0.3  # words further behind the likest one are left out
# Sounds that many speakers and input methods do not tell apart.
_BLUR: Final = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"), ("l", "n"), ("h", "f"))


@lru_cache(maxsize=2048)
def _sound(word: str) -> str:
    """The pinyin of a word without tones, syllables parted by a blank; Latin letters stay."""
    from pypinyin import lazy_pinyin  # noqa: PLC0415  (0.2 s that only a mistyped command costs)

    return " ".join(lazy_pinyin(word))


def _blurred(sound: str) -> str:
    for clear, blurred in _BLUR:
        sound = sound.replace(clear, blurred)
    return sound


def _likeness(word: str, known: str) -> float:
    """From 0 to 1. The same sound is nearly the same word (见诺 for 践诺, jinzhan for 进展)."""
    spelled = OSA.normalized_similarity(word, known)
    if word.isascii() and known.isascii():
        return spelled
    said, meant = _sound(word).replace(" ", ""), _sound(known).replace(" ", "")
    if said == meant:
        return max(spelled, _SAME_SOUND)
    if _blurred(said) == _blurred(meant):
        return max(spelled, _BLURRED)
    sounds = OSA.normalized_similarity(_blurred(said), _blurred(meant))
    return max(spelled, _NEAR_SOUND * sounds if sounds >= _NEAR_SOUND else 0.0)


def nearest(word: str, known_words: Iterable[str]) -> tuple[str, ...]:
    """At most three of the known words that are like a word, the likest first."""
    typed = fold(word)[:_LONGEST]
    if not typed:
        return ()
    scored = [(_likeness(typed, fold(known)), known) for known in dict.fromkeys(known_words)]
    least = max(_LIKE, max((score for score, _ in scored), default=0.0) - _BEHIND)
    likely = sorted((pair for pair in scored if pair[0] >= least), key=lambda p: (-p[0], p[1]))
    return tuple(known for _, known in likely[:_MOST])
