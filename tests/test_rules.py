"""Rules: the examples of their docstrings, and what holds for all of them."""

from __future__ import annotations

import doctest
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator import rules
from migrator.catalogue import Kind

ARGUMENTS: dict[str, dict[str, Any]] = {
    "max_length": {"most": 3},
    "min_length": {"least": 3},
    "pattern": {"regex": "a+"},
    "one_of": {"values": ("a",)},
    "not_one_of": {"values": ("a",)},
    "starts_with": {"prefix": "a"},
    "ends_with": {"suffix": "a"},
    "contains": {"text": "a"},
    "number_range": {"min": Decimal(0), "max": Decimal(5)},
    "decimal_places": {"most": 2},
    "date_range": {"min": date(2000, 1, 1), "max": date(2001, 1, 1)},
}


@pytest.mark.parametrize("name", list(rules.RULES))
def test_examples_of_the_docstring_hold(name: str) -> None:
    """What the reference shows for a rule is what the rule does."""
    namespace: dict[str, Any] = {"Decimal": Decimal, "date": date}
    namespace[name] = partial(rules.evaluate, name)
    text = rules.RULES[name].check.__doc__ or ""
    example = doctest.DocTestParser().get_doctest(text, namespace, name, None, None)
    assert example.examples, "a rule without an example is not in the reference"
    result = doctest.DocTestRunner(verbose=False).run(example)
    assert result.failed == 0


@pytest.mark.parametrize("name", [name for name in rules.RULES if name != "required"])
def test_a_blank_breaks_no_rule_but_required(name: str) -> None:
    """Whether a value must be there and what it must look like are two questions."""
    rule = rules.RULES[name]
    kind = min(rule.accepts) if Kind.TEXT not in rule.accepts else Kind.TEXT
    blank = pl.DataFrame({"x": pl.Series([None], dtype=kind.dtype)})
    passed = blank.select(rule.check(pl.col("x"), **ARGUMENTS.get(name, {})).fill_null(True))
    assert passed.item() is True


def test_the_catalogue_shows_every_rule_with_parameters_and_examples() -> None:
    """The reference is made of the table itself, so that no rule can be missing from it."""
    shown = {info.name: info for info in rules.catalogue()}
    assert list(shown) == list(rules.RULES)
    assert shown["max_length"].parameters == ("most",)
    assert shown["number_range"].parameters == ("min=None", "max=None")
    assert shown["max_length"].examples[0] == ('max_length("abcd", most=3)', "False")
    assert all(info.summary.endswith(".") for info in shown.values())


@pytest.mark.parametrize("name", list(rules.RULES))
def test_messages_can_be_filled_with_the_parameters(name: str) -> None:
    """No message names a parameter that the rule does not have."""
    assert "{" not in rules.RULES[name].message.format(**ARGUMENTS.get(name, {}))


def test_unique_turns_down_every_value_that_occurs_twice() -> None:
    """Of two equal values neither is better, so both fail; blanks are not equal to each other."""
    frame = pl.DataFrame({"x": ["a", "b", "a", None, None]})
    passed = frame.select(rules.unique(pl.col("x"))).to_series().to_list()
    assert passed == [False, True, False, True, True]


@given(st.text(), st.integers(0, 20))
def test_max_length_counts_characters_as_python_does(text: str, most: int) -> None:
    """Length is in characters, not in bytes."""
    assert rules.evaluate("max_length", text, most=most) == (len(text) <= most)


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=4), st.integers(0, 3))
def test_decimal_places_agrees_with_exact_arithmetic(number: Decimal, most: int) -> None:
    """A number passes exactly when rounding it to so many places does not change it."""
    exact = number == round(number, most)
    assert rules.evaluate("decimal_places", number, most=most) == exact


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        ("a@b.co", True),
        ("a@münchen.de", True),
        ("a@@b.co", False),
        ("a@b..co", False),
        ("a@.co", False),
        ("a b@c.de", False),
        ("a@b.de;c@d.de", False),
        ("a@b.c", False),
    ],
)
def test_email_takes_addresses_and_nothing_around_them(text: str, fine: bool) -> None:
    """One bare address passes; lists, names and halves do not."""
    assert rules.evaluate("email", text) is fine


@pytest.mark.parametrize(
    ("name", "text", "fine"),
    [
        ("phone", "12345", False),
        ("phone", "+49 30 123456 ext. 12", True),
        ("domain", "münchen.de", True),
        ("domain", "-x.de", False),
        ("url", "ftp://example.com", False),
        ("url", "http://localhost:8080/x", True),
        ("no_formula", "@SUM(A1)", False),
        ("no_formula", "+33 1 23", True),
        ("no_formula", "#NAME?", False),
        ("no_formula", "######", False),
        ("no_formula", "#BEZUG!", False),
        ("no_formula", " #nom? ", False),
        ("no_formula", "Err:502", False),
        ("no_formula", "#1 of two", True),
        ("no_html", "R&amp;D", False),
        ("no_html", "1 < 2", True),
        ("well_encoded", "naÃ¯ve", False),
        ("no_control_characters", "a\u0085b", False),
    ],
)
def test_edges_of_the_pattern_rules(name: str, text: str, fine: bool) -> None:
    """Values just inside and just outside of what a rule allows."""
    assert rules.evaluate(name, text) is fine


MONEY = st.decimals(min_value=-(10**12), max_value=10**12, places=6)
BOUNDS = (
    st.none()
    | MONEY
    | st.decimals(min_value=-(10**12), max_value=10**12, places=20)
    | st.decimals(min_value=-(10**32) + 1, max_value=10**32 - 1, places=7)
)


@given(MONEY, BOUNDS, BOUNDS)
def test_a_number_is_held_against_its_very_bounds(
    number: Decimal, least: Decimal | None, most: Decimal | None
) -> None:
    """Numbers and bounds of any places are compared as they are, not as rounded ones."""
    fine = (least is None or least <= number) and (most is None or number <= most)
    assert rules.evaluate("number_range", number, min=least, max=most) is fine


def test_number_range_without_bounds_allows_everything() -> None:
    """A range that is open on both sides turns nothing down."""
    assert rules.evaluate("number_range", Decimal(10**9))
