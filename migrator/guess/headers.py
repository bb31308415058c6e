"""Headers and labels as they are compared: folded, split into words, and likened to known names."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from rapidfuzz import fuzz, process

from migrator.guess.synonyms import (
    CUSTOM,
    FIELDS,
    LANGUAGES,
    OBJECTS,
    OTHERS,
    OWNER_IDS,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SUFFIX = re.compile(r"__c$", re.IGNORECASE)
_WORDS = re.compile(r"[^a-z0-9]+")
_LINES = re.compile(r"\b([a-z]{2}): ((?:(?!\b[a-z]{2}: ).)*)")
_SURE = 0.9
"""From this likeness on a header is taken to say what it is much like."""
_ALIKE = 88.0
"""From this likeness on, of 100, two spellings are taken for one name, misspelt."""
_BEGUN = 0.85
_FEWEST = 4
"""A label that another one begins with, in at least so many letters, is short for it."""
_SHORT = 5
"""Shorter names are not likened: too many words differ from them in one letter."""


def folded(text: str) -> str:
    """A text in small letters without accents.

    >>> folded("Größe  Étape")
    'grosse  etape'
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in plain if not unicodedata.combining(char)).replace("ø", "o")


@lru_cache(maxsize=100_000)
def words_of(text: str) -> tuple[str, ...]:
    """The words of a header, whichever way they are set apart.

    >>> words_of("StageName"), words_of("close_date"), words_of("Négocio - Etapa"), words_of("X__c")
    (('stage', 'name'), ('close', 'date'), ('negocio', 'etapa'), ('x',))
    """
    apart = _CAMEL.sub(" ", _SUFFIX.sub("", text.strip()))
    return tuple(word for word in _WORDS.split(folded(apart)) if word)


_OBJECTS = frozenset(OBJECTS.split())


def _bare(words: Iterable[str]) -> tuple[str, ...]:
    """The words but for those that name the record, unless there are no others."""
    given = tuple(words)
    return tuple(word for word in given if word not in _OBJECTS) or given


@dataclass(frozen=True, slots=True)
class Name:
    """One name of a field.

    Attributes:
        text: its words, folded.
        language: in English; of several that share it, the first.
        squashed: without spaces, as ``CLOSEDATE`` has it.
        bare: the same without words for the record itself.
    """

    text: str
    language: str
    squashed: str
    bare: str


@dataclass(frozen=True, slots=True)
class Likeness:
    """How well a header names something, from 0 to 1, and why."""

    score: float
    reason: str


NOTHING = Likeness(0.0, "")


def phrases(table: str) -> Iterator[tuple[str, str]]:
    """Language and text of every name in a table of :mod:`migrator.guess.synonyms`."""
    for language, listed in _LINES.findall(" ".join(table.split())):
        for phrase in listed.split(","):
            yield LANGUAGES[language], phrase.strip()


@cache
def _names(table: str) -> tuple[Name, ...]:
    found: dict[str, Name] = {}
    for language, phrase in phrases(table):
        words = phrase.split()
        bare = "".join(_bare(words))
        found.setdefault(phrase, Name(phrase, language, "".join(words), bare))
    return tuple(found.values())


def header_likeness(header: str, field: str) -> Likeness:
    """How well a header names a canonical field.

    A header that names something else at least as well counts for little, however alike it is:
    "Owner id" is no owner, and "Weighted value" no value.
    """
    found = _likeness(header, FIELDS[field])
    if found.score == 0:
        return NOTHING
    for other, table in OTHERS.items():
        against = _likeness(header, table)
        if against.score >= found.score:
            return Likeness(found.score * 0.3, f"header '{header}', though that is {other}")
    return found


def custom_likeness(header: str) -> tuple[str, Likeness]:
    """The usual field that a header names best, and how well."""
    each = ((name, _likeness(header, table)) for name, table in CUSTOM.items())
    return max(each, key=lambda pair: pair[1].score)


_NUMBERS_OF = frozenset(
    {"a count", "a period", "an id of another record", "a fact about a company or a person"}
)
_AMOUNT = 0.55
"""From this likeness on a header has the name of an amount in it, among others."""


def names_amount(header: str) -> bool:
    """Whether a header says that a column is money of a deal, though perhaps not all or not yet.

    >>> names_amount("Umsatz erwartet"), names_amount("weighted_amount"), names_amount("Employees")
    (True, True, False)
    """
    if other_meaning(header) in _NUMBERS_OF:
        return False
    return _likeness(header, FIELDS["amount"]).score >= _AMOUNT


def names_owner_id(header: str) -> bool:
    """Whether a header names the id of a record's owner.

    >>> names_owner_id("OWNERID"), names_owner_id("Deal Owner.id"), names_owner_id("Owner")
    (True, True, False)
    """
    return _likeness(header, OWNER_IDS).score >= _SURE


def other_meaning(header: str) -> str:
    """What a header names that is no field of a deal; blank where it names nothing known."""
    best = max(OTHERS, key=lambda other: _likeness(header, OTHERS[other]).score)
    return best if _likeness(header, OTHERS[best]).score >= _SURE else ""


@lru_cache(maxsize=100_000)
def _likeness(header: str, table: str) -> Likeness:
    words = words_of(header)
    bare = _bare(words)
    best = NOTHING
    for name in _names(table):
        score, how = _compared(words, bare, name)
        if score > best.score:
            best = Likeness(score, how)
    return Likeness(best.score, f"header '{header}' {best.reason}") if best.score else NOTHING


def _compared(words: tuple[str, ...], bare: tuple[str, ...], name: Name) -> tuple[float, str]:
    """How well words are a name, and how that is said."""
    meaning = f"means '{name.text}'" + ("" if name.language == "English" else f" ({name.language})")
    whole, short = "".join(words), "".join(bare)
    if name.squashed == whole:
        return 1.0, meaning
    if name.bare == short:
        return 0.97, meaning
    if len(name.squashed) >= _SHORT:
        likeness = max(
            fuzz.ratio(name.squashed, whole),
            fuzz.ratio(name.squashed, short),
            fuzz.token_sort_ratio(name.text, " ".join(bare)),
        )
        if likeness >= _ALIKE:
            return 0.9 * likeness / 100, f"is much like '{name.text}'"
    return _contained(bare, name)


def _contained(bare: tuple[str, ...], name: Name) -> tuple[float, str]:
    """A name among more words: the more of them it is, the better."""
    wanted = name.text.split()
    if not set(wanted) <= set(bare) or len("".join(wanted)) < 3:
        return 0.0, ""
    part = len("".join(wanted)) / max(1, len("".join(bare)))
    return 0.45 + 0.4 * part, f"has '{name.text}' in it"


def likeliest(plain: str, known: Iterable[str], least: float) -> str | None:
    """The folded text that another one is most like; None where none is so much, from 0 to 1."""
    scorer = fuzz.token_sort_ratio
    found = process.extractOne(plain, list(known), scorer=scorer, score_cutoff=least * 100)
    return found[0] if found else None


def alike(one: str, other: str) -> float:
    """How alike two labels are, from 0 to 1; 1 = equal but for case, accents and punctuation.

    >>> alike("Negotiation/Review", "negotiation review"), alike("Nego", "Negotiation")
    (1.0, 0.85)
    """
    a, b = " ".join(words_of(one)), " ".join(words_of(other))
    if a.replace(" ", "") == b.replace(" ", ""):
        return 1.0 if a else float(one.strip() == other.strip())
    short, long = sorted((a, b), key=len)
    begun = _BEGUN if len(short) >= _FEWEST and long.startswith(short) else 0.0
    return max(begun, min(0.99, fuzz.token_sort_ratio(a, b) / 100))
