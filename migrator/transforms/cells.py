"""Several names in one cell, so that each comes out as it went in, whatever stands in it.

As in a line of CSV, with semicolons: a name that holds one stands in quotation marks, and such a
mark within them is doubled. A cell that somebody wrote who knows nothing of it stays what it was:
marks that do not enclose a whole name are part of it.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SEPARATOR = ";"

_MARK = '"'
_QUOTED = '"(?:[^"]|"")*"'
_PAIR = re.compile(rf'\s*({_QUOTED}|[^";:][^;:]*?)\s*:\s*({_QUOTED}|[^";][^;]*?)\s*(?:;|\Z)')


def joined(names: Iterable[str]) -> str:
    """One cell of names.

    >>> joined(["Acme", "Sons; Daughters"])
    'Acme;"Sons; Daughters"'
    """
    return SEPARATOR.join(_enclosed(name, SEPARATOR) for name in names)


def parted(cell: str, separator: str = SEPARATOR) -> list[str]:
    """The names of a cell, each without spaces around it; blank ones are left out.

    >>> parted('Acme; "Sons; Daughters";; The "Best"')
    ['Acme', 'Sons; Daughters', 'The "Best"']
    """
    pattern = _item(separator)
    found = []
    position = 0
    while (item := pattern.match(cell, position)) is not None:
        quoted, plain, end = item.groups()
        found.append(plain.strip() if quoted is None else _opened(quoted))
        position = item.end()
        if not end:
            break
    return [name for name in found if name]


@cache
def _item(separator: str) -> re.Pattern[str]:
    end = rf"({re.escape(separator)}|\Z)"
    return re.compile(rf"\s*(?:({_QUOTED})\s*|(.*?)){end}", re.DOTALL)


def labelled(pairs: Iterable[tuple[str, str]]) -> str:
    """One cell of names, each with what it is called.

    >>> labelled([("ann@example.com", "Decision maker"), ("Firm: North", "Supplier")])
    'ann@example.com: Decision maker;"Firm: North": Supplier'
    """
    return SEPARATOR.join(
        f"{_enclosed(name, ':' + SEPARATOR)}: {_enclosed(label, SEPARATOR)}"
        for name, label in pairs
    )


def labels_in(cell: str) -> list[tuple[str, str]]:
    """The names of a cell with what they are called; what is neither is passed over.

    >>> labels_in('ann@example.com: Decision maker; "Firm: North": Supplier')
    [('ann@example.com', 'Decision maker'), ('Firm: North', 'Supplier')]
    """
    return [(_opened(name), _opened(label)) for name, label in _PAIR.findall(cell)]


def _enclosed(text: str, special: str) -> str:
    """In quotation marks where it would be read otherwise without them."""
    plain = text == text.strip() and not text.startswith(_MARK)
    if plain and text and not any(character in text for character in special):
        return text
    return _MARK + text.replace(_MARK, _MARK * 2) + _MARK


def _opened(text: str) -> str:
    if not text.startswith(_MARK):
        return text
    return text[1:-1].replace(_MARK * 2, _MARK)
