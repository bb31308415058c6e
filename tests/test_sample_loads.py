"""The sample exports, loaded: what is wrong is turned down, and what is odd is read as meant."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from migrator.errors import UndecidedError
from migrator.model import ObjectType
from migrator.runs.inputs import Request, read_inputs
from migrator.template.locate import shipped_paths
from sample_data.companions import zoho
from sample_data.generate import FOLDER
from sample_data.layouts import LAYOUTS, Layout
from sample_data.layouts.zoho import STAGES
from sample_data.mistakes import codes
from sample_data.samples import make_sample
from tests.activities import exported
from tests.benchmarks.data import write_big_csv
from tests.samples import NOTES, READ, create_parents, each, owners_of, template_of
from tests.support import Rehearsal

if TYPE_CHECKING:
    from pathlib import Path


@each(READ)
def test_a_shipped_template_rejects_the_wrong_rows_alone(layout: Layout, tmp_path: Path) -> None:
    """Records and rejects by code are what the generator claims, and the rows add up."""
    request = Request(template_of(layout, tmp_path), (str(FOLDER / layout.file),))
    inputs = read_inputs(request, tmp_path)
    prepared = inputs.prepared
    wrong = {n: m.code for n, m in make_sample(layout).wrong.items() if not m.live}
    found = inputs.rejections().select("_record", "_code").collect().rows()
    assert sorted(found) == sorted(wrong.items())
    assert prepared.rows == layout.rows
    assert prepared.records_count == layout.rows - len(wrong)
    assert prepared.rejected == len(wrong)
    assert inputs.reasons().codes == codes(layout.mistakes, live=False)


@each([layout for layout in READ if layout.truth])
def test_what_is_odd_is_read_as_it_was_meant(layout: Layout, tmp_path: Path) -> None:
    """However a deal is written, its fields are what the generator's deal has, in every record."""
    request = Request(template_of(layout, tmp_path), (str(FOLDER / layout.file),))
    inputs = read_inputs(request, tmp_path)
    sample = make_sample(layout)
    assert layout.truth
    read = {row["_record"]: row for row in pl.read_parquet(inputs.prepared.records).to_dicts()}
    turned_down = {number for number, mistake in sample.wrong.items() if not mistake.live}
    assert set(read) == set(range(1, layout.rows + 1)) - turned_down
    for number, deal in enumerate(sample.items, start=1):
        if number not in sample.wrong:
            expected = dict(layout.truth(deal))
            if number in sample.odd and sample.odd[number].parked:
                del expected["deals"]
            assert {name: read[number][name] for name in expected} == expected, number
    lines = Counter(skipped.reason for skipped in inputs.source.skipped)
    assert lines == {o.skipped: o.times for o in layout.oddities if o.skipped}


def test_what_is_to_be_mended_would_not_be_right_as_it_stands(tmp_path: Path) -> None:
    """Without what the copy of the template says besides, doubly encoded texts stay so."""
    mended = [layout for layout in READ if layout.also]
    assert {layout.template for layout in mended} == {"pipedrive", "zoho", "zoho_notes"}
    for layout in mended:
        folder = tmp_path / layout.file
        folder.mkdir()
        request = Request(template_of(layout, folder, ()), (str(FOLDER / layout.file),))
        read = pl.read_parquet(read_inputs(request, folder).prepared.records)
        sample = make_sample(layout)
        assert layout.truth
        twice = [n for n, oddity in sample.odd.items() if "encoded twice" in oddity.what]
        assert twice
        for row in read.filter(pl.col("_record").is_in(twice)).to_dicts():
            expected = dict(layout.truth(sample.items[row["_record"] - 1]))
            wrong = {name for name in expected if row[name] != expected[name]}
            assert len(wrong) == 1
        assert read.filter(pl.col("_record").is_in(twice)).height == len(twice)


@pytest.mark.parametrize("told", range(2))
def test_an_open_question_is_asked(told: int, tmp_path: Path) -> None:
    """As long as one question of the undecided sample has no answer, nothing is prepared."""
    layout = next(layout for layout in LAYOUTS if layout.answers)
    half = template_of(layout, tmp_path, layout.answers[told : told + 1])
    request = Request(half, (str(FOLDER / layout.file),))
    with pytest.raises(UndecidedError, match="Which"):
        read_inputs(request, tmp_path)
    assert not (tmp_path / "records.parquet").exists()


@each(LAYOUTS)
def test_a_sample_loads_but_for_its_wrong_rows(layout: Layout, tmp_path: Path) -> None:
    """In an account that has the parents, every right row becomes a deal and no wrong row does."""
    rehearsal = Rehearsal(tmp_path)
    create_parents(rehearsal)
    planned = rehearsal.plan(template_of(layout, tmp_path), str(FOLDER / layout.file))
    expected = codes(layout.mistakes, live=False) + codes(layout.mistakes, live=True)
    assert planned.run.settings["rejected_codes"] == dict(expected)
    report = rehearsal.execute(planned.run)
    assert report.adds_up
    assert report.rows["created"] == len(rehearsal.keys()) == layout.rows - layout.wrong


ZOHO_STAGES = ["Closed Won", "Closed Lost", *STAGES]
ELSEWHERE: dict[str, dict[str, Any]] = {
    "brevo": {"pipelines": {"Standard": ZOHO_STAGES}},
    "activecampaign": {},
}
NOTED = [(layout, "hubspot") for layout in NOTES]
NOTED += [(zoho.NOTES, vendor) for vendor in ELSEWHERE]


@pytest.mark.parametrize(
    ("layout", "vendor"), NOTED, ids=[f"{layout.file}-{vendor}" for layout, vendor in NOTED]
)
def test_notes_follow_their_deals(layout: Layout, vendor: str, tmp_path: Path) -> None:
    """Loaded after the deals, each right note is there once, on its deal; those of others wait.

    Where notes have no author of their own, no user is looked for: the text names the author.
    """
    rehearsal = Rehearsal(tmp_path, vendor=vendor, options=ELSEWHERE.get(vendor, {}))
    if vendor == "hubspot":
        create_parents(rehearsal)
    loaded = _load_deals(layout, rehearsal)
    report = rehearsal.load(
        template_of(layout, tmp_path, [*layout.also, *owners_of(layout)]), str(FOLDER / layout.file)
    )
    sample = make_sample(layout)
    wrong = {n for n, mistake in sample.wrong.items() if vendor == "hubspot" or not mistake.live}
    assert layout.truth
    right = {
        number: layout.truth(note)
        for number, note in enumerate(sample.items, start=1)
        if number not in wrong and not (number in sample.odd and sample.odd[number].parked)
    }
    expected = Counter(
        (note["deals"][0], _words(note["body"]))
        for note in right.values()
        if note["deals"][0] in loaded
    )
    # ActiveCampaign wants a contact or a company for every deal: some are not there.
    assert vendor == "activecampaign" or expected.total() == len(right)
    waiting = layout.rows - len(wrong) - expected.total()
    assert report.adds_up
    assert report.rows["rejected"] == len(wrong)
    assert report.rows["parked"] == waiting >= 2
    assert report.rows["created"] == expected.total()
    there = exported(rehearsal, ObjectType.NOTES)
    assert Counter((row["deals"], _words(row["body"])) for row in there) == expected


def _load_deals(layout: Layout, rehearsal: Rehearsal) -> set[str]:
    """Load the deals that the notes of a file are on; their keys."""
    vendor = layout.template.removesuffix("_notes")
    deals = next(each for each in LAYOUTS if each.template == vendor)
    rehearsal.load(
        template_of(deals, rehearsal.folder, owners_of(layout)), str(FOLDER / deals.file)
    )
    rehearsal.clock.run(rehearsal.clock.sleep(60.0))
    return set(rehearsal.keys())


def _words(text: str) -> str:
    """A text without the difference between its spaces and line breaks."""
    return " ".join(text.split())


@pytest.mark.parametrize("columns", [4, 12])
def test_the_demo_template_rejects_as_many_of_a_big_file_as_asked(
    tmp_path: Path, columns: int
) -> None:
    """The share of wrong rows becomes rejects; the account finds no fault with the others."""
    path = tmp_path / "big.csv"
    wrong = write_big_csv(path, 2_000, columns, wrong=0.01)
    assert wrong == 20
    planned = Rehearsal(tmp_path).plan("pipedrive", str(path))
    prepared = planned.inputs.prepared
    assert (prepared.rows, prepared.rejected, prepared.records_count) == (2_000, 20, 1_980)
    assert planned.run.settings["rejected"] == 20


def test_every_template_of_a_product_has_a_sample() -> None:
    """No shipped template for the export of a product goes without a sample, nor the reverse."""
    of_data_sets = {"maven", "opportunities", "revops"}
    own = {"notes", "tasks"}  # of exports of ours, which need deals that are there
    assert {layout.template for layout in READ} == set(shipped_paths()) - of_data_sets - own
