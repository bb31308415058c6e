"""Rows of a source as records, in canonical fields and in a vendor's own terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.model.words import ObjectType


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record comes from: a file, its record number and its physical line, both from 1."""

    file: str
    record: int
    line: int


@dataclass(frozen=True, slots=True)
class Record:
    """One prepared row.

    Attributes:
        type: the kind of record.
        key: the source key, unique within the source.
        values: canonical field name (or ``custom.<target field>``) to canonical text.
        links: names of the parents: e-mail addresses of contacts, domains or names of companies,
            source keys of deals.
        place: where in the source it stands.
    """

    type: ObjectType
    key: str
    values: Mapping[str, str]
    links: Mapping[ObjectType, tuple[str, ...]]
    place: Place


@dataclass(frozen=True, slots=True)
class Problem:
    """Why one value of a record cannot go to the target; becomes a row of ``rejects.csv``.

    Attributes:
        field: canonical field name.
        code: short stable word, such as ``unknown_stage``.
        message: a sentence for the user, with a "did you mean" where there is one.
        value: the value as it stands in the record.
        only_to_create: the record cannot be created so, but one that is there can be updated.
    """

    field: str
    code: str
    message: str
    value: str
    only_to_create: bool = False


@dataclass(frozen=True, slots=True)
class Encoded:
    """A record in the vendor's own terms.

    Attributes:
        properties: the vendor's field name to the value as it goes over the wire.
        origin: the vendor's field name to the canonical field it comes from.
        problems: why the record cannot be written; with any, it becomes a reject.
    """

    properties: Mapping[str, str]
    origin: Mapping[str, str]
    problems: tuple[Problem, ...] = ()
