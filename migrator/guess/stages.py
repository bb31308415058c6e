"""What the values of a stage or a status say: won, lost, open, and how far a deal has come."""

from __future__ import annotations

from functools import cache

from migrator.guess.headers import likeliest, phrases, words_of
from migrator.guess.synonyms import LOST, OPEN, STAGES, WAITING, WON
from migrator.model import DealStatus

_MISSPELT = 0.9
"""From this likeness on, a stage is taken for a known one, misspelt or with a number before it."""

_SIMILAR = 0.75
_SHORT = 4
_MIDDLE = 15
"""About half of the usual stages of a language are before this place."""


@cache
def _table(table: str) -> dict[str, int]:
    """Folded phrase to its place in its language's list."""
    found: dict[str, int] = {}
    place, language = 0, ""
    for spoken, phrase in phrases(table):
        place = place + 1 if spoken == language else 0
        language = spoken
        found.setdefault(phrase, place)
    return found


def _plain(value: str) -> str:
    """A stage without the number that some CRMs put before it.

    >>> _plain("3-Propose")
    'propose'
    """
    words = words_of(value)
    return " ".join(words[1:] if len(words) > 1 and words[0].isdigit() else words)


def status_in(value: str) -> DealStatus | None:
    """The status that a text names; None where it names none.

    >>> status_in("Closed Won").value, status_in("verloren").value, status_in("Demo")
    ('won', 'lost', None)
    """
    plain = _plain(value)
    for table, status in ((WON, DealStatus.WON), (LOST, DealStatus.LOST), (OPEN, DealStatus.OPEN)):
        if plain in _table(table):
            return status
    words = set(plain.split())
    for word, status in (("won", DealStatus.WON), ("lost", DealStatus.LOST)):
        if word in words and "closed" in words:
            return status
    return None


def is_waiting(value: str) -> bool:
    """Whether a text says that a deal rests, which is neither open nor lost until somebody says.

    >>> is_waiting("Pending"), is_waiting("On hold"), is_waiting("Open")
    (True, True, False)
    """
    return _plain(value) in _table(WAITING)


@cache
def is_stage(value: str) -> bool:
    """Whether a text is what a stage is usually called.

    >>> is_stage("Closed Won"), is_stage("Proposal/Price Quote"), is_stage("Advertisement")
    (True, True, False)
    """
    plain = _plain(value)
    if not plain:
        return False
    if plain in _table(STAGES) or status_in(value) is not None:
        return True
    return len(plain) > _SHORT and likeliest(plain, _table(STAGES), _MISSPELT) is not None


def progress(value: str) -> int:
    """How far along a stage usually is, from 0; stages that nobody knows are in the middle."""
    plain = _plain(value)
    table = _table(STAGES)
    if plain in table:
        return table[plain]
    near = likeliest(plain, table, _SIMILAR)
    return _MIDDLE if near is None else table[near]
