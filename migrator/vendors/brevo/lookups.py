"""An account made ready for looking names up: built once, then asked for every record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.model import KEY_FIELD, ObjectType
from migrator.vendors.brevo import values
from migrator.vendors.brevo.decode import Decoder
from migrator.vendors.brevo.names import ALWAYS_THERE, canonical_names
from migrator.vendors.brevo.schema import KEYED, find_field
from migrator.vendors.shared.choices import Choices
from migrator.vendors.shared.owners import Owners
from migrator.vendors.shared.places import Stages
from migrator.vendors.shared.problems import Terms
from migrator.vendors.shared.required import required_among
from migrator.vendors.shared.values import flag

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migrator.model import Account, FieldInfo

TERMS = Terms("Brevo", "attribute")


class Lookups:
    """All of an account that ``encode`` needs."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.stages = Stages(account.pipelines)
        self.owner = Owners(account.owners, ids=True).id
        self.keyless = frozenset(
            type
            for type, fields in account.fields.items()
            if type in KEYED and KEY_FIELD not in fields
        )
        """Types whose key attribute the account lacks: what is lost of them stays lost."""
        self.decoder = Decoder(account)
        deals = account.fields.get(ObjectType.DEALS, {})
        self.required = required_among(deals.values(), ALWAYS_THERE[ObjectType.DEALS])
        """Names of the attributes of deals that the account wants filled, but for those that Brevo
        fills itself where a row is silent, and the name."""
        self._canonical: dict[ObjectType, Mapping[str, str]] = {}
        self._fields: dict[tuple[ObjectType, str], FieldInfo | None] = {}
        self._writers: dict[tuple[ObjectType, str], Callable[[str], str]] = {}

    def canonical(self, type: ObjectType) -> Mapping[str, str]:
        """Canonical field to attribute."""
        found = self._canonical.get(type)
        if found is None:
            found = self._canonical[type] = canonical_names(type, self.account)
        return found

    def field(self, type: ObjectType, name: str) -> FieldInfo | None:
        """The field of a name."""
        if (type, name) not in self._fields:
            found = find_field(self.account.fields.get(type, {}), name)
            self._fields[type, name] = found
        return self._fields[type, name]

    def writer(self, type: ObjectType, info: FieldInfo) -> Callable[[str], str]:
        """What turns a canonical value into one of this field."""
        found = self._writers.get((type, info.name))
        if found is None:
            found = self._writers[type, info.name] = _writer(info)
        return found


def _writer(info: FieldInfo) -> Callable[[str], str]:
    if info.kind == "choice" and info.options:
        return Choices(info).value
    by_kind = {"number": values.number, "date": values.day, "bool": flag}
    return by_kind.get(info.kind, values.plain)
