"""What the first records prove is held over the whole source, and never instead of it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrator.errors import UndecidedError
from migrator.prepare import survey
from tests.test_prepare import NAME, run

if TYPE_CHECKING:
    from pathlib import Path

    from migrator.prepare import Prepared

FIELDS = "  amount: {from: V}\n  close_date: {from: D}\n  probability: {from: P}\n"
HEAD = "name: t\nduplicates: first\nkey: {from: id}\nfields:\n"

Rows = list[dict[str, str | None]]


@pytest.fixture
def few_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the first two records are asked."""
    monkeypatch.setattr(survey, "FIRST", 2)


def _rows(values: list[str | None], dates: list[str | None] | None = None) -> Rows:
    dates = dates or [None] * len(values)
    return [
        {"id": str(number), "V": value, "D": date, "P": None}
        for number, (value, date) in enumerate(zip(values, dates, strict=True), start=1)
    ]


def _amounts(records: list[dict[str, Any]]) -> list[float | None]:
    return [None if record["amount"] is None else float(record["amount"]) for record in records]


def _outcome(first: int, rows: Rows, folder: Path) -> tuple[Any, ...]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(survey, "FIRST", first)
        try:
            result, records, rejections = run(HEAD + FIELDS, rows, folder)
        except UndecidedError:
            return ("a question",)
    order = ("_record", "_field", "_code", "_error", "_value")
    return (
        sorted(records, key=lambda record: record["_record"]),
        sorted(tuple(str(line[name]) for name in order) for line in rejections),
        (result.rows, result.rejected, result.codes),
    )


_NUMBERS = ["5", "5.50", "1,234.50", "1.234,50", "5,5", "1.234", "0.500", "€ 7", "#REF!", "x", None]
_DATES = [
    "2024-05-06",
    "13/02/2024",
    "02/13/2024",
    "03/04/2024",
    "2024-05-06 10:00",
    "05/06/2024 00:00",
    "20-10-16",
    "31.12.24",
    "99/99/2024",
    "20240506",
    "soon",
    None,
]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_it_makes_no_difference_how_many_records_are_asked_first(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Records and rejections are those of a look at the whole columns, or both looks ask."""
    size = data.draw(st.integers(3, 12))

    def column(choices: list[str | None]) -> list[str | None]:
        few = data.draw(st.lists(st.sampled_from(choices), min_size=1, max_size=3))
        return data.draw(st.lists(st.sampled_from(few), min_size=size, max_size=size))

    rows = _rows(column(list(_NUMBERS)), column(list(_DATES)))
    first, whole = (tmp_path_factory.mktemp(name) for name in ("first", "whole"))
    assert _outcome(2, rows, first) == _outcome(1_000, rows, whole)


@pytest.mark.usefixtures("few_first")
@pytest.mark.parametrize(
    ("values", "amounts"),
    [
        (["1.50", "2.50", "1,234.50", "€ 7"], [1.5, 2.5, 1234.5, 7.0]),
        (["1", "2", "3,50", "1.234"], [1.0, 2.0, 3.5, 1234.0]),
        (["1.234", "2", "3,50", None], [1234.0, 2.0, 3.5, None]),
    ],
)
def test_later_amounts_are_read_too(
    values: list[str | None], amounts: list[float | None], tmp_path: Path
) -> None:
    """Other spellings, and the proof itself, may come long after the first records."""
    result, records, _ = run(FIELDS, _rows(values), tmp_path)
    assert _amounts(records) == amounts
    assert result.rejected == 0


@pytest.mark.usefixtures("few_first")
def test_a_later_kind_of_date_is_read_too(tmp_path: Path) -> None:
    """The pass is made again when later values show another format or a time of day."""
    later = ["2024-05-06", "2024-05-07", "13/02/2024", "2024-05-08 10:30"]
    result, records, _ = run(FIELDS, _rows([None] * 4, [*later]), tmp_path)
    read = [str(record["close_date"]) for record in records]
    assert read == [
        "2024-05-06 00:00:00+00:00",
        "2024-05-07 00:00:00+00:00",
        "2024-02-13 00:00:00+00:00",
        "2024-05-08 10:30:00+00:00",
    ]
    assert result.decisions == ("D: day first, because record 3 has 13/02/2024",)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "records.parquet",
        "rejections.parquet",
    ]


@pytest.mark.usefixtures("few_first")
def test_a_later_contradiction_is_a_question_and_leaves_nothing(tmp_path: Path) -> None:
    """What was written on the word of the first records is taken back."""
    with pytest.raises(UndecidedError, match=r'2 prove "\." .* and 2 prove ","'):
        run(FIELDS, _rows(["1.50", "2.50", "3,50", "4,50"]), tmp_path)
    assert list(tmp_path.iterdir()) == []


def _slips(plain: int, tmp_path: Path) -> tuple[Prepared, list[dict[str, Any]]]:
    values: list[str | None] = [*[f"{n}.50" for n in range(plain)], "12.345,67"]
    result, _, rejections = run(FIELDS, _rows(values), tmp_path)
    return result, rejections


@pytest.mark.parametrize("first", [2, 150, 1_000])
def test_one_amount_in_a_hundred_with_the_other_mark_is_a_slip(
    first: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is rejected with its own code and named; it is never read with the other mark."""
    monkeypatch.setattr(survey, "FIRST", first)
    result, rejections = _slips(100, tmp_path)
    assert [(line["_record"], line["_code"]) for line in rejections] == [
        (101, "wrong_decimal_mark")
    ]
    assert result.records_count == 100
    (decision,) = result.decisions
    assert decision == (
        'V: decimal mark ".", because record 1 has 0.50; '
        '1 value that proves "," (record 101: 12.345,67) is rejected'
    )


@pytest.mark.parametrize("first", [2, 1_000])
def test_more_than_one_in_a_hundred_stays_a_question(
    first: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below a hundred to one, a person has to say which mark it is."""
    monkeypatch.setattr(survey, "FIRST", first)
    with pytest.raises(UndecidedError, match=r'99 prove "\.".*1 prove ","'):
        _slips(99, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("many", "decided"), [(200, True), (199, False)])
def test_dates_in_another_order_are_slips_on_the_same_terms(
    many: int, *, decided: bool, tmp_path: Path
) -> None:
    """Two dates with the month first among two hundred with the day first are turned down."""
    days: list[str | None] = [f"{13 + n % 15}/02/2024" for n in range(many)]
    rows = _rows([None] * (many + 3), [*days, "02/13/2024", "02/28/2024", "04/03/2024"])
    if not decided:
        with pytest.raises(UndecidedError, match="2 are month first"):
            run(FIELDS, rows, tmp_path)
        return
    result, records, rejections = run(FIELDS, rows, tmp_path)
    assert {(line["_record"], line["_code"]) for line in rejections} == {
        (201, "wrong_date_order"),
        (202, "wrong_date_order"),
    }
    assert str(records[-1]["close_date"]) == "2024-03-04"
    (decision,) = result.decisions
    assert decision == (
        "D: day first, because record 1 has 13/02/2024; 2 values that are no such dates are "
        "rejected (record 201: 02/13/2024)"
    )


@pytest.mark.usefixtures("few_first")
def test_rows_count_the_same_without_and_with_repeated_keys(tmp_path: Path) -> None:
    """Keys are found out in the pass itself or before it; blank keys repeat nothing."""
    rows: Rows = [{"id": key, "Title": "x"} for key in ("1", "2", None, None, "3")]
    result, *_ = run(NAME, rows, tmp_path)
    assert (result.rows, result.rejected, result.codes) == (5, 2, {"missing_key": 2})
    result, *_ = run(f"{HEAD}{NAME}", [*rows, rows[0]], tmp_path)
    assert (result.rows, result.rejected) == (6, 3)
    with pytest.raises(UndecidedError, match="1 key in"):
        run(NAME, [*rows, rows[0]], tmp_path)


@given(st.lists(st.one_of(st.none(), st.integers(0, 6), st.just(2**64 - 1)), max_size=12))
def test_repeated_values_are_those_that_stand_twice(values: list[int | None]) -> None:
    """Each value that occurs more than once is named once; nulls are no values."""
    found = survey.repeated(pl.Series(values, dtype=pl.UInt64)).to_list()
    assert sorted(found) == sorted(
        value for value, count in Counter(values).items() if value is not None and count > 1
    )
