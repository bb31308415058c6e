"""Transforms that make rehearsal data of personal data: stable, and not to be turned back."""

import hashlib
import hmac
from typing import Literal

import polars as pl

from migrator.catalogue import words
from migrator.transforms.base import Change, per_text

_FIRST = words(
    """
    Ada Alan Amina Anna Ben Bo Carla Chen Dana Dev Elin Emil Eva Fay Finn Gil Hana Ian Ines
    Ivo Jana Jon Kai Kim Lea Leo Lin Luz Mara Max Mei Mia
    """
)
_LAST = words(
    """
    Abel Adler Baker Berg Blum Castro Cole Cruz Dale Diaz Eder Falk Frey Gale Hahn Hart Ito
    Jung Kaya Khan Koch Lang Lund Maas Moro Nunes Okoye Park Rossi Sato Toth Wolf
    """
)


def _digest(text: str, salt: str) -> str:
    return hmac.new(salt.encode(), text.encode(), hashlib.sha256).hexdigest()


def hash_text(column: pl.Expr, salt: str, length: int = 32) -> Change:
    """A salted digest (HMAC-SHA-256, hexadecimal): equal texts stay equal, and nothing else.

    >>> hash("ann@example.com", salt="s", length=8)
    'b7f3809f'
    """
    return Change(per_text(column, lambda text: _digest(text, salt)[:length]))


def anonymise(
    column: pl.Expr, salt: str, kind: Literal["email", "name", "company", "text"] = "text"
) -> Change:
    """A made-up e-mail address, name or company in its place, the same one for the same text.

    >>> anonymise("Ann Lee", salt="s", kind="name")
    'Hana Toth'
    """

    def stand_in(text: str) -> str:
        digest = _digest(text.casefold(), salt)
        if kind == "email":
            return f"user-{digest[:12]}@example.com"
        if kind == "name":
            number = int(digest[:8], 16)
            return f"{_FIRST[number % 32]} {_LAST[number // 32 % 32]}"
        return f"{'Company' if kind == 'company' else 'Text'} {digest[:10]}"

    return Change(per_text(column, stand_in))
