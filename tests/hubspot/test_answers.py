"""What is read of an answer's body, however it is written."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.vendors.hubspot.answers import body

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(
    found=st.dictionaries(TEXTS, VALUES, max_size=5),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
    ascii_only=st.booleans(),
)
def test_every_object_is_read(found: dict[str, Any], encoding: str, *, ascii_only: bool) -> None:
    """An object is read in whichever of JSON's encodings it comes."""
    text = json.dumps(found, ensure_ascii=ascii_only)
    assert body(httpx.Response(200, content=text.encode(encoding))) == found


@given(st.binary(max_size=40))
def test_whatever_comes_is_an_object_or_nothing(content: bytes) -> None:
    """Bytes of any kind are an object, or else an empty one; never an error."""
    assert isinstance(body(httpx.Response(200, content=content)), dict)


@pytest.mark.parametrize("content", [b"", b"<html>", b"[1]", b'"x"', b"7", b"\xff\xfe\x00"])
def test_what_is_no_object_is_an_empty_one(content: bytes) -> None:
    """Something in between may answer with a page."""
    assert body(httpx.Response(502, content=content)) == {}


def test_half_a_letter_is_no_hindrance() -> None:
    r"""An escape without its second half, as some clients store it, loses no other row."""
    assert body(httpx.Response(200, content=rb'{"a": "\ud83d", "b": "1"}'))["b"] == "1"
