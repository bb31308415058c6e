"""Deals of the target that have the keys of the moved ones, and may be others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migrator.cli.show import plan as shown
from migrator.errors import InputError
from migrator.template import Match
from tests.exports import Reader, filled, rehearsal, run_narrow
from tests.test_cleanup import by_hand
from tests.test_moving import fetched, loaded, planned_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import Rehearsal


def names(there: Rehearsal) -> set[str]:
    """What the deals of an account are called."""
    return {deal["dealname"] for deal in there.sandbox.records("deals")}


def others(folder: Path) -> Rehearsal:
    """An account with three deals of another source, under keys that ours has as well."""
    there = rehearsal("hubspot", folder)
    template = there.template(
        "name: other\nkey: {from: id}\nfields:\n  name: {from: title}\n  stage: {from: stage}\n"
        "  pipeline: {default: Renewals}\n"
        "create:\n  pipelines:\n    - {label: Renewals, stages: [{label: Due}]}\n"
    )
    rows = "".join(f"k{n},Theirs {n},Due\n" for n in (2, 3, 4))
    assert there.load(template, there.source("id,title,stage\n" + rows)).rows["created"] == 3
    there.clock.run(there.clock.sleep(60))
    return there


def test_deals_of_others_are_left_alone(tmp_path: Path) -> None:
    """A move names the deals that only have its keys, and changes none before somebody says so."""
    source = filled("brevo", tmp_path / "a", 6)
    there = others(tmp_path / "b")
    before = names(there)
    request = fetched(source, "hubspot")
    planned = planned_for(there, request)
    words = " ".join(shown(planned).split())
    assert "3 deals that would be changed were there before with the same key" in words
    with pytest.raises(InputError, match=r"same key.*Nothing was written.*--take-over"):
        there.execute(planned.run)
    assert names(there) == before

    report = there.execute(planned.run, take_over=True)
    assert (report.rows["created"], report.rows["updated"]) == (3, 3)
    assert not any(name.startswith("Theirs") for name in names(there))
    there.clock.run(there.clock.sleep(60))
    planned, report = loaded(there, fetched(source, "hubspot"))
    assert planned.plan.strangers == 0
    assert report.rows["unchanged"] == 6


def test_the_same_move_again(tmp_path: Path) -> None:
    """What a move has written it may change again, and a cleanup may change anything it names."""
    source = filled("hubspot", tmp_path / "a", 6)
    there = rehearsal("hubspot", tmp_path / "b", portal=9_000_001)
    assert loaded(there, fetched(source, "hubspot"))[1].rows["created"] == 6
    out = tmp_path / "a.csv"
    Reader(source).export(out)
    record = next(line for line in out.read_text(encoding="utf-8").splitlines() if ",k3," in line)
    by_hand(source, record.split(",")[0], name="New name")
    there.clock.run(there.clock.sleep(60))
    planned, report = loaded(there, fetched(source, "hubspot"))
    assert (planned.plan.strangers, report.rows["updated"]) == (0, 1)
    assert "New name" in names(there)
    report = run_narrow(there, out, "name", match=Match.KEY)
    assert (report.rows["unchanged"], report.rows["updated"]) == (5, 1)


def test_a_resumed_move_asks_once(tmp_path: Path) -> None:
    """What was allowed when the writing began holds for its resumes and retries."""
    source = filled("brevo", tmp_path / "a", 6)
    there = others(tmp_path / "b")
    planned = planned_for(there, fetched(source, "hubspot"))
    report = there.execute(planned.run, take_over=True, sample=2)
    assert sum(report.rows[name] for name in ("created", "updated")) == 2
    report = there.execute(planned.run)
    assert (report.rows["created"], report.rows["updated"]) == (3, 3)


def test_feeds_of_two_accounts_are_apart(tmp_path: Path) -> None:
    """Exports of two accounts are two sources, whose missing rows are not each other's."""
    there = rehearsal("brevo", tmp_path / "b")
    for name, portal in (("a", 48_000_001), ("c", 48_000_002)):
        source = filled("hubspot", tmp_path / name, 4, portal=portal)
        planned, report = loaded(there, fetched(source, "brevo"), take_over=True)
        assert report.rows["created"] == (4 if name == "a" else 0)
        assert planned.run.template.endswith(f"of hubspot/{portal}")
        assert planned.run.settings["plan"]["missing"] == 0
        there.clock.run(there.clock.sleep(60))
