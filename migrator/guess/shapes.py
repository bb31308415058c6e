"""What a single value looks like: shapes as regular expressions, counted over a whole column."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from migrator.currencies import CURRENCIES, spellings_of_currencies

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

_CODES = "|".join(sorted(CURRENCIES))
_SPELT = "|".join(re.escape(text).replace("\\ ", " ?") for text in spellings_of_currencies())
_SIGN = rf"(?:\p{{L}}{{0,3}}\p{{Sc}}|(?:{_CODES})\b|kr\.?|zł|Kč|Fr\.?|Ft|lei|R\$|US\$)"
_NAME = r"\p{Lu}[\p{L}'\u2019.-]"
_ADDRESS = r"[^\s@;,()<>]+@[^\s@;,()<>]+\.[^\s@;,()<>]{2,}"

SHAPES: Mapping[str, str] = {
    "e-mail": rf"^{_ADDRESS}(?:\s*[;,]\s*{_ADDRESS})*$",
    "names an e-mail": rf"(?:^|[\s(<;,]){_ADDRESS}",
    "url": r"(?i)^(?:https?://|www\.)\S+$",
    "domain": r"(?i)^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$",
    "bool": r"(?i)^(?:true|false|yes|no|ja|nein|oui|non|si|sí|sim|não|nao|nee|x)$",
    "currency": rf"(?i)^(?:{_CODES}|{_SPELT})\.?$",
    "currency code": f"(?i)^(?:{_CODES})$",
    "numeric": rf"^[(+-]?{_SIGN}?\s?[(+-]?\s?{_SIGN}?\s?\d[\d.,'\u2019 ]*\)?\s?(?:%|{_SIGN})?\)?$",
    "whole": r"^\d+$",
    "long number": r"^\d{6,}$",
    "leading zero": r"^0\d+$",
    "currency sign": rf"^[(+-]?{_SIGN}\s?[(+-]?\d|\d\)?\s?{_SIGN}$",
    "percent": r"%$",
    "dated": (
        r"^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:\D|$)|^(?:19|20)\d{6}$"
        r"|^[A-Za-z]{3,9} \d{1,2},? \d{4}|^\d{1,2}[ /-][A-Za-z]{3,9},?[ /-]\d{2,4}"
    ),
    "id": r"^(?:[A-Za-z0-9_:.+/=-]*\d[A-Za-z0-9_:.+/=-]*)$",
    "spaced": r"\S\s+\S",
    "person": rf"^{_NAME}+(?: (?:{_NAME}*|(?:de|van|von|der|da|di|del)[\p{{L}}'.-]*)){{1,3}}$",
    "letters": r"\p{L}{2}",
}
"""Name of a shape to the expression that finds it in a value."""


def share_of(shape: str, text: pl.Expr) -> pl.Expr:
    """The share of filled values that have a shape, from 0 to 1; null for a blank column."""
    return text.str.contains(SHAPES[shape]).mean()


def length(text: pl.Expr) -> pl.Expr:
    """Characters of a value, on average."""
    return text.str.len_chars().mean()
