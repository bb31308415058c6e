"""How names are compared with those of an account, and what they tell.

Labels are compared in any letter case, as people read them; no vendor here tells two of them apart
by letter case alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from migrator.model import DealStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migrator.model import FieldInfo

_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", re.IGNORECASE)

_WON = frozenset({"won", "gagné", "gewonnen", "ganado", "ganada", "vinto", "ganho"})
_LOST = frozenset({"lost", "perdu", "verloren", "perdido", "perdida", "perso"})
_FILLING = frozenset({"closed", "deal", "deals", "stage", "fermé", "geschlossen"})


def folded(text: str) -> str:
    """A label as it is compared.

    >>> folded(" In Negotiation ")
    'in negotiation'
    """
    return text.strip().casefold()


def looks_like_domain(name: str) -> bool:
    """Whether a company's name may be its domain.

    >>> looks_like_domain("acme.example.com"), looks_like_domain("Acme Inc.")
    (True, False)
    """
    return bool(_DOMAIN.fullmatch(name.strip()))


def status_of_stage(label: str) -> DealStatus:
    """What a stage means by its name, for vendors that have nothing else that tells.

    One word of English, French, German, Spanish, Italian or Portuguese, and such as go with it;
    whatever says more than that is an open stage.

    >>> [str(status_of_stage(name)) for name in ("Won", "Closed - lost", "Won back by phone")]
    ['won', 'lost', 'open']
    """
    words = [word for word in re.findall(r"\w+", label.casefold()) if word not in _FILLING]
    if len(words) == 1 and words[0] in _WON:
        return DealStatus.WON
    if len(words) == 1 and words[0] in _LOST:
        return DealStatus.LOST
    return DealStatus.OPEN


def find_field(
    fields: Mapping[str, FieldInfo], name: str, label: str, slug: Callable[[str], str]
) -> FieldInfo | None:
    """The field a template means, where the vendor chooses internal names itself.

    By its internal name; else by its label, which may be given as the name; else by the internal
    name that its label likely got (``slug``).
    """
    found = fields.get(name) or fields.get(name.casefold())
    if found is not None:
        return found
    for wanted in (folded(name), folded(label)):
        for info in fields.values():
            if wanted and folded(info.label) == wanted:
                return info
    return next((info for info in fields.values() if slug(info.label) == name.casefold()), None)
