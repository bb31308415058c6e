"""Template and files in; prepared records and rejections out."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from migrator.errors import InputError
from migrator.export import labels_left_behind
from migrator.files import ReadOptions, Source, open_source, write_rejects
from migrator.model import ObjectType, Reference
from migrator.prepare import Prepared, column_of, has_column, prepare
from migrator.runs.prepared_before import keep_prepared, kept_prepared
from migrator.runs.signs import NO_SIGNS, Signs, signs_of
from migrator.runs.turned_down import KEPT, Reasons, reasons_in, rejected_in, rejected_rows
from migrator.template import (
    Match,
    Narrow,
    Template,
    decided,
    load_template,
    narrowed,
    parse_existing,
    read_decisions,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl


_LOOKED_AT = 10_000
"""Rows of a file among which one is to tell whose export it is."""


@dataclass(frozen=True)
class Request:
    """What a user asked to load: a template, files and how to read them.

    Attributes:
        narrow: change records that are there and create none; None = an ordinary load.
        stays: what does not come with the files, for people who sign for a move.
        decisions: a CSV file in which a person says what single values become.
        existing: a rule about deals that are there (``name,amount=skip``), not the template's.
    """

    template: str
    files: tuple[str, ...]
    options: ReadOptions = field(default_factory=ReadOptions)
    stdin: BinaryIO | None = None
    narrow: Narrow | None = None
    stays: tuple[str, ...] = ()
    decisions: str | None = None
    existing: str | None = None

    def data(self) -> dict[str, Any]:
        """What a resume has to know of it, as plain data."""
        return {
            "template": self.template,
            "files": list(self.files),
            "options": asdict(self.options),
            "narrow": asdict(self.narrow) if self.narrow else None,
            "stays": list(self.stays),
            "decisions": self.decisions,
            "existing": self.existing,
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Request:
        """The request of :meth:`data`."""
        options = data["options"] | {"footers": tuple(data["options"]["footers"])}
        return cls(
            data["template"],
            tuple(data["files"]),
            ReadOptions(**options),
            narrow=narrow_of(data),
            stays=tuple(data.get("stays", ())),
            decisions=data.get("decisions"),
            existing=data.get("existing"),
        )


def narrow_of(data: Mapping[str, Any]) -> Narrow | None:
    """What the data of a request says of narrowing."""
    given = data.get("narrow")
    return Narrow(tuple(given["only"]), Match(given["match"])) if given else None


@dataclass(frozen=True)
class Inputs:
    """A request, read and prepared.

    Attributes:
        signs: of currencies, in amounts for which the template fills none.
    """

    request: Request
    template: Template
    source: Source
    prepared: Prepared
    folder: Path
    signs: Signs = NO_SIGNS

    @cached_property
    def origin(self) -> Reference | None:
        """A record of the account that the file is an export of; None for other files."""
        return _first_reference(self.source, self.template)

    @property
    def feed(self) -> str:
        """Whose rows these are, from run to run: the template's, of each exported account apart.

        Records of two accounts may have the same keys, and are others all the same.
        """
        origin = None if self.request.narrow else self.origin
        name = self.template.name
        return f"{name} of {origin.vendor}/{origin.account}" if origin else name

    def rejections(self) -> pl.LazyFrame:
        """Problems that keep records from being sent: of their rows, and of the account."""
        return rejected_in(self.folder)

    def reasons(self) -> Reasons:
        """Rejected rows by code of their first problem, each with an example."""
        return reasons_in(self.folder)

    def write_rejects(self, target: Path, run: str | None = None) -> int:
        """Write ``rejects.csv``: the original rows with what is wrong with them.

        Those of a ``run`` are kept as they are too, to be compared with what comes back.
        """
        rows = rejected_rows(self.folder)
        kept = self.folder / KEPT if run else None
        return write_rejects(self.source, rows, target, run=run, kept=kept)


def read_inputs(request: Request, folder: Path) -> Inputs:
    """Open the files, load the template, prepare all rows into ``folder``.

    What is there already, of the very same inputs, is taken as it is.

    Raises:
        InputError: the files or the template are wrong, or do not belong together.
    """
    request = _kept(request, folder)
    template = with_decisions(load_template(request.template), request.decisions)
    template = with_existing(template, request.existing)
    source = open_request(request, template, folder)
    ensure_object(source, template)
    request, template = as_narrow(request, template, source.columns)
    signs = signs_of(template, source)
    prepared = kept_prepared(folder, template, source, request.options)
    if prepared is None:
        scan, problems = source.scan(), source.problems
        prepared = prepare(template, scan, source.columns, folder, problems, tidy=source.tidy)
        keep_prepared(prepared, template, source, request.options)
    prepared = replace(prepared, notices=(*prepared.notices, *signs.notices))
    request = with_labels_told(request, template, source)
    return Inputs(request, template, source, prepared, folder, signs)


def with_labels_told(request: Request, template: Template, source: Source) -> Request:
    """The request with what an export of ours says of labels, which no load gives to links."""
    if request.narrow or _first_reference(source, template) is None:
        return request
    left = labels_left_behind(template.object, source.scan(), source.columns)
    return replace(request, stays=tuple(dict.fromkeys([*request.stays, *left])))


def with_decisions(template: Template, path: str | None) -> Template:
    """The template with the decisions in a file; as it is when there is no such file yet.

    Raises:
        TemplateError: it is no file of decisions, or one of them cannot be taken.
    """
    if path is None or not Path(path).exists():
        return template
    return decided(template, read_decisions(Path(path)))


def with_existing(template: Template, rule: str | None) -> Template:
    """The template with another rule about deals that are there; as it is without.

    Raises:
        InputError: it is no rule, or none for this template.
    """
    if rule is None:
        return template
    existing = parse_existing(rule)
    try:
        template.check_existing(existing)
    except ValueError as error:
        raise InputError(
            f"{template.origin}: {error}. Map it, or match by something else."
        ) from error
    return template.model_copy(update={"existing": existing})


def as_narrow(
    request: Request, template: Template, columns: Sequence[str]
) -> tuple[Request, Template]:
    """Request and template as narrow as was asked for.

    Raises:
        InputError: a field is asked for that the template does not have.
    """
    if request.narrow is None:
        return request, template
    has = partial(has_column, columns)
    template, narrow = narrowed(template, request.narrow, has)
    return replace(request, narrow=narrow), template


def ensure_object(source: Source, template: Template) -> None:
    """Refuse an export of another kind of record than the template is for.

    Raises:
        InputError: it is one.
    """
    named = _first_reference(source, template)
    if named is None or named.type is template.object:
        return
    loadable = {ObjectType.NOTES, ObjectType.TASKS}
    way = (
        f"migrator run {named.type} FILE --to CRM"
        if named.type in loadable
        else "contacts and companies come with the deals that name them"
    )
    raise InputError(
        f"The file is an export of {named.type}, and the template {template.name} is for "
        f"{template.object}. {way[0].upper() + way[1:]}."
    )


def _first_reference(source: Source, template: Template) -> Reference | None:
    """The first record of an account that a file refers to, as an export does in each row."""
    column = column_of(source.columns, template.record or ())
    if column is None:
        return None
    # An export refers to a record in each row; a person may have added some that do not.
    first = source.scan().select(column).head(_LOOKED_AT).drop_nulls().head(1).collect()
    return Reference.parse(first.item()) if first.height else None


def naming(template: Template) -> dict[str, Any]:
    """How a template names records; two that differ in it make different records of one row."""
    key = template.key.model_dump(mode="json", by_alias=True)
    return {"object": template.object.value, "key": key}


def _kept(request: Request, folder: Path) -> Request:
    """The request in a form that a resume can read again: full paths, standard input in a file."""
    files = [_kept_file(name, request.stdin, folder) for name in request.files]
    template = Path(request.template)
    name = str(template.resolve()) if template.is_file() else request.template
    decisions = str(Path(request.decisions).absolute()) if request.decisions else None
    return replace(request, template=name, files=tuple(files), stdin=None, decisions=decisions)


def _kept_file(name: str, stdin: BinaryIO | None, folder: Path) -> str:
    if name != "-":
        return str(Path(name).absolute())
    target = folder / "standard-input"
    if stdin is not None:
        with target.open("wb") as copy:
            shutil.copyfileobj(stdin, copy)
    return str(target.absolute())


def open_request(request: Request, template: Template, folder: Path) -> Source:
    """The files of a request; what the user says about them goes before the template's word."""
    asked = {name: value for name, value in asdict(request.options).items() if value}
    from_template = {name: value for name, value in template.files.model_dump().items() if value}
    options = replace(ReadOptions(), **(from_template | asked))
    return open_source(request.files, options, folder)
