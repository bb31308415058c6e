"""Every path of the API that is used, in both spellings.

Until 2026 HubSpot versioned by API (``/crm/v3/objects``, associations ``/crm/v4``); since then by
date (``/crm/objects/2026-03``). For what is used here both answer alike. v4 is supported until
March 2027, v3 until September 2027, 2026-03 for 18 months at least.
Source: developers.hubspot.com/changelog, "Legacy APIs and legacy apps: what's going unsupported";
the published OpenAPI files of v3, v4, 2026-03 and 2026-09.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migrator.model import ObjectType

VERSION = "2026-03"
"""Not 2026-09: from there on the portal's own rules for required fields turn API writes down, which
history that is migrated cannot always meet (changelog "CRM API write validation enforcement")."""

_DATED = re.compile(r"\d{4}-\d{2}(-beta)?")


class Paths:
    """Paths of one version: ``v3`` or ``v4`` (the same set), or a date such as ``2026-03``.

    >>> from migrator.model import ObjectType
    >>> Paths("2026-03").objects(ObjectType.DEALS, "batch/read")
    '/crm/objects/2026-03/deals/batch/read'
    >>> Paths("v3").associations(ObjectType.DEALS, ObjectType.CONTACTS, "batch/create")
    '/crm/v4/associations/deals/contacts/batch/create'

    Raises:
        ValueError: no such version.
    """

    def __init__(self, version: str = VERSION) -> None:
        dated = bool(_DATED.fullmatch(version))
        if not dated and version not in {"v3", "v4"}:
            raise ValueError(f'"{version}" is no version of the API: v3, v4 or a date as {VERSION}')
        self.version = version
        self._root = f"/crm/{{}}/{version}" if dated else "/crm/v3/{}"
        self._associations = f"/crm/associations/{version}" if dated else "/crm/v4/associations"
        self._linked = f"/crm/objects/{version}" if dated else "/crm/v4/objects"
        self.account = f"/account-info/{version if dated else 'v3'}/details"
        self.owners = self._root.format("owners")

    def objects(self, type: ObjectType, tail: str = "") -> str:
        """Records of a type; ``tail`` is an id, ``batch/<verb>`` or ``search``."""
        return _join(self._root.format("objects"), type, tail)

    def properties(self, type: ObjectType, name: str = "") -> str:
        """Properties of a type, or one of them."""
        return _join(self._root.format("properties"), type, name)

    def pipelines(self, type: ObjectType, tail: str = "") -> str:
        """Pipelines of a type; ``tail`` is ``<id>/stages``."""
        return _join(self._root.format("pipelines"), type, tail)

    def associations(self, type: ObjectType, to: ObjectType, tail: str) -> str:
        """Associations between two types; ``tail`` is ``batch/<verb>``."""
        return _join(self._associations, type, to, tail)

    def imports(self, tail: str = "") -> str:
        """Imports; ``tail`` is an id, or ``<id>/errors``."""
        return _join(self._root.format("imports"), tail)

    def linked(self, type: ObjectType, id: str, to: ObjectType) -> str:
        """The records of type ``to`` that are linked to one record."""
        return _join(self._linked, type, id, "associations", to)


def _join(*parts: str) -> str:
    return "/".join(part for part in parts if part)
