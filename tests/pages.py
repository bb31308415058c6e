"""The pages of the documentation, taken apart: blocks, what is said to the tests, links, commands.

Comments in a page say what its blocks need, and nothing else; a reader does not see them:

``<!-- scene: {serve: hubspot, files: [sample_data]} -->``
    The blocks from here on are run in a new, empty folder. ``serve``: CRMs whose sandboxes are
    served and named by the environment (a name, a list, or names with options of the sandboxes);
    ``files``: links into the project, as ``place`` or ``name: place``; ``before``: commands that
    are run first; ``lose``: ``text: id``, the first request with this text in it gets
    no answer, and the page calls the record that it makes by this id.
``<!-- run: {exits: {plan: 1}} -->``
    Of the next block. ``exits``: exit codes by command, where they are not 0; ``edit``: what a
    person does to a file before it; ``first``: commands that are run before it; ``parse``: why
    its commands are only read, not run.
``<!-- file: sales.yaml -->``
    The next block is this file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from ruamel.yaml import YAML

from migrator.cli.main import cli

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md")))
_COMMENT = re.compile(r"<!--\s*(scene|run|file):\s*(.*?)\s*-->", re.DOTALL)
_PARTS = re.compile(
    r"^```(?P<language>\w*)\n(?P<text>.*?)^```$|(?P<comment><!--.*?-->)", re.DOTALL | re.MULTILINE
)
_YAML = YAML(typ="safe")


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code, and what the comments before it say.

    Attributes:
        language: as behind its opening fence.
        line: of its opening fence, from 1.
        file: the name of the file that it is; blank = it is none.
        said: of the comment ``run``.
    """

    language: str
    text: str
    line: int
    file: str = ""
    said: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Scene:
    """Blocks that are run one after the other in one folder.

    Attributes:
        page: the page, from the project's folder.
        said: of the comment ``scene``.
    """

    page: str
    line: int
    said: dict[str, Any]
    blocks: list[Block] = field(default_factory=list)

    @property
    def runs(self) -> bool:
        """Whether there is anything to run."""
        return any(one.language == "sh" or "run" in one.said for one in self.blocks)


def name_of(page: Path) -> str:
    """``docs/hubspot.md``."""
    return page.relative_to(ROOT).as_posix()


def scenes(page: Path) -> list[Scene]:
    """The scenes of a page, in order; what stands before the first comment is one too."""
    text = page.read_text(encoding="utf-8")
    found = [Scene(name_of(page), 1, {})]
    file: str = ""
    said: dict[str, Any] = {}
    for part in _PARTS.finditer(text):
        line = text.count("\n", 0, part.start()) + 1
        if part["comment"] is None:
            block = Block(part["language"], part["text"], line, file, said)
            found[-1].blocks.append(block)
            file, said = "", {}
            continue
        comment = _COMMENT.fullmatch(part["comment"])
        if comment is None:
            continue  # a remark, or cog's
        match comment[1]:
            case "scene":
                found.append(Scene(name_of(page), line, _YAML.load(comment[2]) or {}))
            case "run":
                said = _YAML.load(comment[2])
            case _:
                file = comment[2]
    return found


def blocks(page: Path, language: str) -> list[Block]:
    """The blocks of a page in a language."""
    return [one for scene in scenes(page) for one in scene.blocks if one.language == language]


def lines(text: str) -> list[str]:
    """The lines of a block for a shell: those that go on are joined, remarks are gone."""
    whole = (re.sub(r"(^|\s{2,})#.*", "", line) for line in text.replace("\\\n", " ").splitlines())
    return [line.strip() for line in whole if line.strip()]


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    text = page.read_text(encoding="utf-8")
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def inline_commands(page: Path) -> list[str]:
    """Commands in the middle of a sentence."""
    found = re.findall(r"`(migrator [^`]+)`", prose(page))
    return [" ".join(one.split()) for one in found]


def links(page: Path) -> list[str]:
    """Targets of the links to what is in the project."""
    return re.findall(r"\]\((?!https?:)([^)\s]+)\)", prose(page))


def anchors(page: Path) -> set[str]:
    """What a link may name behind ``#``: the headings, as the usual viewers spell them."""
    heads = re.findall(r"^#+ (.+)$", prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


def reachable(start: Path) -> set[Path]:
    """All pages to which links lead from a page, itself among them."""
    found, open_ = {start}, [start]
    while open_:
        page = open_.pop()
        for link in links(page):
            target = (page.parent / link.partition("#")[0]).resolve()
            inside = sorted(target.glob("*.md")) if target.is_dir() else [target]
            new = {one for one in inside if one.suffix == ".md" and one.is_file()} - found
            found |= new
            open_ += new
    return found


def parsed(words: Sequence[str], *, whole: bool = True) -> click.Command:
    """The command that a line calls, its options and arguments looked at and not carried out.

    ``whole`` lines name all that the command needs; others only point at it.
    """
    command: click.Command = cli
    context = click.Context(cli, info_name="migrator")
    left = list(words)
    while isinstance(command, click.Group) and left:
        found = command.get_command(context, left[0])
        assert found is not None, f"migrator has no command {left[0]!r}"
        context = click.Context(found, info_name=left.pop(0), parent=context)
        command = found
    if whole:
        values, rest, _ = command.make_parser(context).parse_args(left)
        assert not rest, f"{command.name} does not take {rest}"
        given = {name for name, value in values.items() if value not in (None, ())}
        lacking = {one.name for one in command.params if one.required} - given
        assert not lacking, f"{command.name} needs {lacking}"
    known = {option for one in command.params for option in one.opts} | {"--help", "-h"}
    unknown = {word.partition("=")[0] for word in left if word.startswith("-")} - known
    assert not unknown - {"-"}, f"{command.name} has no {unknown}"
    return command


def same_order(shown: Sequence[str], said: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Each line shown, with the one of those said that it is, behind the one before it.

    A line may end with ``...``: that is how far it is shown.
    """
    rest = iter(said)
    for line in shown:
        begin, more, _ = normal(line).partition(" ...")
        yield line, next((one for one in rest if _is_shown(normal(one), begin, more)), None)


def _is_shown(said: str, begin: str, more: str) -> bool:
    return said.startswith(begin) if more else said == begin


RUN_ID = re.compile(r"\b\d{4}-\d{2}-\d{2}-\d{4}-[a-z0-9]{4}\b")


def normal(line: str) -> str:
    """A line of output without what differs from run to run.

    >>> normal("Run  2026-11-22-1004-k7m2:  20 created at http://127.0.0.1:8765")
    'Run RUN: 20 created at http://127.0.0.1:0'
    """
    return " ".join(re.sub(r"(127\.0\.0\.1):\d+", r"\1:0", RUN_ID.sub("RUN", line)).split())
