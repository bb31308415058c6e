"""Options that several commands share, and the workspace they make."""

from __future__ import annotations

import functools
import os
import re
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migrator.cli import completion
from migrator.files import ReadOptions
from migrator.progress import Bars, Lines, LogLines, Progress, Silent
from migrator.runs.inputs import Request
from migrator.runs.limits import Limit
from migrator.runs.workspace import DEFAULT, Workspace
from migrator.template import Match, Narrow
from migrator.wire import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--state``, ``--quiet``, ``--verbose``; the command gets a ``workspace`` of them."""

    @click.option("--state", default=str(DEFAULT), show_default=True, help="The journal's place.")
    @click.option("-q", "--quiet", is_flag=True, help="No progress and no notices.")
    @click.option("-v", "--verbose", is_flag=True, help="One line per request, secrets removed.")
    @functools.wraps(command)
    def with_workspace(*args: Any, state: str, quiet: bool, verbose: bool, **options: Any) -> Any:
        clock = SystemClock()
        for_programs = bool(options.get("as_json"))
        space = Workspace(
            state,
            clock,
            progress=Lines(sys.stdout, now=clock.now) if for_programs else progress(quiet=quiet),
            say=_silence if quiet else _say,
            log=_say if verbose else None,
            pages=True,
        )
        try:
            return command(*args, workspace=space, **options)
        finally:
            space.close()

    return with_workspace


def progress(*, quiet: bool) -> Progress:
    """Bars on a terminal, a line now and then in a log, nothing where it is not wanted."""
    if quiet:
        return Silent()
    kind = Bars if sys.stderr.isatty() else LogLines
    return kind(sys.stderr, monotonic=time.monotonic)


def _say(text: str) -> None:
    click.echo(text, err=True)


def _silence(_text: str) -> None:
    """Keep quiet."""


def read_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """How to read the files; the command gets a ``request`` of them, None without files."""

    @click.option("--delimiter", help="What separates cells; 'tab' for a tab.")
    @click.option("--encoding", help="Such as utf-8, cp1252 or utf-16.")
    @click.option(
        "--format",
        "format_",
        type=click.Choice(["csv", "parquet", "xlsx", "ndjson"]),
        help="The kind of file, if its content does not tell.",
    )
    @click.option("--sheet", help="Worksheet of an XLSX file.")
    @click.option("--header-line", type=click.IntRange(min=1), help="Line of the header, from 1.")
    @functools.wraps(command)
    def with_request(*args: Any, **options: Any) -> Any:
        request = _request(options)
        return command(*args, request=request, **options)

    return with_request


def source(command: Callable[..., Any]) -> Callable[..., Any]:
    """``TEMPLATE FILE...`` and how to read the files; the command gets a ``request``."""

    @functools.wraps(command)
    def with_source(*args: Any, request: Request | None, **options: Any) -> Any:
        if request is None:
            raise click.UsageError("Name a TEMPLATE and FILES.")
        return command(*args, request=request, **options)

    with_files = click.argument("files", nargs=-1)(read_options(deciding(existing(with_source))))
    return click.argument("template", shell_complete=completion.templates)(with_files)


def deciding(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--decisions``; the command's ``request`` knows of them."""

    @click.option(
        "--decisions",
        type=click.Path(dir_okay=False),
        help="What single values become: the file that a check or plan has made, filled in. It "
        "is made, or completed, where values are open.",
    )
    @functools.wraps(command)
    def with_decisions(
        *args: Any, request: Request | None, decisions: str | None, **options: Any
    ) -> Any:
        if request and decisions:
            request = replace(request, decisions=decisions)
        return command(*args, request=request, **options)

    return with_decisions


def existing(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--existing``; the command's ``request`` knows of it."""

    @click.option(
        "--existing",
        "rule",
        metavar="FIELDS=WHAT",
        help="Look for the rows' deals among those of the account that no load of ours wrote, such "
        "as name,amount=skip: of name, amount, company, close_date; update, skip, create or stop.",
    )
    @functools.wraps(command)
    def with_existing(*args: Any, request: Request | None, rule: str | None, **options: Any) -> Any:
        if rule and options.get("update_only"):
            raise click.UsageError("--existing does not go with --update-only.")
        if rule and not request:
            raise click.UsageError("--existing goes with a TEMPLATE and FILES.")
        if request and rule:
            request = replace(request, existing=rule)
        return command(*args, request=request, **options)

    return with_existing


_NOT_TOGETHER = ("mirror", "keyless", "changed_only")
"""What makes no sense, or harm, where nothing but some fields of some records is to be changed."""


def narrowing(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--update-only``, ``--only``, ``--match``; the command's ``request`` knows of them."""

    @click.option("--update-only", is_flag=True, help="Change records; create none.")
    @click.option(
        "--only",
        metavar="FIELDS",
        help="With --update-only: write these fields alone, such as owner,stage.",
    )
    @click.option(
        "--match",
        type=click.Choice([match.value for match in Match]),
        default=Match.AUTO.value,
        show_default=True,
        help="With --update-only, how a row names its record: by the reference that an export "
        "has, by the account's own id in the key's column, or by source key.",
    )
    @functools.wraps(command)
    def with_narrow(
        *args: Any,
        request: Request | None,
        update_only: bool,
        only: str | None,
        match: str,
        **options: Any,
    ) -> Any:
        if not update_only and (only or match != Match.AUTO.value):
            raise click.UsageError("--only and --match go with --update-only.")
        if update_only and request is None:
            raise click.UsageError("--update-only needs FILES that name the records to change.")
        given = [f"--{name.replace('_', '-')}" for name in _NOT_TOGETHER if options.get(name)]
        if update_only and given:
            raise click.UsageError(f"{given[0]} does not go with --update-only.")
        if request and update_only:
            names = tuple(name.strip() for name in (only or "").split(",") if name.strip())
            request = replace(request, narrow=Narrow(names, Match(match)))
        return command(*args, request=request, **options)

    return with_narrow


def _request(options: dict[str, Any]) -> Request | None:
    delimiter = options.pop("delimiter")
    read = ReadOptions(
        delimiter="\t" if delimiter in {"tab", r"\t"} else delimiter,
        encoding=options.pop("encoding"),
        format=options.pop("format_"),
        sheet=options.pop("sheet"),
        header_line=options.pop("header_line"),
    )
    files, template = tuple(options.pop("files")), options.pop("template")
    if template and not files and Path(template).suffix.lower() in _DATA:
        template, files = OWN_TEMPLATE, (template,)
    if not files or not template:
        return None
    stdin = sys.stdin.buffer if "-" in files else None
    return Request(template, files, read, stdin)


OWN_TEMPLATE = "migrator"
"""The template of our own exports, which need none to be named."""

_DATA = {".csv", ".parquet", ".ndjson", ".xlsx"}
"""Endings of files that are no template."""


class LimitType(click.ParamType[Limit]):
    """``100`` or ``2%``."""

    name = "N|N%"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Limit:
        """Read a limit."""
        if isinstance(value, Limit):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)(%?)", str(value).strip())
        if not found:
            self.fail(f"{value!r} is neither a number of rows nor a percentage", param, ctx)
        return Limit(float(found[1]), percent=bool(found[2]))


def as_mapping(
    _context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]
) -> dict[str, str]:
    """``NAME=VALUE`` texts as a mapping."""
    found = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise click.BadParameter(f"{text!r} does not read NAME=VALUE")
        found[name.strip()] = value.strip()
    return found


vendor_options = click.option(
    "--option",
    "vendor_options",
    multiple=True,
    metavar="NAME=VALUE",
    callback=as_mapping,
    help="Of the CRM; see `migrator vendors options`. May be given several times.",
)


def road(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--via``: an option of the CRM that deserves a name of its own."""

    @click.option(
        "--via",
        type=click.Choice(["batch", "import"]),
        help="Where the CRM has both: write by batches, or by file imports. [default: whatever "
        "takes fewer requests]",
    )
    @functools.wraps(command)
    def with_road(
        *args: Any, via: str | None, vendor_options: dict[str, str], **options: Any
    ) -> Any:
        chosen = {**vendor_options, "via": via} if via else vendor_options
        return command(*args, vendor_options=chosen, **options)

    return with_road


to_vendor = click.option(
    "--to",
    "vendor",
    required=True,
    shell_complete=completion.vendors,
    help="The CRM; see `migrator vendors`.",
)
max_rejects = click.option(
    "--max-rejects", "limit", type=LimitType(), help="Write nothing when more rows are rejected."
)
as_json = click.option("--json", "as_json", is_flag=True, help="The result as JSON.")
run_argument = click.argument(
    "run_id", metavar="[RUN]", required=False, shell_complete=completion.runs
)
environment = os.environ
