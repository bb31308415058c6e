"""The digest of a row's wishes is the one that earlier versions made."""

from __future__ import annotations

import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from migrator.model import Encoded, ObjectType, OnConflict, OnMissing, Place, Record
from migrator.plan.content import content

NAMES = st.text("abcXYZäß_", min_size=1, max_size=6)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
PARENTS = st.dictionaries(
    st.sampled_from([ObjectType.CONTACTS, ObjectType.COMPANIES, ObjectType.DEALS]),
    st.lists(TEXT, min_size=1, max_size=3).map(tuple),
)


@given(st.dictionaries(NAMES, TEXT), PARENTS, st.sampled_from(OnConflict))
def test_digests_of_before_are_found_again(
    properties: dict[str, str],
    links: dict[ObjectType, tuple[str, ...]],
    policy: OnConflict,
) -> None:
    """What a journal remembers of a row is compared with the same text, made the plain way."""
    origin = {name: f"field of {name}" for name in sorted(properties)[::2]}
    missing = {ObjectType.CONTACTS: OnMissing.CREATE}

    def rule(field: str) -> OnConflict:
        return policy if field.startswith("field of ") else OnConflict.NEVER

    record = Record(ObjectType.DEALS, "k", {}, links, Place("f", 1, 2))
    found = content(record, Encoded(properties, origin), rule, missing)
    wishes = [
        sorted((name, text, rule(origin.get(name, name))) for name, text in properties.items()),
        sorted(
            (
                kind,
                sorted(one if kind == "deals" else one.casefold() for one in names),
                missing.get(kind, ""),
            )
            for kind, names in links.items()
        ),
    ]
    text = json.dumps(wishes, ensure_ascii=False, separators=(",", ":"))
    assert found == hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
