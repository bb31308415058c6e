"""What a guess does not know it asks: keys, names, amounts, statuses, files of something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migrator.guess.draft import Target, draft
from migrator.guess.matching import Match, match_columns, meant
from migrator.guess.writing import as_yaml
from tests.guesses import ROWS, columns, cycle, drafted, field, of, seen, source, targets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def test_columns_that_are_unique_together_are_the_key(tmp_path: Path) -> None:
    """Where no column has ids, as few columns as it takes; their values differ in each record."""
    made = of(
        tmp_path,
        without="id",
        deal_name=cycle(*(f"Deal number {n}" for n in range(20))),
        company=cycle(*(f"Company number {n}" for n in range(30))),
    )
    assert made.key == {"parts": [{"from": ["deal name"]}, {"from": ["company"]}]}
    assert "no column has ids" in made.key_notes[0]


def test_without_a_key_nothing_is_made_one(tmp_path: Path) -> None:
    """Records that nothing tells apart have no key; why, and the ways out, are said."""
    made = of(tmp_path, without="id", deal_name=cycle("One deal", "Two deals"), amount=cycle("5"))
    assert made.matching.match("key") is None
    assert made.key == {"from": ["id"]}
    assert "no column names a record" in made.key_question
    assert "different in 3.3 % of the records" in made.key_question
    assert made.key_question in made.questions
    assert "# QUESTION: no column names a record" in as_yaml(made, "t", ["deals.csv"], None)
    assert made.absent == ("key", "close_date", "owner")


def test_what_changes_with_a_deal_becomes_no_key(tmp_path: Path) -> None:
    """Name and amount differ in every record: that is offered, and not taken."""
    made = of(tmp_path, without="id", deal_name=cycle("One deal", "Two deals"))
    assert made.matching.match("key") is None
    assert made.keys[0] == ("deal name", "amount")
    assert 'key: {parts: [{from: ["deal name"]}, {from: ["amount"]}]}' in made.key_question
    assert "different in 100 % of the records" in made.key_question


@pytest.mark.parametrize("amount", ["whole", "places", "money"])
def test_amounts_dates_and_stages_are_neither_key_nor_name(amount: str, tmp_path: Path) -> None:
    """Where a file has nothing else, it has no key and no name, and says so."""
    shapes = {"whole": "{}", "places": "{}.50", "money": "€ {}.50"}
    columns = {
        "Amount": [shapes[amount].format(1000 + n) for n in range(ROWS)],
        "Close Date": [f"2027-{n // 28 + 1:02}-{n % 28 + 1:02}" for n in range(ROWS)],
        "Stage": cycle("Demo", "Proposal", "Won"),
    }
    made = drafted(tmp_path / "seen", source(tmp_path, columns), layouts=False)
    assert made.matching.match("key") is None
    assert made.matching.match("name") is None
    assert made.keys == ()
    assert made.foreign == ""
    assert made.absent == ("key", "name", "owner")
    assert "Export the id too" in made.key_question


def test_a_blank_file_has_no_key(tmp_path: Path) -> None:
    """Nothing is made of nothing."""
    blank = source(tmp_path, {"x": ["", "", ""], "stage": ["a", "b", "a"]})
    nothing = drafted(tmp_path / "blank", blank, layouts=False)
    assert nothing.key == {"from": ["id"]}
    assert nothing.absent == ("key", "name", "amount", "close_date", "owner")


@pytest.mark.parametrize("header", ["id", "Vorgang", "Nr", "Deal No.", "Vorgangs-Nr."])
@pytest.mark.parametrize("rows", [1, 2, ROWS])
def test_a_header_of_an_id_is_the_key(header: str, rows: int, tmp_path: Path) -> None:
    """However few records there are."""
    columns = {
        header: [f"V-{n:04}" for n in range(rows)],
        "Titel": [f"Deal number {n}" for n in range(rows)],
        "Phase": ["Demo"] * rows,
        "Betrag": [f"{n},50" for n in range(rows)],
    }
    made = drafted(tmp_path / "seen", source(tmp_path, columns), layouts=False)
    assert made.matching.columns("key") == (header,)
    assert made.key_question == ""
    assert made.matching.columns("name") == ("Titel",)


def test_a_layout_that_is_there_in_part_keeps_no_id_from_being_the_key(tmp_path: Path) -> None:
    """The shipped template calls it otherwise; its header says what it is."""
    columns = {
        "Nr": [f"{n}" for n in range(ROWS)],
        "Deal - Title": [f"Deal number {n}" for n in range(ROWS)],
        "Deal - Value": [f"{n}.50" for n in range(ROWS)],
        "Deal - Stage": cycle("Demo", "Proposal"),
        "Deal - Owner": cycle("Ann Bell", "Bob Cole"),
        "Deal - Status": cycle("open", "won"),
        "Deal - Pipeline": cycle("Sales"),
        "Deal - Expected close date": cycle("2027-02-01", "2027-03-01"),
        "Deal - Deal created": cycle("2026-02-01 10:00:00"),
        "Deal - Organization": cycle("Acme", "Bolt"),
    }
    made = drafted(tmp_path / "seen", source(tmp_path, columns))
    assert made.matching.layout
    assert made.matching.columns("key") == ("Nr",)


def test_an_id_that_repeats_is_asked_about(tmp_path: Path) -> None:
    """It may stand for a deal on several lines: it is the key, and somebody confirms it."""
    made = of(tmp_path, id=[f"K{n // 2}" if n < 30 else f"K{n}" for n in range(ROWS)])
    assert made.matching.columns("key") == ("id",)
    assert "only 75 % are different" in made.key_question
    many = of(tmp_path / "many", id=cycle("1", "2", "3"))
    assert many.matching.columns("key") != ("id",)


@pytest.mark.parametrize("values", [[f"PRJ-{n:03}" for n in range(ROWS)], list(range(5000, 5060))])
def test_codes_under_the_header_of_a_name_are_the_name(
    values: Sequence[object], tmp_path: Path
) -> None:
    """Deals may be called by codes; the id is not taken instead."""
    made = of(tmp_path, deal_name=values)
    assert made.matching.columns("name") == ("deal name",)
    assert made.matching.columns("key") == ("id",)


def test_a_name_that_is_the_same_everywhere_is_asked_about(tmp_path: Path) -> None:
    """Its header says so and its values do not."""
    made = of(tmp_path, deal_name=["Import"] * ROWS)
    match = made.matching.match("name")
    assert match is not None
    assert not match.sure
    (question,) = field(made, "name").questions
    assert "is deal name the name of a deal? It is a guess (60%: " in question
    assert "the same in all 60 records" in question


def test_every_guess_that_is_not_sure_is_a_question(tmp_path: Path) -> None:
    """What is in use and scores low stands among the questions, whatever it is."""
    columns = {
        "a": [f"K{n:04}" for n in range(ROWS)],
        "b": [f"Deal about number {n}" for n in range(ROWS)],
        "c": [f"{n * 100}.50" for n in range(ROWS)],
        "d": [f"2027-02-{n % 28 + 1:02}" for n in range(ROWS)],
        "e": cycle("Proposal", "Negotiation", "Closed Won"),
    }
    made = drafted(tmp_path / "seen", source(tmp_path, columns), layouts=False)
    unsure = [m for m in made.matching.matches if not m.sure and m.columns and not m.doubt]
    assert {match.field for match in unsure} >= {"key", "name", "amount", "close_date", "stage"}
    for match in unsure:
        asked = f"is {' + '.join(match.columns)} {meant(match.field)}?"
        assert any(question.startswith(asked) for question in made.questions)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Netto", "Brutto"),
        ("Montant HT", "Montant TTC"),
        ("Umsatz", "Umsatz erwartet"),
        ("Amount", "Expected revenue"),
        ("Net amount", "Gross amount"),
    ],
)
def test_two_amounts_are_a_question_with_both_sums(one: str, other: str, tmp_path: Path) -> None:
    """Whichever is taken; the sums are per currency. Nobody is asked twice."""
    values = {one: ["1.50"] * ROWS, other: ["2.25"] * ROWS, "currency": cycle("EUR", "usd")}
    file = source(tmp_path, {**columns(), **values})
    file.write_text(file.read_text(encoding="utf-8").replace('"amount"', '"x"'), encoding="utf-8")
    matching = match_columns(seen(tmp_path / "seen", file), layouts=False)
    made = draft(matching, Target())
    assert set(made.rivals) == {one, other}
    assert made.rivals[one] == "45 EUR; 45 USD"
    assert made.rivals[other] == "67.5 EUR; 67.5 USD"
    (question,) = field(made, "amount").questions
    assert one in question
    assert other in question
    assert "could be the deal's amount as well" in question
    told = matching.with_match(Match("amount", (other,), 1.0, ("told",), told=True))
    assert draft(told, Target()).rivals == {}


def test_a_layout_that_is_known_says_what_is_derived_of_the_amount(tmp_path: Path) -> None:
    """Its forecast is no question; a column that it does not know is one."""
    made = {**columns(), "name": columns()["deal name"], "close_date": cycle("2027-02-01")}
    made = {**made, "owner_name": cycle("Ann Bell"), "created_date": cycle("2026-02-01")}
    forecast = {"expected_revenue": [f"{n}.25" for n in range(ROWS)]}
    gross = {"gross_amount": [f"{n}.75" for n in range(ROWS)]}
    known = drafted(tmp_path / "known", source(tmp_path, {**made, **forecast}))
    assert known.matching.layout
    assert known.rivals == {}
    asked = drafted(tmp_path / "asked", source(tmp_path, {**made, **forecast, **gross}))
    assert asked.matching.layout
    assert list(asked.rivals) == ["amount", "gross_amount"]


def test_one_amount_among_other_numbers_is_none(tmp_path: Path) -> None:
    """Counts, chances and ids are not money."""
    made = of(
        tmp_path,
        employees=[str(n * 7) for n in range(ROWS)],
        probability=cycle("10", "20"),
        total_activities=cycle("3", "4"),
    )
    assert made.rivals == {}
    assert field(made, "amount").questions == ()


FOREIGN: dict[str, dict[str, Sequence[object]]] = {
    "companies": {
        "ID": [f"001x{n:011}" for n in range(ROWS)],
        "NAME": [f"Company number {n}" for n in range(ROWS)],
        "NUMBEROFEMPLOYEES": [str(n * 171) for n in range(ROWS)],
        "AnnualRevenue": [str(n * 171_000) for n in range(ROWS)],
        "CREATEDDATE": [f"2024-02-{n % 28 + 1:02}" for n in range(ROWS)],
    },
    "companies of two columns": {
        "account": [f"Company number {n}" for n in range(ROWS)],
        "sector": cycle("retail", "medical"),
        "revenue": [f"{n * 17}.04" for n in range(ROWS)],
        "employees": [str(n * 171) for n in range(ROWS)],
    },
    "people": {
        "Id": [f"00Q{n:012}" for n in range(ROWS)],
        "First Name": cycle("Ann", "Bob"),
        "Last Name": cycle("Bell", "Cole", "Dunn"),
        "Email": [f"p{n}@example.com" for n in range(ROWS)],
        "State": [""] * ROWS,
    },
    "products": {"product": [f"Pump {n}" for n in range(ROWS)], "sales_price": range(ROWS)},
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_file_of_something_else_is_said_to_be_none_of_deals(kind: str, tmp_path: Path) -> None:
    """Neither stages nor closing dates: that is said first, with the way out."""
    made = drafted(tmp_path / "seen", source(tmp_path, FOREIGN[kind]), layouts=False)
    assert "looks like no file of deals" in made.questions[0]
    assert made.matching.match("amount") is None
    text = as_yaml(made, "t", ["accounts.csv"], None)
    assert "# QUESTION: this looks like no file of deals" in text


@pytest.mark.parametrize(
    "kept", [("stage",), ("amount",), ("Status",), ("Won?",), ("close date",), ("probability",)]
)
def test_a_short_file_of_deals_is_one(kept: tuple[str, ...], tmp_path: Path) -> None:
    """One column that only deals have is enough, or money."""
    values = {
        "stage": cycle("Demo", "Proposal"),
        "amount": [f"{n}.50" for n in range(ROWS)],
        "Status": cycle("open", "won"),
        "Won?": [f"€ {n}" for n in range(ROWS)],
        "close date": cycle("2027-02-01", "2027-03-01"),
        "probability": cycle("10", "20"),
    }
    columns = {"id": range(ROWS), "name": [f"Deal number {n}" for n in range(ROWS)]}
    file = source(tmp_path, {**columns, **{name: values[name] for name in kept}})
    assert drafted(tmp_path / "seen", file, layouts=False).foreign == ""


@pytest.mark.parametrize(("value", "target"), [("Won", "won"), ("offen", "open"), ("Pending", "")])
def test_a_status_that_all_records_have_counts(value: str, target: str, tmp_path: Path) -> None:
    """An export of won deals says so once in each line."""
    made = of(tmp_path, Status=[value] * ROWS)
    assert targets(made.sheets["status"]) == {value: target}
    assert made.matching.columns("status") == ("Status",)


@pytest.mark.parametrize("word", ["Pending", "On hold", "Geschlossen", "en attente", "Xyz"])
def test_a_status_that_is_neither_is_left_to_somebody(word: str, tmp_path: Path) -> None:
    """It is not taken for open, and stands among the values without a target."""
    made = of(tmp_path, status=cycle("Open", "Won", word, "Lost"))
    assert targets(made.sheets["status"]) == {
        "Open": "open",
        "Won": "won",
        word: "",
        "Lost": "lost",
    }
    waiting = of(tmp_path / "most", status=cycle("Pending", "Pending", "Won"))
    assert targets(waiting.sheets["status"]) == {"Pending": "", "Won": "won"}
