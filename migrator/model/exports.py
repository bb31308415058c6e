"""Records as an account holds them, how they are told apart, and how they arrive."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from migrator.model.words import ObjectType

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Held:
    """A record as the account holds it, in the vendor's own terms.

    Attributes:
        key: content of the key field; None on records that no run of ours wrote.
        properties: the vendor's field name to text; None or absent = blank.
        links: ids of linked records; filled by ``pages`` only.
        labels: what people call a link (a role, "Decision maker"), by the linked record's id; one
            that nobody calls anything is absent. Filled by ``pages`` where they are asked for.
    """

    type: ObjectType
    id: str
    key: str | None
    properties: Mapping[str, str | None]
    links: Mapping[ObjectType, tuple[str, ...]] = field(default_factory=dict)
    updated_at: datetime | None = None
    labels: Mapping[ObjectType, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reference:
    """One record of one account, in a text that spreadsheets leave alone: ``v/4711/deals/12``.

    A bare id would do harm where it is read in another account, and a long one comes back from a
    spreadsheet as ``1.23457E+11``.
    """

    vendor: str
    account: str
    type: ObjectType
    id: str

    def __str__(self) -> str:
        parts = (self.vendor, self.account, self.type.value, self.id)
        return "/".join(quote(part, safe="@") for part in parts)

    @classmethod
    def parse(cls, text: str) -> Reference | None:
        """The reference in a text; None when it is none.

        >>> Reference.parse("v/a%2Fb/deals/12").account
        'a/b'
        >>> Reference.parse("deals/12")
        """
        if text.count("/") != len(cls.__slots__) - 1:  # as good as every key of a file
            return None
        parts = [unquote(part) for part in text.strip().split("/")]
        if not all(parts) or parts[2] not in set(ObjectType):
            return None
        return cls(parts[0], parts[1], ObjectType(parts[2]), parts[3])


@dataclass(frozen=True, slots=True)
class Page:
    """Records of an account as they arrive, and where the reading goes on behind them.

    Attributes:
        records: with properties and links; may be none.
        place: what to give to ``Vendor.pages`` to go on behind this page; means nothing to others.
        hidden: records that the account counts and does not show.
    """

    records: tuple[Held, ...]
    place: str
    hidden: int = 0
