"""Transforms: the examples of their docstrings, and that no value changes silently."""

from __future__ import annotations

import ast
import unicodedata
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from migrator import transforms
from migrator.prepare.decimal_mark import says
from migrator.transforms import evaluate
from migrator.transforms.base import lookup, lookup_folded
from migrator.transforms.text import spellings, tidied


def run_example(name: str, call: str) -> Any:
    """Carry out ``name(value, keyword=...)`` as the reference shows it."""
    node = ast.parse(call, mode="eval").body
    assert isinstance(node, ast.Call)
    value = ast.literal_eval(node.args[0])
    keywords = {k.arg or "": ast.literal_eval(k.value) for k in node.keywords}
    return evaluate(name, value, **keywords)


START = datetime(1970, 1, 1)  # noqa: DTZ001 - a local time
END = datetime(2099, 12, 1)  # noqa: DTZ001 - a local time

EXAMPLES = [
    (info.name, call, result) for info in transforms.catalogue() for call, result in info.examples
]


@pytest.mark.parametrize(("name", "call", "expected"), EXAMPLES)
def test_examples_of_the_docstring_hold(name: str, call: str, expected: str) -> None:
    """What the reference shows for a transform is what the transform does."""
    result = run_example(name, call)
    assert expected in (repr(result), str(result))


def test_every_transform_has_a_summary_and_an_example() -> None:
    """The reference is complete."""
    described = transforms.catalogue()
    assert [info.name for info in described] == list(transforms.TRANSFORMS)
    assert all(info.summary.endswith(".") and info.examples for info in described)


@pytest.mark.parametrize("name", list(transforms.TRANSFORMS))
def test_a_blank_stays_a_blank(name: str) -> None:
    """No transform makes a value, or a problem, of nothing."""
    arguments: dict[str, dict[str, Any]] = {
        "map": {"values": {"a": "b"}},
        "replace": {"texts": {"a": "b"}},
        "replace_pattern": {"regex": "a"},
        "prefix": {"text": "a"},
        "suffix": {"text": "a"},
        "remove_prefix": {"text": "a"},
        "truncate": {"most": 1},
        "hash": {"salt": "s"},
        "anonymise": {"salt": "s"},
    }
    assert evaluate(name, None, **arguments.get(name, {})) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1.239", "too_many_decimals"),
        ("1e3", "scientific_notation"),
        ("1,234E+5", "scientific_notation"),
        ("(12.50)", "number_in_parentheses"),
        ("########", "spreadsheet_error"),
        ("#N/A", "spreadsheet_error"),
        ("1234567890123456789", "number_too_large"),
        ("1.234,50", "wrong_decimal_mark"),
        (" 7 ", "not_a_number"),
        ("12:30", "not_a_number"),
        ("1.2.3", "not_a_number"),
        ("1,23,45", "not_a_number"),
        ("--5", "not_a_number"),
        ("NaN", "not_a_number"),
        ("ten", "not_a_number"),
        ("1 2", "not_a_number"),
    ],
)
def test_money_refuses_what_a_cast_would_alter_or_blank_out(text: str, code: str) -> None:
    """A value that cannot be taken over exactly is refused by a code of its own."""
    assert evaluate("money", text, decimal=".") == code


@pytest.mark.parametrize(
    ("text", "mark", "value"),
    [
        ("1,234,567.89", ".", "1234567.89"),
        ("1.234.567,89", ",", "1234567.89"),
        ("1 234,5", ",", "1234.5"),
        ("1'234.50", ".", "1234.50"),
        ("12,34,567.00", ".", "1234567"),
        ("+5.00", ".", "5"),
        ("-€5.10", ".", "-5.1"),
        ("€-5.10", ".", "-5.1"),
        ("US$ 5.10", ".", "5.1"),
        ("5,10 kr", ",", "5.1"),
        ("1 000 zł", ",", "1000"),
        ("EUR 1.000,00", ",", "1000"),
        ("5.1000000000", ".", "5.1"),
        ("007.50", ".", "7.5"),
    ],
)
def test_money_reads_the_usual_spellings(text: str, mark: str, value: str) -> None:
    """Currency signs and thousands separators do not touch the number."""
    assert evaluate("money", text, decimal=mark) == Decimal(value)


@given(st.decimals(min_value=-(10**15), max_value=10**15, places=2), st.sampled_from(".,"))
@example(Decimal("-0.01"), ",")
def test_money_gives_back_the_very_number_that_was_written(number: Decimal, mark: str) -> None:
    """Grouped or plain, with point or comma: the value is exact."""
    grouped, plain = f"{number:,.2f}", f"{number:.2f}"
    if mark == ",":
        grouped = grouped.translate(str.maketrans(",.", ".,"))
        plain = plain.replace(".", ",")
    assert evaluate("money", grouped, decimal=mark) == number
    assert evaluate("money", plain, decimal=mark) == number


@given(st.text(alphabet="0123456789.,-+eE() '€$%", max_size=12))
def test_money_never_gives_a_number_that_is_not_in_the_text(text: str) -> None:
    """A number that comes out has exactly the significant digits that went in, in their order."""
    result = evaluate("money", text, decimal=".")
    if isinstance(result, Decimal):
        digits = "".join(c for c in text if c.isdigit())
        assert int(digits or "0") == abs(result).scaleb(_places(text))


def _places(text: str) -> int:
    tail = text.rpartition(".")[2] if "." in text else ""
    return sum(c.isdigit() for c in tail)


def test_percent_as_a_fraction_of_one() -> None:
    """`fraction` applies to bare numbers only: 40% is 40 in any case."""
    assert evaluate("percent", "0.4", fraction=True) == 40
    assert evaluate("percent", "40%", fraction=True) == 40
    assert evaluate("percent", "0.4") == Decimal("0.4")
    assert evaluate("percent", "-1") == "not_a_percentage"
    assert evaluate("percent", "x%") == "not_a_number"


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)))
def test_dates_survive_every_order_of_day_month_and_year(day: date) -> None:
    """Reading what was written in a format gives the same day."""
    for format in ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%B %d, %Y", "%Y%m%d"):
        year = f"{day.year:04d}"
        text = day.strftime(format.replace("%Y", year))
        assert evaluate("date", text, formats=(format,)) == day


@given(st.dates(date(1969, 1, 1), date(2068, 12, 31)))
def test_two_digit_years_are_1969_to_2068(day: date) -> None:
    """The pivot is the one of POSIX."""
    assert evaluate("date", day.strftime("%d-%m-%y"), formats=("%d-%m-%y",)) == day


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2024-02-30", "not_a_date"),
        ("12:30", "not_a_date"),
        ("45000", "excel_serial_date"),
        ("########", "spreadsheet_error"),
        ("0024-01-01", "unlikely_date"),
        ("2024-01-01x", "not_a_date"),
    ],
)
def test_date_refuses_what_is_no_day(text: str, code: str) -> None:
    """Each kind of wrong date has a code of its own."""
    assert evaluate("date", text) == code


def test_a_time_of_day_is_not_dropped_from_a_date() -> None:
    """A date transform takes midnight, and refuses any other time rather than losing it."""
    formats = ("%Y-%m-%d %H:%M",)
    assert evaluate("date", "2024-05-01 00:00", formats=formats) == date(2024, 5, 1)
    assert evaluate("date", "2024-05-01 10:11", formats=formats) == "date_with_time"
    stamped = evaluate("date", "2024-05-01T00:00:00+0000", formats=("%Y-%m-%dT%H:%M:%S%z",))
    assert stamped == date(2024, 5, 1)
    assert evaluate("date", "1714521600000", formats=("epoch_ms",)) == date(2024, 5, 1)


@given(st.datetimes(START, END).map(lambda m: m.replace(microsecond=0)))
def test_local_times_become_the_instant_that_the_zone_database_says(moment: datetime) -> None:
    """Ambiguous times are the first of the two; times in a gap are refused."""
    zone = ZoneInfo("Europe/Paris")
    local = moment.replace(tzinfo=zone, fold=0)
    exists = local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == moment
    text = moment.strftime("%Y-%m-%d %H:%M:%S")
    expected = local.astimezone(UTC) if exists else "nonexistent_time"
    assert evaluate("datetime", text, zone="Europe/Paris") == expected


@pytest.mark.parametrize(
    ("text", "format"),
    [
        ("2024-07-11T21:22:07.000+0000", "%Y-%m-%dT%H:%M:%S%.f%z"),
        ("2024-07-11T23:22:07+02:00", "%Y-%m-%dT%H:%M:%S%z"),
        ("2024-07-11T21:22:07.000Z", "%Y-%m-%dT%H:%M:%S%.fZ"),
        ("2024-07-11 21:22:07 UTC", "%Y-%m-%d %H:%M:%S UTC"),
        ("07/11/2024 09:22:07 PM", "%m/%d/%Y %I:%M:%S %p"),
        ("1720732927000", "epoch_ms"),
        ("1720732927", "epoch_s"),
    ],
)
def test_instants_in_their_different_spellings_are_the_same(text: str, format: str) -> None:
    """Offsets, Z, halves of the day and epochs all name one instant."""
    assert evaluate("datetime", text, formats=(format,)) == datetime(
        2024, 7, 11, 21, 22, 7, tzinfo=UTC
    )


def test_a_leap_second_is_refused_rather_than_moved() -> None:
    """Second 60 would silently become the next minute."""
    assert evaluate("datetime", "2024-07-11 21:22:60") == "not_a_datetime"


@given(st.text(max_size=20))
def test_normalise_leaves_nfc_text_of_plain_spaces_alone(text: str) -> None:
    """Normalising twice changes nothing more, and the result is NFC."""
    once = evaluate("normalise", text)
    assert isinstance(once, str)
    assert evaluate("normalise", once) == once
    assert unicodedata.is_normalized("NFC", once)


def test_a_batch_is_tidied_in_the_columns_that_need_it() -> None:
    """Plain columns come back as they are; the others lose odd and outer spaces, and blanks."""
    batch = pl.DataFrame(
        {
            "plain": ["a", None, "b c", "d"],
            "outer": [" a", "b\t\n", None, "  "],
            "odd": ["1\u00a0000\u200b", "e\u0301", "\u200b \u2028", "\u200b x\u00a0"],
            "none": pl.Series([None] * 4, dtype=pl.String),
        }
    )
    assert tidied(batch).to_dict(as_series=False) == {
        "plain": ["a", None, "b c", "d"],
        "outer": ["a", "b", None, None],
        "odd": ["1 000", "é", None, "x"],
        "none": [None] * 4,
    }


@given(st.lists(st.text("a é\u00a0\u0301\u200b\u2028\t,\ufb01", max_size=6), min_size=1))
def test_a_batch_is_tidied_as_each_text_is(texts: list[str]) -> None:
    """Looking for the odd texts of a column first changes nothing in what becomes of them."""
    expected = [evaluate("strip", evaluate("normalise", text)) or None for text in texts]
    assert tidied(pl.DataFrame({"text": texts}))["text"].to_list() == expected


def test_no_text_that_needs_normalising_is_overlooked() -> None:
    """Of every character, alone, after a letter and taken apart, the result is in NFC."""
    characters = [chr(code) for code in range(1, 0x110000) if not 0xD800 <= code < 0xE000]
    texts = [*(f"e{c}" for c in characters), *(unicodedata.normalize("NFD", c) for c in characters)]
    column = pl.Series("text", texts)
    done = tidied(column.to_frame())["text"]
    assert done.equals(done.str.normalize("NFC").str.strip_chars())
    assert not done.str.contains("[\u00a0\u00ad\u2000-\u200d\u202f\u205f\u2060\u3000\ufeff]").any()
    changed = done.filter(done != column)
    assert 1_000 < len(changed) < 20_000


@given(st.text("0123456789.,' -+€", max_size=12))
def test_a_number_that_proves_one_mark_is_never_read_with_the_other(text: str) -> None:
    """``0.500`` is no five hundred, even in a column with decimal commas."""
    proven = says(text)
    if proven in (".", ","):
        other = "," if proven == "." else "."
        assert isinstance(evaluate("money", text, decimal=other), str)


@pytest.mark.parametrize("format", ["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%y", "%y-%m-%d"])
@given(day=st.dates(date(1970, 1, 1), date(2060, 12, 31)))
def test_a_date_in_another_order_is_named_as_such(format: str, day: date) -> None:
    """It is read in the column's format alone: as another day if it must be, else turned down."""
    for other in ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%y", "%y-%m-%d"):
        text = day.strftime(other)
        read = evaluate("date", text, formats=(format,))
        assert not isinstance(read, str) or (
            read in ("wrong_date_order", "unlikely_date", "not_a_date")
        )
        if other == format:
            assert read == day


def test_years_of_two_and_of_four_digits_may_stand_in_one_column() -> None:
    """A format that makes the year 24 of 24 does not keep the right one from reading it."""
    formats = ("%d/%m/%Y", "%d/%m/%y")
    assert evaluate("date", "13/02/24", formats=formats) == date(2024, 2, 13)
    assert evaluate("date", "13/02/2024", formats=formats) == date(2024, 2, 13)


def test_missing_values_are_known_in_the_usual_letter_cases() -> None:
    """One text in a template covers its small, capital and initial spellings."""
    assert spellings(["n/a"]) == ["N/A", "N/a", "n/a"]


def test_html_keeps_words_and_drops_scripts() -> None:
    """Nothing that a reader would have seen is lost, and nothing else is kept."""
    page = "<div>A<br>B</div><script>x()</script><style>p{}</style><p>C&nbsp;&lt;D</p>"
    assert evaluate("html_to_text", page) == "A\nB\nC <D"
    assert evaluate("html_to_text", "<p></p>") is None
    assert evaluate("html_to_text", "</script>kept") == "kept"


@given(st.text(min_size=1), st.text(), st.text())
def test_stand_ins_are_stable_and_depend_on_the_salt(text: str, salt: str, other: str) -> None:
    """The same text gives the same stand-in, so that links survive; another salt gives another."""
    first = evaluate("hash", text, salt=salt)
    assert first == evaluate("hash", text, salt=salt)
    assert salt == other or first != evaluate("hash", text, salt=other)
    email = evaluate("anonymise", text, salt=salt, kind="email")
    assert isinstance(email, str)
    assert email.endswith("@example.com")


def test_anonymise_has_a_stand_in_for_each_kind() -> None:
    """Companies and texts are as recognisable as e-mails."""
    assert str(evaluate("anonymise", "Acme", salt="s", kind="company")).startswith("Company ")
    assert str(evaluate("anonymise", "Acme", salt="s")).startswith("Text ")


def test_boolean_words_can_be_given() -> None:
    """The words for true and false are the template's to choose."""
    assert evaluate("boolean", "JA", true=("ja",), false=("nein",)) is True
    assert evaluate("boolean", "nein", true=("ja",), false=("nein",)) is False
    assert evaluate("boolean", "#N/A") == "spreadsheet_error"


def test_split_of_separators_alone_is_blank() -> None:
    """A list of nothing is no list."""
    assert evaluate("split", "; ;") is None
    assert evaluate("split", "  ") is None
    assert evaluate("split", " a ") == ["a"]


@given(st.timedeltas(timedelta(0), timedelta(days=20000)))
def test_epoch_milliseconds_are_exact(since: timedelta) -> None:
    """Milliseconds since 1970 come back to the millisecond."""
    milliseconds = since // timedelta(milliseconds=1)
    expected = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    assert evaluate("datetime", str(milliseconds), formats=("epoch_ms",)) == expected


WORDS = {"open": "a", "closed won": "b", "gagné": "b", "straße": "c", "": "d", "ǆ": "e", "ς": "f"}


@given(
    st.lists(
        st.one_of(
            st.none(),
            st.text(max_size=4),
            st.sampled_from([*WORDS, "OPEN", "oPen", "GAGNÉ", "Closed Won", "STRASSE", "ǅ", "Σ"]),
        ),
        max_size=8,
    ),
    st.sampled_from([{}, {"open": "x"}, WORDS]),
)
def test_letter_case_is_left_aside_in_looking_up(
    texts: list[str | None], targets: dict[str, str]
) -> None:
    """What is looked up whatever its letter case is what its small letters are looked up as."""
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    folded = frame.select(found=lookup_folded(pl.col("text"), targets))
    assert folded.equals(frame.select(found=lookup(pl.col("text").str.to_lowercase(), targets)))


LONG = {text: f"<{text}>" for text in ["", "a", "A", "ab", "é", "É", "ß", "Ж", "ж", "b", " a"]}


@given(st.lists(st.one_of(st.none(), st.text(max_size=2), st.sampled_from([*LONG])), max_size=8))
def test_a_long_map_gives_each_text_its_own_target(texts: list[str | None]) -> None:
    """What is looked up among many is what a dictionary gives, letter for letter, else null."""
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    found = frame.select(lookup(pl.col("text"), LONG)).to_series()
    assert found.to_list() == [None if text is None else LONG.get(text) for text in texts]
    assert found.dtype == pl.String


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1899-12-31 23:59:59", False),
        ("1900-01-01 00:00:00", True),
        ("2099-12-31 23:59:59", True),
        ("2100-01-01 00:00:00", False),
    ],
)
def test_likely_years_end_with_their_last_second(text: str, *, read: bool) -> None:
    """The first and the last second of the years that can be meant are read, and none beyond."""
    value = transforms.evaluate("datetime", text, formats=("%Y-%m-%d %H:%M:%S",))
    assert (value != "unlikely_date") is read


@pytest.mark.parametrize(
    ("name", "format"),
    [("date", "%Y-%m-%d"), ("datetime", "%Y-%m-%d"), ("datetime", "%Y-%m-%d %H:%M:%S")],
)
def test_an_unlikely_year_costs_its_own_row_only(name: str, format: str) -> None:
    """Years from 1900 to 2099 are read, whatever else stands in the column."""
    days = [date(1899, 12, 31), date(1900, 1, 1), None, date(2099, 12, 31), date(2100, 1, 1)]
    texts = [day and day.strftime(format) for day in days]
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    value = transforms.TRANSFORMS[name].apply(pl.col("text"), formats=(format,)).value
    read = frame.select(value).to_series().cast(pl.Date)
    assert read.to_list() == [None, *days[1:4], None]
    kept = frame.slice(1, 3).select(value).to_series().cast(pl.Date)
    assert kept.to_list() == days[1:4]
