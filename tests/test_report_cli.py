"""The report on the command line: where it is, all its data, and the page in another place."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from migrator.journal import open_journal
from tests.shell import Shell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a demo, which is loaded and read back."""
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with pytest.raises(SystemExit) as ended:
            _main("demo", "--folder", str(folder), "-q")
        assert ended.value.code == 0
        yield folder


def _main(*arguments: str) -> None:
    from migrator.cli.main import main  # noqa: PLC0415 - as late as a process of its own would

    main(arguments)


def _run(folder: Path) -> str:
    with open_journal(folder / "journal.db") as journal:
        return journal.run().id


def test_a_run_names_its_page(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The page is in the run's folder, and the report in text says where."""
    page = demo / "runs" / _run(demo) / "report.html"
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    shell = Shell(capsys)
    code, out, _ = shell("report", "--state", str(demo / "journal.db"))
    assert code == 0
    assert f"page: {page}" in out


def test_the_data_are_those_of_the_page(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``--json`` has the books under the names they always had, and the rest of the page."""
    code, out, _ = Shell(capsys)("report", "--state", str(demo / "journal.db"), "--json")
    assert code == 0
    data = json.loads(out)
    kept = json.loads((demo / "runs" / data["run"] / "report.json").read_text(encoding="utf-8"))
    assert {**kept, "made_at": ""} == {**data, "made_at": ""}
    assert data["rows"]["created"] == 1171
    assert data["verification"]["agrees"] is True
    assert "every field agrees" in data["verdict"]["sentence"]


def test_the_page_can_be_put_elsewhere(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its links lead to the run's folder from there; it is the same page else."""
    run = _run(demo)
    target = demo / "for client" / "report of today.html"
    code, _, _ = Shell(capsys)("report", "--state", "journal.db", "--html", str(target))
    assert code == 0
    text = target.read_text(encoding="utf-8")
    assert f'href="../runs/{run}/id_map.csv"' in text
    there = demo / "runs" / run / "report.html"
    changed = text.replace(f"../runs/{run}/", "").splitlines()
    before = there.read_text(encoding="utf-8").splitlines()
    differing = [one for one, other in zip(changed, before, strict=True) if one != other]
    assert all("report of" in line or "Made by migrator" in line for line in differing)


def test_a_file_that_is_no_page_is_not_written_over(
    demo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A page may be made anew where one is; anything else there is somebody's."""
    shell = Shell(capsys)
    target = demo / "other.html"
    target.write_text("id,name\n", encoding="utf-8")
    code, _, err = shell("report", "--state", "journal.db", "--html", str(target))
    assert code == 2
    assert "is no page of a report" in err
    assert target.read_text(encoding="utf-8") == "id,name\n"
    target.unlink()
    for _ in range(2):
        assert shell("report", "--state", "journal.db", "--html", str(target))[0] == 0


def test_a_place_that_cannot_be_written_is_said(
    demo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A user's error in one paragraph, exit code 2, and nothing is half written."""
    (demo / "file").write_text("", encoding="utf-8")
    target = os.fspath(demo / "file" / "report.html")
    code, _, err = Shell(capsys)("report", "--state", "journal.db", "--html", target)
    assert code == 2
    assert "cannot be written" in err
