"""From files that nobody has described to a template: look, guess, write it beside value maps."""

from __future__ import annotations

import re
import secrets
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migrator.errors import InputError
from migrator.files import open_source
from migrator.guess.columns import profile
from migrator.guess.draft import Target as Aim
from migrator.guess.draft import draft
from migrator.guess.headers import folded
from migrator.guess.matching import Match, match_columns
from migrator.guess.sheets import as_csv
from migrator.guess.writing import as_yaml
from migrator.model import ObjectType
from migrator.runs.target import Target, connected
from migrator.sandbox import in_process
from migrator.template import load_template

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from migrator.guess.draft import Draft
    from migrator.guess.matching import Matching
    from migrator.runs.inputs import Request
    from migrator.runs.workspace import Workspace
    from migrator.vendors.product import Product
    from migrator.wire import Clock

_USES_VALUES = re.compile(r"""values_file:\s*["']?values/""")


@dataclass(frozen=True)
class Guess:
    """What is known of files so far; valid while :func:`looked_at` is open.

    Attributes:
        described: how the files are written, in words.
        aim: what is known of the account.
    """

    files: tuple[str, ...]
    described: tuple[str, ...]
    matching: Matching
    aim: Aim
    today: date

    def chosen(self, field: str, columns: Sequence[str]) -> Guess:
        """The same, with a field given by these columns, because somebody said so; none = by no."""
        if not columns:
            return replace(self, matching=self.matching.without(field))
        match = Match(field, tuple(columns), 1.0, ("as was decided when asked",), told=True)
        return replace(self, matching=self.matching.with_match(match))

    def confirmed(self, match: Match) -> Guess:
        """The same, with a guess that somebody has said is right."""
        sure = replace(match, score=1.0, reasons=(*match.reasons, "confirmed"), told=True)
        return replace(self, matching=self.matching.with_match(sure))

    def decided(self, column: str, choice: str) -> Guess:
        """The same, with a column's dates or numbers read as somebody has chosen."""
        profile = self.matching.profile.decided(column, choice, self.today)
        return replace(self, matching=replace(self.matching, profile=profile))

    def zoned(self, zone: str) -> Guess:
        """The same, with the zone of times that do not tell theirs."""
        return replace(self, aim=replace(self.aim, zone=zone))

    def worth(self, sign: str, code: str) -> Guess:
        """The same, with a sign taken for the currency that somebody has chosen."""
        known = {**self.aim.currencies, sign: code}
        return replace(self, aim=replace(self.aim, currencies=known))

    def draft(self) -> Draft:
        """All that is to be written."""
        return draft(self.matching, self.aim)


@contextmanager
def looked_at(
    workspace: Workspace, request: Request, aim: Aim, *, layouts: bool = True
) -> Iterator[Guess]:
    """Open files, look at every column over all records, and guess.

    Args:
        workspace: working copies are made beside its journal, and removed.
        request: the files; it needs no template.
        aim: what is known of the account.
        layouts: whether shipped templates are tried.

    Raises:
        InputError: the files cannot be read.
    """
    today = workspace.clock.now().date()
    with tempfile.TemporaryDirectory(dir=workspace.check_folder(), prefix="init-") as name:
        folder = Path(name)
        workspace.progress.start("look", None)
        source = open_source(request.files, request.options, folder, request.stdin)
        seen = profile(source, folder, today)
        workspace.progress.finish()
        matching = match_columns(seen, aim.account, layouts=layouts)
        yield Guess(source.names, tuple(source.describe()), matching, aim, today)


async def aimed_at(target: Target, workspace: Workspace) -> Aim:
    """What is known of an account: its labels, users, pipelines; nothing is written to it."""
    async with connected(target, workspace) as session:
        account = await session.account((ObjectType.DEALS,))
        return Aim(account, session.vendor.capabilities.creates_pipelines)


def sandbox_of(product: Product, clock: Clock) -> Target:
    """A new, empty account imitated in this process."""
    token = secrets.token_hex(8)
    sandbox = product.sandbox(token=token, now=clock.now, clock=clock.monotonic)
    return Target(product, f"http://{token}.localhost", token, in_process(sandbox))


def template_name(files: Sequence[str]) -> str:
    """A name for a template, of the first file's.

    >>> template_name(["exports/Deals Größe 2026.csv.gz"])
    'deals_grosse_2026'
    """
    stem = Path(files[0]).name.partition(".")[0]
    return re.sub(r"[^a-z0-9]+", "_", folded(stem)).strip("_") or "deals"


def texts_of(draft: Draft, guess: Guess, name: str, file: str) -> dict[str, str]:
    """Path below the template's folder to text; the template is the first, ``file``."""
    names = [Path(path).name for path in guess.files]
    found = {file: as_yaml(draft, name, names, guess.aim.account)}
    sheets = draft.sheets.items()
    return found | {f"{draft.values}/{field}.csv": as_csv(sheet) for field, sheet in sheets}


def values_folder(template: Path) -> str:
    """The folder of the value maps beside a template; its own where another has ``values``."""
    beside = (each for each in template.parent.glob("*.y*ml") if each.name != template.name)
    return f"{template.stem}_values" if any(map(_uses_values, beside)) else "values"


def _uses_values(template: Path) -> bool:
    try:
        text = template.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return bool(_USES_VALUES.search(text))


def ensure_new(template: Path) -> None:
    """Refuse a template that is there, before anybody has answered questions.

    Raises:
        InputError: it is.
    """
    if template.exists():
        raise _there([template])


def _there(paths: Sequence[Path]) -> InputError:
    verb = "is" if len(paths) == 1 else "are"
    return InputError(
        f"{', '.join(str(path) for path in paths)} {verb} there already, and nothing was written. "
        "Name another place with --out, or write over what is there with --force."
    )


def write_draft(texts: Mapping[str, str], folder: Path, *, force: bool) -> list[Path]:
    """Write a template and its value maps, all or nothing where one is there already.

    Raises:
        InputError: a file is there and ``force`` was not given, or the folder cannot be written.
    """
    paths = {folder / name: text for name, text in texts.items()}
    there = [path for path in paths if path.exists()]
    if there and not force:
        raise _there(there)
    try:
        for path, text in paths.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w", encoding=_encoding(path), newline="") as out:
                out.write(text)
    except OSError as error:
        raise InputError(
            f"{error.filename}: cannot be written: {error.strerror}. Name another place with --out."
        ) from error
    load_template(next(iter(paths)))
    return list(paths)


def _encoding(path: Path) -> str:
    """Excel takes a CSV for UTF-8 only if it begins with a byte order mark."""
    return "utf-8-sig" if path.suffix == ".csv" else "utf-8"


def guess_data(draft: Draft, guess: Guess) -> dict[str, Any]:
    """A guess as plain data."""
    matching = draft.matching
    layout = matching.layout
    return {
        "files": list(guess.described),
        "layout": {"template": layout.template.name, "score": round(layout.score, 2)}
        if layout
        else None,
        "columns": [column.data() for column in matching.profile.columns],
        "fields": [match.data() for match in matching.matches],
        "unmapped": [column.name for column in matching.unmapped],
        "questions": list(draft.questions),
        "values": {name: [line.data() for line in sheet] for name, sheet in draft.sheets.items()},
    }
