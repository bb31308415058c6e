"""The fast JSON of rows is the standard library's compact JSON, letter by letter."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.json_text import dumps, loads

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
)


@given(DATA)
def test_the_text_is_that_of_the_standard_library(data: object) -> None:
    """Digests and tables that were made with ``json`` are found again."""
    assert dumps(data) == json.dumps(data, ensure_ascii=False, separators=(",", ":"))


@given(DATA)
def test_data_come_back(data: object) -> None:
    """What was written is read as it was, by us and by others."""
    assert loads(dumps(data)) == data == json.loads(dumps(data))


def test_half_a_text_is_none() -> None:
    """What is no JSON is an error, not half of the data."""
    with pytest.raises(ValueError, match="EOF"):
        loads('{"name":')
