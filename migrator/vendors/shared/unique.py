"""What CRMs have in common in which only contacts and companies are told apart by a field."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from migrator.model import ObjectType


class NothingUnique:
    """A vendor without fields that a person has made unique."""

    async def holders(
        self,
        type: ObjectType,  # noqa: ARG002 - the contract's names
        name: str,  # noqa: ARG002
        values: Collection[str],  # noqa: ARG002
    ) -> Mapping[str, str]:
        """Nobody: no field but the built-in names of parents is unique here."""
        return {}
