"""The documentation: its commands run, its outputs are real, its links lead somewhere."""

from __future__ import annotations

import configparser
import io
import json
import re
import shlex
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from migrator.template import parse_template
from tests.pages import (
    PAGES,
    ROOT,
    Scene,
    anchors,
    blocks,
    inline_commands,
    lines,
    links,
    name_of,
    parsed,
    prose,
    reachable,
    scenes,
)
from tests.rehearsing import NOT_RUN, Stage, commands_in
from tests.shell import Shell

if TYPE_CHECKING:
    from pathlib import Path

SCENES = [one for page in PAGES for one in scenes(page) if one.runs]
EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=name_of)


@pytest.mark.parametrize("scene", SCENES, ids=lambda one: f"{one.page}:{one.line}")
def test_what_a_page_shows_is_what_happens(
    scene: Scene,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each command of a page ends as the page says, and each line of output it shows was said."""
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with ExitStack() as servers:
        Stage(tmp_path, Shell(capsys), monkeypatch, servers).play(scene)


LOST = """
<!-- scene: {serve: hubspot, lose: {Renewal: "30000000001"}} -->
<!-- file: plain.yaml -->

```yaml
name: plain
key: {from: id}
fields:
  name: {from: title}
  pipeline: {default: Sales Pipeline}
  stage: {default: Appointment Scheduled}
```

<!-- file: first.csv -->

```csv
id,title
D-18,Upgrade
```

<!-- file: second.csv -->

```csv
id,title
D-17,Renewal
```

<!-- run: {exits: {run: 5},
  first: [migrator run plain.yaml first.csv --to hubspot --no-key-field --yes]} -->

```sh
migrator run plain.yaml second.csv --to hubspot --no-key-field --yes
```

```sh
migrator settle RUN --written D-17=30000000001
migrator resume RUN
```
"""


def test_a_page_need_not_know_which_record_came_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The id by which a page calls a record of a lost answer is played as the one that it has."""
    page = tmp_path / "page.md"
    page.write_text(LOST, encoding="utf-8")
    monkeypatch.setattr("tests.pages.ROOT", tmp_path)
    (scene,) = (one for one in scenes(page) if one.runs)
    with ExitStack() as servers:
        stage = Stage(tmp_path, Shell(capsys), monkeypatch, servers)
        stage.play(scene)
        ids = {one["dealname"]: one["id"] for one in stage.sandboxes[0].records("deals")}
    assert ids == {"Upgrade": "30000000001", "Renewal": "30000000002"}
    maps = [one.read_text("utf-8") for one in tmp_path.glob(".migrator/runs/*/id_map.csv")]
    (settled,) = (one for one in maps if "D-17" in one)
    assert ids["Renewal"] in settled


@EVERY_PAGE
def test_commands_in_sentences_are_there(page: Path) -> None:
    """A command that a sentence names exists, with the options it is named with."""
    for command in inline_commands(page):
        parsed(shlex.split(command)[1:], whole=False)


@EVERY_PAGE
def test_commands_that_are_not_run_can_be_typed(page: Path) -> None:
    """Blocks that nobody can run in a test say why, and click reads their commands; cron's too."""
    for block in [*blocks(page, "sh"), *blocks(page, "cron"), *blocks(page, "ini")]:
        for written in lines(block.text):
            line = _without_percent(written, block.language)
            if "migrator " in line:
                words = shlex.split(line.partition("migrator ")[2].removesuffix("&"))
                end = min(
                    (words.index(one) for one in (">", ">>", "|") if one in words), default=None
                )
                parsed(words[:end])
            elif block.language == "sh":
                assert line.split()[0] in NOT_RUN | {"export", "cp", "make"}, line


def _without_percent(line: str, language: str) -> str:
    """A line as a shell gets it: a bare percent sign means something else to cron and systemd."""
    mark = {"cron": r"\%", "ini": "%%"}.get(language)
    if mark is None:
        return line
    plain = line.replace(mark, "")
    assert "%" not in plain, f"an unguarded percent sign: {line}"
    return line.replace(mark, "%")


@EVERY_PAGE
def test_programs_and_data_can_be_read(page: Path) -> None:
    """Python compiles, YAML, JSON and units are what they say they are; templates are accepted."""
    for block in blocks(page, "python"):
        compile(block.text, name_of(page), "exec")
        for command in commands_in(block.text):
            parsed(shlex.split(command)[1:])
    for block in blocks(page, "json"):
        json.loads(block.text)
    for block in blocks(page, "ini"):
        configparser.ConfigParser(strict=False, interpolation=None).read_string(block.text)
    for block in blocks(page, "yaml"):
        if "\nfields:\n" in block.text and not block.file:  # files are run
            parse_template(block.text, origin=name_of(page))
        else:
            assert YAML(typ="safe").load(block.text) is not None


@EVERY_PAGE
def test_links_lead_somewhere(page: Path) -> None:
    """No dead link: the file is there, and the heading in it."""
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert ROOT in (target, *target.parents), link
        if anchor:
            assert anchor in anchors(target), link


@EVERY_PAGE
def test_files_that_a_page_names_are_there(page: Path) -> None:
    """Tests, modules, targets of make: what a page points at exists, and is called so."""
    for path, name in re.findall(
        r"`((?:tests|migrator|templates|sample_data|docs)/[\w./-]*\w)(?:::(\w+))?/?`", prose(page)
    ):
        assert "/acme" in path or (ROOT / path).exists(), path  # Acme is anybody's CRM
        if name:
            assert re.search(rf"(def|class) {name}\b", (ROOT / path).read_text("utf-8")), name
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`make ([a-z-]+)", prose(page)):
        assert f"\n{target}: " in makefile, target


def test_generated_pages_are_compared() -> None:
    """`make check` looks at each page that has generated parts."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    listed = re.search(r"^DOCS := (.*)$", makefile, flags=re.MULTILINE)
    assert listed
    generated = {name_of(page) for page in PAGES if "[[[cog" in page.read_text(encoding="utf-8")}
    assert generated == set(listed[1].split())


def test_every_page_can_be_found() -> None:
    """From the README, by links alone."""
    assert {name_of(page) for page in PAGES} <= {
        name_of(page) for page in reachable(ROOT / "README.md")
    }


@pytest.mark.parametrize(
    ("command", "output", "wrong"),
    [
        ("migrator status", "No runs yet ...", ""),
        ("migrator status", "A run that nobody made", "not said"),
        ("migrator status --josn", "No runs yet ...", "ended with 2"),
        ("migrator templates show nothing", "", "ended with 2"),
        ("wget http://example.com", "", "may not show"),
    ],
)
def test_what_is_wrong_on_a_page_is_found(
    command: str,
    output: str,
    wrong: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An invented line of output, an option that is none, a command that fails; a good one not."""
    page = tmp_path / "page.md"
    page.write_text(f"```sh\n{command}\n```\n\n```text\n{output}\n```\n", encoding="utf-8")
    monkeypatch.setattr("tests.pages.ROOT", tmp_path)
    (scene,) = scenes(page)
    with ExitStack() as servers:
        stage = Stage(tmp_path, Shell(capsys), monkeypatch, servers)
        if not wrong:
            stage.play(scene)
            return
        with pytest.raises(AssertionError, match=wrong):
            stage.play(scene)
