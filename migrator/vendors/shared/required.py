"""Fields without which people cannot save a record, and what a load makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.model import CUSTOM_PREFIX, KEY_FIELD
from migrator.vendors.shared.problems import BadValue

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from migrator.model import FieldInfo
    from migrator.vendors.shared.draft import Draft


def required_among(infos: Iterable[FieldInfo], filled_in: Collection[str]) -> tuple[str, ...]:
    """Names of the fields that a record must have, but for those that are filled in anyway."""
    return tuple(
        info.name
        for info in infos
        if info.required
        and not info.read_only
        and info.name != KEY_FIELD
        and info.name not in filled_in
    )


def check_required(
    draft: Draft, names: Iterable[str], canonical: Mapping[str, str], option: str
) -> None:
    """Note the required fields that a record leaves blank; one that is there can be updated.

    Args:
        draft: all that the record has.
        names: of the fields.
        canonical: what fields are called that have a canonical name.
        option: how to switch the check off, for the message.
    """
    for name in names:
        field = canonical.get(name, f"{CUSTOM_PREFIX}{name}")
        if name in draft.properties or any(one.field == field for one in draft.problems):
            continue
        message = (
            f'The account requires the {draft.terms.field} "{name}", and the row leaves it blank. '
            f"Map a column to {field} or give it a default; or, if the account's rule is meant for "
            f"people alone, set the option {option}."
        )
        draft.problem(field, BadValue("missing_required", message, only_to_create=True))
