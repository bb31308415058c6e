"""How dates and numbers are written is decided over the whole column, or asked."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from migrator.prepare.date_order import Undecided, decide_dates, decide_times
from migrator.prepare.decimal_mark import UndecidedMark, decide_mark, says
from migrator.prepare.evidence import Seen


def seen(*texts: str) -> list[Seen]:
    """Texts as they occur in records 1, 2, 3, ..."""
    return [Seen(text, 1, record) for record, text in enumerate(texts, start=1)]


@pytest.mark.parametrize(
    ("texts", "format", "reason"),
    [
        (["13/02/2024", "01/02/2024"], "%d/%m/%Y", "day first, because record 1 has 13/02/2024"),
        (["01/02/2024", "2/13/2024"], "%m/%d/%Y", "month first, because record 2 has 2/13/2024"),
        (["1.2.2024", "31.1.2024"], "%d.%m.%Y", "day first, because record 2 has 31.1.2024"),
        (["2024-02-03"], "%Y-%m-%d", ""),
        (["2024/2/3"], "%Y/%m/%d", ""),
        (["20240203"], "%Y%m%d", ""),
        (["Oct 20, 2016"], "%B %d, %Y", ""),
        (["20 October 2016"], "%d %B %Y", ""),
        (["20-Oct-16"], "%d-%B-%y", ""),
        (["02/02/2024"], "%d/%m/%Y", ""),
        (["03/25/26"], "%m/%d/%y", "month first, because record 1 has 03/25/26"),
        (["99-12-31", "16-02-03"], "%y-%m-%d", "year first, because record 1 has 99-12-31"),
    ],
)
def test_one_value_can_decide_the_column(texts: list[str], format: str, reason: str) -> None:
    """The evidence is a value that has only one reading, and it is named with its record."""
    decision = decide_dates(seen(*texts))
    assert decision.formats == (format,)
    assert decision.reason == reason


def test_texts_that_are_no_dates_play_no_part() -> None:
    """Garbage is rejected row by row later; it neither decides nor confuses."""
    decision = decide_dates(seen("soon", "13/02/2024", "99/99/2024", "Foo 1, 2024", "1/2/345"))
    assert decision.formats == ("%d/%m/%Y",)
    assert decide_dates(seen("soon")).formats == ()


def test_both_readings_possible_is_a_question() -> None:
    """Nobody guesses: 03/04 is March or April."""
    with pytest.raises(Undecided, match="all 2 dates such as 03/04/2024, 05/06/2024") as caught:
        decide_dates(seen("03/04/2024", "05/06/2024"))
    assert caught.value.formats == ("%d/%m/%Y", "%m/%d/%Y")


def test_evidence_on_both_sides_is_a_question_with_counts() -> None:
    """A column of two kinds is told as such, with an example of each."""
    with pytest.raises(Undecided) as caught:
        decide_dates(seen("13/02/2024", "02/14/2024", "14/02/2024", "01/01/2024"))
    assert "2 are day first (record 1: 13/02/2024)" in str(caught.value)
    assert "1 are month first (record 2: 02/14/2024)" in str(caught.value)


def test_two_digit_years_are_told_by_how_many_values_a_place_takes() -> None:
    """20-10-16: over a column, days take many values and years few."""
    days = [f"{day:02d}-10-16" for day in range(1, 31)] + ["05-11-17"]
    assert decide_dates(seen(*days)).formats == ("%d-%m-%y",)
    years = [f"16-10-{day:02d}" for day in range(1, 31)] + ["17-11-05"]
    decision = decide_dates(seen(*years))
    assert decision.formats == ("%y-%m-%d",)
    assert "the last number takes 30 values and the first only 2" in decision.reason
    with pytest.raises(Undecided):
        decide_dates(seen("20-10-16", "21-10-17"))
    with pytest.raises(Undecided):
        decide_dates(seen("02-03-04"))


@given(
    st.lists(st.dates(date(1970, 1, 1), date(2060, 12, 31)), min_size=1, max_size=40),
    st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%Y-%m-%d", "%d.%m.%y", "%m-%d-%y", "%d %B %Y"]),
)
def test_a_column_written_in_one_format_is_read_in_it_or_asked_about(
    days: list[date], format: str
) -> None:
    """Whatever the dates, the decision is never another day than the one that was written."""
    texts = [day.strftime(format) for day in days]
    try:
        decision = decide_dates(seen(*texts))
    except Undecided:
        return
    from datetime import datetime  # noqa: PLC0415

    for day, text in zip(days, texts, strict=True):
        readings = set()
        for candidate in decision.formats:
            try:
                readings.add(datetime.strptime(text, candidate).date())  # noqa: DTZ007
            except ValueError:
                continue
        assume("%y" not in format or day.year in range(1969, 2069))
        assert readings == {day} or not _told_by_range(texts)


def _told_by_range(texts: list[str]) -> bool:
    """Whether the order was proved by a value, not by how many values a place takes."""
    return not all(len(text) == 8 and not text.isalpha() for text in texts)


@pytest.mark.parametrize(
    ("tails", "formats", "midnight"),
    [
        ([""], ("",), True),
        ([], (), True),
        ([" 99:99"], (" %H:%M",), False),
        (["T99:99:99.999Z"], ("T%H:%M:%S%.fZ",), False),
        (["T99:99:99+0000"], ("T%H:%M:%S%z",), False),
        (["T99:99:99-99:99"], ("T%H:%M:%S%z",), False),
        ([" 99:99:99 UTC"], (" %H:%M:%S UTC",), False),
        ([" 99:99 PM"], (" %I:%M %p",), False),
        ([", 9:99am"], (", %I:%M%p",), False),
        (["", " 00:00:00"], ("", " %H:%M:%S"), True),
        (["T00:00:00Z"], ("T%H:%M:%SZ",), False),
        ([" nonsense"], (), True),
    ],
)
def test_times_of_day_have_a_format_each(
    tails: list[str],
    formats: tuple[str, ...],
    midnight: bool,
) -> None:
    """What follows the date is read literally; midnight without a zone is no time at all."""
    times = decide_times(tails)
    assert times.formats == formats
    assert times.midnight is midnight


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("1.234,50", ","),
        ("1,234.50", "."),
        ("12.5", "."),
        ("12,5", ","),
        ("1.234", "?"),
        ("1,234", "?"),
        ("0.500", "."),
        ("1234,500", ","),
        ("1.234.567", ","),
        ("1,234,567", "."),
        ("1,23,45,678", "."),
        ("1'234.50", "."),
        ("€ 5,00", ","),
        ("5,00 €", ","),
        ("1234", None),
        ("n/a", None),
        ("1.2.3", None),
        ("13.02.2024", None),
        ("1,2,3.4.5", None),
    ],
)
def test_what_a_number_says_about_its_mark(text: str, mark: str | None) -> None:
    """A number proves a mark, leaves it open, or says nothing."""
    assert says(text) == mark


def test_marks_are_decided_over_the_column() -> None:
    """One number that can be read in one way only decides for all."""
    assert decide_mark(seen("1.234", "5,5")).mark == ","
    assert decide_mark(seen("1.234", "5,5")).reason == "because record 2 has 5,5"
    assert decide_mark(seen("1234")).mark == "."
    with pytest.raises(UndecidedMark, match=r"all 2 numbers with a mark, such as 1\.234, 5\.678"):
        decide_mark(seen("1.234", "5.678", "7"))
    with pytest.raises(UndecidedMark, match=r'1 prove "\." \(record 1: 1\.5\)'):
        decide_mark(seen("1.5", "1,5"))


@given(st.integers(1, 40), st.integers(1, 4_000), st.sampled_from([",", "."]))
def test_slips_are_decided_against_at_a_hundred_to_one(few: int, many: int, mark: str) -> None:
    """The proofs are counted, not the spellings; below that, the question stays."""
    texts = {",": "5,5", ".": "5.5"}
    other = "." if mark == "," else ","
    column = [Seen(texts[other], few, 1), Seen(texts[mark], many, 7)]
    if many >= 100 * few:
        decided = decide_mark(column)
        assert decided.mark == mark
        assert f'{few} value{"s that prove" if few > 1 else " that proves"} "{other}"' in (
            decided.reason
        )
    elif few < 100 * many:
        with pytest.raises(UndecidedMark, match="contradict each other"):
            decide_mark(column)


def test_a_slip_needs_proofs_against_each_other_order() -> None:
    """Dates that could also be year first prove nothing against a date that is year first."""
    both = Seen("13-02-24", 1_000, 1)
    with pytest.raises(Undecided):
        decide_dates([both, Seen("31-01-45", 99, 3), Seen("45-10-16", 1, 2)])
    decided = decide_dates([both, Seen("31-01-45", 100, 3), Seen("45-10-16", 1, 2)])
    assert decided.formats == ("%d-%m-%y",)
    assert decided.proven
    assert decided.reason.endswith("1 value that is no such date is rejected (record 2: 45-10-16)")


@pytest.mark.parametrize(
    ("texts", "proven"),
    [
        (["2024-02-13"], True),
        (["13/02/2024", "01/02/2024"], True),
        (["02/02/2024"], False),
        ([f"{day:02d}-10-16" for day in range(1, 31)], False),
        ([], True),
    ],
)
def test_only_a_date_with_one_reading_proves(texts: list[str], *, proven: bool) -> None:
    """What rests on all dates seen so far may be overturned by the next one."""
    assert decide_dates(seen(*texts)).proven is proven


@given(
    st.lists(st.decimals(-(10**9), 10**9, places=2), min_size=1),
    st.sampled_from(",."),
)
def test_a_column_of_amounts_proves_its_own_mark(numbers: list[object], mark: str) -> None:
    """Amounts with cents, however grouped, never lead to the other mark."""
    texts = [f"{number:,.2f}" for number in numbers]
    if mark == ",":
        texts = [text.translate(str.maketrans(",.", ".,")) for text in texts]
    assert decide_mark(seen(*texts)).mark == mark
