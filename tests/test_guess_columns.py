"""Columns are told by all their values: kinds, counts, how dates and numbers are written."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import migrator.guess
from migrator.guess.assignment import assigned
from migrator.guess.columns import ColumnKind
from migrator.guess.headers import (
    alike,
    custom_likeness,
    header_likeness,
    names_owner_id,
    other_meaning,
    phrases,
)
from migrator.guess.stages import is_stage, progress, status_in
from migrator.guess.synonyms import CUSTOM, FIELDS, LOST, OTHERS, STAGES, WON
from migrator.model import DEAL_FIELDS, LINKS, DealStatus, ObjectType
from tests.guesses import TODAY, seen, source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MODULES = [name for _, name, _ in pkgutil.iter_modules(migrator.guess.__path__)]
ROWS = 40


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_are_true(name: str) -> None:
    """What the documentation shows is what comes out."""
    module = importlib.import_module(f"migrator.guess.{name}")
    assert doctest.testmod(module).failed == 0


# -- the profile -----------------------------------------------------------------------------------

KINDS: dict[ColumnKind, Callable[[int], str]] = {
    ColumnKind.BLANK: lambda _: "",
    ColumnKind.TEXT: lambda n: f"A text about the matter of number {n * n} and more",
    ColumnKind.NUMBER: lambda n: f"{n}.25",
    ColumnKind.MONEY: lambda n: f"€ {n},50",
    ColumnKind.DATE: lambda n: f"2026-02-{n % 28 + 1:02}",
    ColumnKind.DATETIME: lambda n: f"2026-02-{n % 28 + 1:02}T10:{n:02}:00Z",
    ColumnKind.BOOL: lambda n: ("true", "false")[n % 2],
    ColumnKind.EMAIL: lambda n: f"a{n}@example.com",
    ColumnKind.DOMAIN: lambda n: f"company-{n}.example",
    ColumnKind.URL: lambda n: f"https://example.com/{n}",
    ColumnKind.CURRENCY: lambda n: ("EUR", "usd")[n % 2],
    ColumnKind.ID: lambda n: f"006gK00000{n:05}QA",
    ColumnKind.CHOICE: lambda n: ("Red", "Green", "Light blue")[n % 3],
}


def test_every_kind_of_column_is_told(tmp_path: Path) -> None:
    """Each kind of value makes a column of that kind, whatever its header is."""
    made = {kind.value: [make(n) for n in range(ROWS)] for kind, make in KINDS.items()}
    profile = seen(tmp_path / "seen", source(tmp_path, made))
    assert {column.name: column.kind.value for column in profile.columns} == {
        name: name for name in made
    }
    assert set(KINDS) == set(ColumnKind)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([f"18400000{n:03}" for n in range(ROWS)], ColumnKind.ID),
        ([f"00{n:03}" for n in range(ROWS)], ColumnKind.ID),
        ([f"Q{n % 4 + 1}-2026" for n in range(ROWS)], ColumnKind.CHOICE),
        ([f"OPP-{n:06}" for n in range(ROWS)], ColumnKind.ID),
        ([f"{n}%" for n in range(ROWS)], ColumnKind.NUMBER),
        (["2026-13-45"] * ROWS, ColumnKind.CHOICE),
        (["12.x"] * 20 + ["1"] * 20, ColumnKind.CHOICE),
        (["20260131"] * ROWS, ColumnKind.DATE),
    ],
)
def test_what_looks_like_something_else(
    values: list[str], kind: ColumnKind, tmp_path: Path
) -> None:
    """Ids of digits are no amounts, quarters no ids, dates that are none no dates."""
    profile = seen(tmp_path / "seen", source(tmp_path, {"a": range(ROWS), "b": values}))
    assert profile.column("b").kind is kind


def test_values_are_counted_over_the_whole_file(tmp_path: Path) -> None:
    """Fill, different values, the most frequent ones, first samples, ends; spaces do not count."""
    stages = ["Won", " Won", "Lost", "", "Won", "Lost", "Demo", "\u00a0", "Won", "Demo"]
    amounts = ["1.234,50", "10,00", "7", "", "", "", "", "", "", "99,99"]
    rare = [f"text {n}" for n in range(9)] + ["text 0"]
    columns = {"stage": stages, "amount": amounts, "rare": rare}
    profile = seen(tmp_path / "seen", source(tmp_path, columns))
    stage = profile.column("stage")
    assert (stage.rows, stage.filled, stage.distinct, stage.fill) == (10, 8, 3, 0.8)
    assert stage.choices == (("Won", 4), ("Lost", 2), ("Demo", 2))
    assert stage.samples == ("Won", "Lost", "Demo")
    assert profile.column("rare").top[0] == ("text 0", 2)
    reading = profile.column("amount").reading
    assert reading is not None
    assert (reading.decimal, reading.smallest, reading.largest) == (",", "7", "1234.5")
    assert reading.evidence == 'decimal mark ",", because record 1 has 1.234,50'
    assert profile.column("amount").data()["max"] == "1234.5"


def test_frequent_values_of_a_column_of_very_many(tmp_path: Path) -> None:
    """Where there are too many values to keep, the most frequent ones are found by their hashes."""
    values = [f"value {n // 3 if n < 30 else n}" for n in range(900)]
    profile = seen(tmp_path / "seen", source(tmp_path, {"a": range(900), "b": values}))
    column = profile.column("b")
    assert column.choices == ()
    assert [count for _, count in column.top] == [3] * 5
    assert {value for value, _ in column.top} <= {f"value {n}" for n in range(10)}
    assert profile.column("a").top == ()


def test_malformed_records_are_left_aside(tmp_path: Path) -> None:
    """A record that is too long says nothing about the columns."""
    path = tmp_path / "deals.csv"
    path.write_text("id,stage\n1,Demo\n2,Won,oops,more\n3,Demo\n")
    profile = seen(tmp_path / "seen", path)
    assert profile.rows == 2
    assert profile.column("stage").choices == (("Demo", 2),)


def test_dates_are_read_over_the_whole_column(tmp_path: Path) -> None:
    """The proof may stand in the last record, beyond those that are asked first."""
    days = [f"0{n % 9 + 1}/0{n % 8 + 1}/2026" for n in range(2_500)] + ["31/12/2026"]
    profile = seen(tmp_path / "seen", source(tmp_path, {"id": range(2_501), "day": days}))
    reading = profile.column("day").reading
    assert reading is not None
    assert reading.formats == ("%d/%m/%Y",)
    assert reading.evidence == "day first, because record 2501 has 31/12/2026"
    assert (reading.question, reading.read, reading.pinned) == ("", 1.0, True)
    assert 0 < reading.ahead < 0.01


def test_what_can_be_read_in_two_ways_is_a_question(tmp_path: Path) -> None:
    """Neither dates nor numbers are guessed at; a decision makes the reading one of them."""
    days = [f"0{n % 9 + 1}/0{n % 8 + 1}/2026" for n in range(ROWS)]
    numbers = [f"{n + 1}.{n % 9 + 1}00" for n in range(ROWS)]
    profile = seen(tmp_path / "seen", source(tmp_path, {"day": days, "number": numbers}))
    day, number = profile.column("day").reading, profile.column("number").reading
    assert day is not None
    assert number is not None
    assert "can be read as day first or month first" in day.question
    assert day.choices == ("%d/%m/%Y", "%m/%d/%Y")
    assert number.choices == (".", ",")
    decided = profile.decided("day", "%m/%d/%Y", TODAY).decided("number", ",", TODAY)
    day, number = decided.column("day").reading, decided.column("number").reading
    assert day is not None
    assert number is not None
    assert (day.formats, day.question, day.pinned) == (("%m/%d/%Y",), "", True)
    assert (number.decimal, number.smallest) == (",", "1100")
    assert decided.decided("day", "%m/%d/%Y", TODAY).column("number") == decided.column("number")


def test_the_order_of_two_dates_is_seen(tmp_path: Path) -> None:
    """How often one date is not after another is known for each pair of columns."""
    first = [f"2026-01-{n % 28 + 1:02}" for n in range(ROWS)]
    later = [f"2026-0{n % 5 + 2}-01" for n in range(ROWS)]
    profile = seen(tmp_path / "seen", source(tmp_path, {"a": first, "b": later}))
    assert profile.column("a").before == {"b": 1.0}
    assert profile.column("b").before == {"a": 0.0}
    assert profile.decided("b", "%Y-%m-%d", TODAY).column("b").kind is ColumnKind.DATE


def test_a_column_that_is_no_date_cannot_be_decided(tmp_path: Path) -> None:
    """Nothing happens to it."""
    profile = seen(tmp_path / "seen", source(tmp_path, {"a": ["x", "y"]}))
    assert profile.decided("a", ",", TODAY) is profile


# -- the best assignment ---------------------------------------------------------------------------

_SCORES = st.dictionaries(
    st.sampled_from("abcd"),
    st.dictionaries(st.sampled_from("wxyz"), st.floats(0, 1), max_size=4),
    max_size=4,
)


def best_of(scores: dict[str, dict[str, float]], left: set[str], least: float) -> float:
    """The largest sum of squares there is, by trying all."""
    if not scores:
        return 0.0
    (_, row), *others = scores.items()
    rest = dict(others)
    tried = [best_of(rest, left, least)]
    tried += [
        score**2 + best_of(rest, left - {column}, least)
        for column, score in row.items()
        if column in left and score >= least
    ]
    return max(tried)


@given(_SCORES, st.floats(0, 0.8))
def test_no_assignment_is_better(scores: dict[str, dict[str, float]], least: float) -> None:
    """Each column is used once, no pair is below the bar, and the sum is the largest possible."""
    found = assigned(scores, least)
    assert len(set(found.values())) == len(found)
    assert all(scores[field][column] >= least for field, column in found.items())
    total = sum(scores[field][column] ** 2 for field, column in found.items())
    assert total == pytest.approx(best_of(scores, set("wxyz"), least), abs=1e-9)


# -- names of columns and stages -------------------------------------------------------------------


def test_the_table_of_names_is_complete() -> None:
    """Every canonical field and link has names, in seven languages, and none is in two fields."""
    links = {type.value for type in LINKS[ObjectType.DEALS]}
    assert set(FIELDS) == {"key", *DEAL_FIELDS, *links}
    for table in (*FIELDS.values(), *CUSTOM.values(), STAGES, WON, LOST):
        assert len({language for language, _ in phrases(table)}) == 7
        assert all(phrase == " ".join(phrase.split()) != "" for _, phrase in phrases(table))


@pytest.mark.parametrize("field", FIELDS)
def test_each_name_means_its_field(field: str) -> None:
    """A header that is one of the names is sure to be it, however it is spelt."""
    for _, phrase in phrases(FIELDS[field]):
        for spelt in (phrase, phrase.upper(), phrase.replace(" ", "_"), phrase.title()):
            likeness = header_likeness(spelt, field)
            assert likeness.score >= 0.97 or other_meaning(spelt), (spelt, likeness)


def test_what_means_something_else_is_not_taken() -> None:
    """A weighted value is no amount, an owner's id no owner, a change no creation."""
    for header, field in (
        ("Weighted value", "amount"),
        ("Deal - Update time", "created_at"),
        ("Contact person ID", "contacts"),
        ("OWNERID", "owner"),
        ("Expected Revenue Currency", "currency"),
    ):
        assert header_likeness(header, field).score < 0.4, header
    assert names_owner_id("Deal Owner.id")
    assert set(OTHERS) > {other_meaning("Weighted value")}
    assert other_meaning("Colour of the car") == ""
    assert custom_likeness("Reason For Loss")[0] == "lost_reason"


def test_misspelt_and_longer_headers_still_count() -> None:
    """A slip of the pen costs a little, more words cost more."""
    exact = header_likeness("Close Date", "close_date").score
    slip = header_likeness("Closse Date", "close_date").score
    longer = header_likeness("Close Date according to the sales team", "close_date").score
    assert exact == 1 > slip > longer > 0.4


@given(st.text(max_size=20), st.text(max_size=20))
def test_likeness_is_the_same_both_ways(one: str, other: str) -> None:
    """It is symmetric, from 0 to 1, and 1 for a text and itself."""
    assert alike(one, other) == pytest.approx(alike(other, one))
    assert 0 <= alike(one, other) <= 1
    assert alike(one, one) == 1


@settings(max_examples=50)
@given(st.sampled_from([phrase for _, phrase in phrases(STAGES)]))
def test_usual_stages_are_known(stage: str) -> None:
    """Whatever case they are in and whatever number stands before them."""
    assert is_stage(stage.upper())
    assert is_stage(f"3 - {stage}")
    assert progress(stage) == progress(f"3-{stage.title()}")


def test_what_a_stage_says_of_a_deal() -> None:
    """Won and lost in seven languages; a stage that nobody knows is somewhere in the middle."""
    for table, status in ((WON, DealStatus.WON), (LOST, DealStatus.LOST)):
        assert {status_in(phrase) for _, phrase in phrases(table)} == {status}
    assert status_in("Closed - won (repeat)") is DealStatus.WON
    assert status_in("Wonderful") is None
    assert not is_stage("")
    assert not is_stage("Advertisement")
    assert progress("Prospecting") < progress("Xyz") < progress("Contract sent")
    assert progress("Negotiaton") == progress("Negotiation")
