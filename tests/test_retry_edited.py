"""What people and spreadsheets do to a rejects file: understood where it is sure, else named."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from migrator.cli.main import main
from migrator.errors import InputError, SourceError
from migrator.files import ReadOptions
from migrator.runs.checking import check_files
from migrator.runs.inputs import Request
from migrator.runs.retry.spoilt import spoilt
from migrator.sandbox import SandboxServer
from migrator.vendors.hubspot.sandbox import HubSpotSandbox
from tests.mending import Mender, Row
from tests.support import TEMPLATE, deals

if TYPE_CHECKING:
    from migrator.report import Report

STAGE = "Qualified To Buy"
WRONG = {3, 5, 8}


@pytest.fixture
def mender(tmp_path: Path) -> Mender:
    """A sandbox, an empty workspace and a spreadsheet."""
    return Mender(tmp_path)


@pytest.fixture
def report(mender: Mender) -> Report:
    """Ten deals, three of which were turned down."""
    text = deals(10, stage=lambda n: "Nowhere" if n in WRONG else STAGE)
    return mender.load(mender.template(), mender.source(text))


def mended(mender: Mender, report: Report) -> list[Row]:
    """The rejects, each with a good stage."""
    return [row | {"stage": STAGE} for row in mender.rejects(report)]


def as_csv(rows: list[Row], **dialect: Any) -> str:
    """Rows as CSV text."""
    out = io.StringIO(newline="")
    csv.writer(out, **dialect).writerows([list(rows[0]), *(list(row.values()) for row in rows)])
    return out.getvalue()


def _semicolons(rows: list[Row]) -> bytes:
    return as_csv(rows, delimiter=";").encode("cp1252")


def _tabs_in_utf16(rows: list[Row]) -> bytes:
    return as_csv(rows, delimiter="\t").encode("utf-16")


def _with_bom_and_sep(rows: list[Row]) -> bytes:
    return ("\ufeffsep=,\r\n" + as_csv(rows)).encode()


def _trailing_delimiters(rows: list[Row]) -> bytes:
    lines = as_csv(rows, delimiter=";").splitlines()
    return "\r\n".join(line + ";;" for line in [*lines, ";" * 11, ";" * 11]).encode() + b"\r\n"


def _columns_in_another_order(rows: list[Row]) -> bytes:
    return as_csv([dict(reversed(row.items())) for row in rows]).encode()


def _our_other_columns_deleted(rows: list[Row]) -> bytes:
    ours = {"_line", "_field", "_code", "_error", "_value"}
    return as_csv([{k: v for k, v in row.items() if k not in ours} for row in rows]).encode()


def _rows_in_another_order(rows: list[Row]) -> bytes:
    return as_csv(rows[::-1]).encode()


def _numbers_as_decimals(rows: list[Row]) -> bytes:
    return as_csv([row | {"_record": row["_record"] + ".0"} for row in rows]).encode()


SAVED = [
    _semicolons, _tabs_in_utf16, _with_bom_and_sep, _trailing_delimiters,
    _columns_in_another_order, _our_other_columns_deleted, _rows_in_another_order,
    _numbers_as_decimals,
]  # fmt: skip


@pytest.mark.parametrize("saved", SAVED, ids=lambda saved: saved.__name__.strip("_"))
def test_however_a_spreadsheet_saves_it(mender: Mender, report: Report, saved: Any) -> None:
    """Delimiter, encoding, line ends, order and leftovers make no difference."""
    path = mender.folder / "from a [spreadsheet].csv"
    path.write_bytes(saved(mended(mender, report)))
    retried = mender.retry(str(path))
    assert (retried.rows["created"], retried.turned_down) == (10, 0)
    assert mender.rejects(retried) == []
    assert any("3 rows to retry; edited: stage in 3." in line for line in mender.said)


def test_a_workbook_saved_from_it(mender: Mender, report: Report) -> None:
    """An XLSX file of the rejects is as good as the CSV."""
    path = mender.folder / "mended.xlsx"
    rows = pl.DataFrame(mended(mender, report)).with_columns(pl.col("_record", "_line").cast(int))
    rows.write_excel(path)
    assert mender.retry(str(path)).rows["created"] == 10


def test_formulas_come_back_as_the_text_they_were(mender: Mender) -> None:
    """Apostrophes that keep a spreadsheet from calculating are taken off again."""
    text = deals(4, stage=lambda n: "Nowhere" if n == 2 else STAGE, title=lambda n: f"=1+{n}")
    report = mender.load(mender.template(), mender.source(text))
    (row,) = mender.rejects(report)
    assert row["title"] == "'=1+2"
    mender.retry(mender.save([row | {"stage": STAGE}]))
    assert mender.deals()["k2"]["dealname"] == "=1+2"


def test_cells_beyond_the_header_stay_a_problem_until_they_are_moved(mender: Mender) -> None:
    """A row with a cell too many is turned down again until ``_surplus`` is empty."""
    text = deals(3).replace("k2,Deal 2,", "k2,Deal, 2,")
    report = mender.load(mender.template(), mender.source(text))
    (row,) = mender.rejects(report)
    again = mender.retry(mender.save([row]))
    assert again.codes == {"too_many_cells": 1}
    (row,) = mender.rejects(again)
    whole = row | {"title": "Deal, 2", "stage": STAGE, "amount": "2.50", "_surplus": ""}
    assert mender.retry(mender.save([whole])).rows["created"] == 3


def test_a_line_cut_short_stays_a_problem_until_it_is_mended(mender: Mender) -> None:
    """Its missing cells come back blank; the others may stand in the wrong places."""
    text = deals(3).replace("k2,Deal 2,Qualified To Buy,2.50", "k2,Deal 2")
    report = mender.load(mender.template(), mender.source(text))
    (row,) = mender.rejects(report)
    again = mender.retry(mender.save([row]))
    assert again.codes == {"too_few_cells": 1}
    (row,) = mender.rejects(again)
    whole = row | {"stage": STAGE, "amount": "2.50"}
    assert mender.retry(mender.save([whole])).rows["created"] == 3


def _edit(rows: list[Row], at: int, **cells: str) -> list[Row]:
    return [row | (cells if number == at else {}) for number, row in enumerate(rows)]


TAMPERED = [
    (lambda rows: _edit(rows, 1, _record="3"), r"2 rows \(line 2, 3\) have a number in _record t"),
    (lambda rows: _edit(rows, 1, _record=""), r"1 row \(line 3\) have no number in _record"),
    (lambda rows: _edit(rows, 1, _record="5x"), "have no number in _record"),
    (lambda rows: _edit(rows, 1, _record="6"), r"\(line 3\) .* run \S+ did not turn down"),
    (lambda rows: _edit(rows, 1, _record="99"), "did not turn down"),
    (lambda rows: _edit(rows, 1, _line="7"), "_record and a _line that do not belong together"),
    (lambda rows: _edit(rows, 1, _run="2020-01-01-0000-aaaa"), "has rows of 2 runs"),
    (lambda rows: [row | {"_run": "2020-01-01-0000-aaaa"} for row in rows], "no run"),
    (lambda rows: [row | {"_run": ""} for row in rows], "Name the run with --run"),
    (
        lambda rows: [row | {"id": rows[at - 1]["id"]} for at, row in enumerate(rows)],
        "carry the key of another row",
    ),
    (
        lambda rows: [{("Stufe" if k == "stage" else k): v for k, v in r.items()} for r in rows],
        'it lacks "stage" and has "Stufe" besides',
    ),
    (lambda rows: [{"notes": "x", **row} for row in rows], 'has "notes" besides'),
    (
        lambda rows: [{k: v for k, v in row.items() if k != "amount"} for row in rows],
        'it lacks "amount"',
    ),
    (
        lambda rows: [{k: v for k, v in row.items() if k[0] != "_"} for row in rows],
        "is no rejects file of a run",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "said"), TAMPERED, ids=[said[:40] for _, said in TAMPERED])
def test_what_nobody_can_have_meant_stops_the_retry(
    mender: Mender, report: Report, edit: Any, said: str
) -> None:
    """Numbers filled down, keys sorted apart, columns gone: named, and nothing is written."""
    path = mender.save(edit(mended(mender, report)))
    with pytest.raises(InputError, match=said):
        mender.retry(path)
    assert len(mender.deals()) == 7
    assert mender.books(report.run).rows == report.rows


def test_the_run_may_be_named_by_hand(mender: Mender, report: Report) -> None:
    """--run stands in for a column _run that is missing, and goes before it."""
    rows = [{k: v for k, v in row.items() if k != "_run"} for row in mended(mender, report)]
    path = mender.save(rows)
    with pytest.raises(InputError, match="--run"):
        mender.retry(path)
    other = mender.load(mender.template(), mender.source(deals(2), "other.csv"))
    with pytest.raises(InputError, match="did not turn down"):
        mender.retry(path, run=other.run)
    assert mender.retry(path, run=report.run).rows["created"] == 10


def test_files_that_are_no_rejects_of_a_run(mender: Mender, report: Report) -> None:
    """A missing or empty file, a source, the rejects of a check: each says what to do."""
    with pytest.raises(SourceError, match=r"nowhere\.csv: it cannot be read"):
        mender.retry(str(mender.folder / "nowhere.csv"))
    (mender.folder / "empty.csv").write_text("")
    with pytest.raises(SourceError, match=r"empty\.csv: the file is empty"):
        mender.retry(str(mender.folder / "empty.csv"))
    with pytest.raises(InputError, match="no rejects file of a run"):
        mender.retry(str(mender.folder / "deals.csv"))
    space = mender.workspace()
    bad = mender.source(deals(3, title=lambda _: ""), "bad.csv")
    checked = check_files(space, Request(mender.template(), (bad,)))
    space.close()
    with pytest.raises(InputError, match="rejects of `migrator check` belong to none"):
        mender.retry(str(checked.rejects))
    assert report.run == mender.run(report.run).id


def test_a_run_that_loaded_nothing_has_no_rows(mender: Mender, report: Report) -> None:
    """Naming a run of another kind is an error that says so."""
    space = mender.workspace()
    other = replace(space.journal.run(report.run), id="2030-01-01-0000-undo", settings={})
    space.journal.add_run(other)
    space.close()
    with pytest.raises(InputError, match="Run 2030-01-01-0000-undo loaded no file"):
        mender.retry(report.files["rejects"], run=other.id)


def test_the_folder_of_the_run_is_needed(mender: Mender, report: Report) -> None:
    """Without what the run kept there is nothing to hold the file against."""
    path = mender.save(mended(mender, report))
    (mender.folder / ".migrator" / "runs" / report.run / "rejects.parquet").unlink()
    with pytest.raises(InputError, match="was deleted or emptied"):
        mender.retry(path)


def test_reading_can_be_told(mender: Mender, report: Report) -> None:
    """Options say how the edited file is written; those of the template are about the source."""
    path = mender.folder / "x.csv"
    path.write_bytes(as_csv(mended(mender, report), delimiter=":").encode("utf-16-le"))
    retried = mender.retry(str(path), options=ReadOptions(delimiter=":", encoding="utf-16-le"))
    assert retried.rows["created"] == 10


LONG = 1234567890120000


def test_keys_that_a_spreadsheet_shortened_are_turned_down(mender: Mender) -> None:
    """A long id shown as 1.23457E+15, or cut to 15 digits, makes no record of another name."""
    template = mender.template(
        TEMPLATE.replace("key: {from: id}", "duplicates: first\nkey: {from: id}")
    )
    text = deals(3, id=lambda n: LONG + n, stage=lambda _: "Nowhere")
    report = mender.load(template, mender.source(text))
    rows = mended(mender, report)
    rows[0]["id"] = "1.23457E+15"
    rows[1]["id"] = str(LONG)
    retried = mender.retry(mender.save(rows))
    assert (retried.rows["created"], retried.codes) == (1, {"changed_by_spreadsheet": 2})
    assert list(mender.deals()) == [str(LONG + 3)]
    told = [row["_error"] for row in mender.rejects(retried)]
    assert f'"{LONG + 1}"' in told[0]
    assert "show long numbers so" in told[0]
    assert "keep 15 digits" in told[1]
    back = mender.edited(retried, lambda row: row | {"id": str(LONG + int(row["_record"]))})
    assert mender.retry(back).rows["created"] == 3


@pytest.mark.parametrize(
    ("was", "now", "encoding", "key", "spoils"),
    [
        ("007", "7", "utf-8", True, True), ("007", "7", "utf-8", False, False),
        ("000", "0", "utf-8", True, True), ("17", "7", "utf-8", True, False),
        ("12345678901234567", "12345678901234600", "utf-8", False, False),
        ("12345678901234567", "12345678901234500", "utf-8", False, True),
        ("4412345678901", "4,41235E+12", "utf-8", False, True),
        ("1E5", "1E+05", "utf-8", False, False), ("abc", "abd", "cp1252", True, False),
        ("Łuk 東", "?uk ?", "cp1252", False, True), ("Łuk 東", "?uk ?", "utf-8", False, False),
    ],
)  # fmt: skip
def test_what_only_a_spreadsheet_does(
    was: str, now: str, encoding: str, key: bool, spoils: bool
) -> None:
    """Changes that lose something are told apart from those that a person may have meant."""
    assert (spoilt(was, now, encoding, names_record=key) is not None) is spoils


def test_characters_that_the_edited_file_cannot_hold(mender: Mender) -> None:
    """A name that was saved as ?uk is turned down, not written."""
    named = {"title": lambda _: "Łuk", "stage": lambda n: "Nowhere" if n == 2 else STAGE}
    text = deals(2, note=lambda _: "", **named)
    report = mender.load(mender.template(), mender.source(text))
    (row,) = mender.rejects(report)
    path = mender.folder / "ansi.csv"
    ansi = as_csv([row | {"stage": STAGE, "note": "2 \u20ac"}], delimiter=";")
    path.write_bytes(ansi.encode("cp1252", "replace"))
    retried = mender.retry(str(path))
    assert retried.codes == {"changed_by_spreadsheet": 1}
    assert '"Łuk"' in retried.examples["changed_by_spreadsheet"]


def _shell(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    out, err = capsys.readouterr()
    return (ended.value.code if isinstance(ended.value.code, int) else 0), out, err


def test_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Load, mend in a spreadsheet, look, retry, mend again: as a person does it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "template.yaml").write_text(TEMPLATE.replace("PARK_CONTACTS", "park"))
    text = deals(30, title=lambda n: "" if n in (3, 4) else f"Müller {n}")
    (tmp_path / "deals.csv").write_text(text, encoding="utf-8")
    sandbox = HubSpotSandbox(token="secret")
    with SandboxServer(sandbox) as server:
        monkeypatch.setenv("HUBSPOT_TOKEN", "secret")
        monkeypatch.setenv("HUBSPOT_BASE_URL", server.url)
        arguments = ("run", "template.yaml", "deals.csv", "--to", "hubspot", "--yes", "--json")
        code, out, err = _shell(capsys, *arguments)
        assert code == 1, err
        first = json.loads(out.splitlines()[-1])
        _mend_by_hand(Path(first["files"]["rejects"]), tmp_path / "mended.csv", "Größe")

        code, out, err = _shell(capsys, "retry", "mended.csv", "--dry-run")
        assert (code, "create" in out) == (1, True)
        assert "2 rows to retry; edited: title in 1." in err
        code, _, err = _shell(capsys, "retry", "mended.csv")
        assert (code, "Add --yes" in err) == (2, True)
        assert len(sandbox.records("deals")) == 28
        code, out, _ = _shell(capsys, "retry", "mended.csv", "--yes", "--delimiter", ";")
        assert (code, "adds up" in out, "1 created, 1 rejected" in out) == (1, True, True)
        names = {deal["dealname"] for deal in sandbox.records("deals")}
        assert (len(names), "Größe" in names) == (29, True)
        code, out, _ = _shell(capsys, "report", first["run"], "--json")
        assert json.loads(out)["rows"]["created"] == 29

        newest = tmp_path / ".migrator" / "runs" / json.loads(out)["retries"][0]["run"]
        again = (newest / "rejects.csv").read_bytes()
        assert again.count(b"\r\n") == 2
        stdin = io.TextIOWrapper(io.BytesIO(again.replace(b"k4;", b"k4;Last")))
        monkeypatch.setattr("sys.stdin", stdin)
        code, out, _ = _shell(capsys, "retry", "-", "--yes", "--json", "--encoding", "cp1252")
        assert (code, json.loads(out.splitlines()[-1])["rows"]["created"]) == (0, 30)


def _mend_by_hand(rejects: Path, mended: Path, title: str) -> None:
    """Fill the first row's title in, and save as a German spreadsheet does."""
    text = rejects.read_text(encoding="utf-8")
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    rows[0][1] = title
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerows([header, *rows, [""] * len(header)])
    mended.write_bytes(out.getvalue().encode("cp1252"))
