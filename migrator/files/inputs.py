"""From what the user named to readable files: patterns, standard input, compression, format."""

from __future__ import annotations

import gzip
import json
import shutil
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO

import zstandard

from migrator.errors import InputError, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STDIN = "standard input"
FORMATS = ("csv", "parquet", "xlsx", "ndjson")
_HEAD = 4096
_BLOCK = 1 << 20

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZIP = b"PK\x03\x04"
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_FOREIGN = (
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"{\\rtf", "an RTF document"),
    (b"\x7fELF", "a program"),
)


@dataclass(frozen=True, slots=True)
class Input:
    """A file to read: its ``name`` for messages, ``original`` bytes, and ``path`` unpacked."""

    name: str
    original: Path
    path: Path
    format: str
    compression: str | None


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Turn the system's refusal to read a file into a ``SourceError`` that names it."""
    try:
        yield
    except PermissionError as error:
        raise SourceError(
            f"{name}: no permission to read it. Change its access rights, or run as a user who"
            " may read it."
        ) from error
    except FileNotFoundError as error:
        raise SourceError(
            f"{name}: no such file. Check the spelling; a relative path starts at the current"
            " folder."
        ) from error
    except IsADirectoryError as error:
        raise SourceError(
            f'{name} is a folder, not a file. To read the files in it, name them: "{name}/*.csv".'
        ) from error
    except OSError as error:
        raise InputError(f"{name}: it cannot be read: {error.strerror or error}.") from error


def find_paths(patterns: Sequence[str | Path]) -> list[tuple[str, Path | None]]:
    """Name and path of every file meant; None is standard input.

    The files of one pattern are sorted by name; a file named twice is read once.

    Raises:
        SourceError: nothing was named, or a pattern matches no file.
    """
    found: dict[str, Path | None] = {}
    for pattern in patterns:
        text = str(pattern)
        if text == "-":
            found[STDIN] = None
        elif has_magic(text) and not Path(text).exists():
            matches = sorted(match for match in glob(text, recursive=True) if Path(match).is_file())  # noqa: PTH207  (an absolute pattern is beyond Path.glob)
            if not matches:
                raise SourceError(
                    f"{text}: no file matches this pattern. Check the folder and the ending; in a"
                    " shell, put the pattern in quotes."
                )
            found.update((match, Path(match)) for match in matches)
        else:
            found[text] = Path(text)
    if not found:
        raise SourceError(
            "No file was named. Name at least one file, a pattern such as '*.csv' or -."
        )
    return list(found.items())


def open_input(
    name: str,
    path: Path | None,
    stdin: BinaryIO | None,
    scratch: Path,
    wanted: str | None,
) -> Input:
    """Spool standard input, unpack, and tell the format by content, then by suffix.

    Raises:
        SourceError: the file is missing, empty, unreadable, damaged or of no format we read.
        InputError: ``scratch`` cannot hold the unpacked bytes.
    """
    if path is None:
        if stdin is None:
            raise SourceError("Standard input was named (-), but there is none to read.")
        path = scratch / "standard-input"
        _spool(stdin, path)
    with reading(name), path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise SourceError(f"{name}: the file is empty (0 bytes). Export it again.")
    unpacked, compression = path, None
    if head.startswith((_GZIP, _ZSTD)):
        compression = "gzip" if head.startswith(_GZIP) else "zstd"
        unpacked = scratch / f"{path.name}.unpacked"
        _unpack(name, path, unpacked, compression)
        with unpacked.open("rb") as file:
            head = file.read(_HEAD)
        if not head:
            raise SourceError(f"{name}: there is nothing inside this {compression} file.")
    return Input(name, path, unpacked, _format(name, unpacked, head, wanted), compression)


def _spool(stream: IO[bytes], target: Path) -> None:
    try:
        with target.open("wb") as out:
            shutil.copyfileobj(stream, out, _BLOCK)
    except OSError as error:
        raise InputError(
            f"{target}: the working copy cannot be written: {error.strerror or error}. Free some"
            " space there and start again."
        ) from error


def _unpack(name: str, path: Path, target: Path, compression: str) -> None:
    """Decompress in blocks; the whole stream must be there."""
    try:
        with reading(name), path.open("rb") as file:
            if compression == "gzip":
                with gzip.GzipFile(fileobj=file) as stream:
                    _spool_packed(stream, target)
            else:
                _spool_zstd(file, target)
    except (EOFError, zlib.error, gzip.BadGzipFile, zstandard.ZstdError) as error:
        raise SourceError(
            f"{name}: this {compression} file is cut short or damaged ({error}). Copy it again in"
            " full; nothing of it was used."
        ) from error


def _spool_packed(stream: gzip.GzipFile, target: Path) -> None:
    """Copy, telling a damaged stream (an ``OSError`` too) from a full disk."""
    with target.open("wb") as out:
        while True:
            try:
                block = stream.read(_BLOCK)
            except gzip.BadGzipFile as error:
                raise EOFError(str(error)) from error
            if not block:
                return
            _write(out, block, target)


def _spool_zstd(file: BinaryIO, target: Path) -> None:
    """Decompress all frames; unlike the library's reader, refuse one that has no end."""
    with target.open("wb") as out:
        unpacker = zstandard.ZstdDecompressor().decompressobj()
        pending = file.read(_BLOCK)
        while pending:
            _write(out, unpacker.decompress(pending), target)
            if unpacker.eof:
                pending = unpacker.unused_data or file.read(_BLOCK)
                if pending:
                    unpacker = zstandard.ZstdDecompressor().decompressobj()
            else:
                pending = file.read(_BLOCK)
        if not unpacker.eof:
            raise EOFError("the stream has no end")


def _write(out: IO[bytes], block: bytes, target: Path) -> None:
    try:
        out.write(block)
    except OSError as error:
        raise InputError(
            f"{target}: the unpacked copy cannot be written: {error.strerror or error}. Free some"
            " space there and start again."
        ) from error


def _format(name: str, path: Path, head: bytes, wanted: str | None) -> str:
    """The format by content; ``wanted`` wins, except over bytes that are no table at all."""
    if wanted is not None and wanted not in FORMATS:
        raise SourceError(f'There is no format "{wanted}"; say one of {", ".join(FORMATS)}.')
    _refuse_foreign(name, path, head)
    if wanted is not None:
        return wanted
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(_ZIP):
        return "xlsx"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    suffixes = {suffix.lower() for suffix in Path(name).suffixes}
    if suffixes & {".ndjson", ".jsonl"} or (text.startswith(b"{") and _is_object(text)):
        return "ndjson"
    for suffix in ("parquet", "xlsx"):
        if f".{suffix}" in suffixes:
            raise SourceError(
                f"{name}: the name says {suffix}, but the content is something else, or its"
                " beginning is missing. Export it again, or rename it to what it is."
            )
    return "csv"


def _is_object(text: bytes) -> bool:
    """Whether the first line is a JSON object (or the beginning of a very long one)."""
    line, newline, _ = text.partition(b"\n")
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return not newline and len(text) > _HEAD // 2


def _refuse_foreign(name: str, path: Path, head: bytes) -> None:
    """Name what is surely not a table.

    Raises:
        SourceError: it is a picture, a document, an archive, an old or a locked workbook.
    """
    for magic, what in _FOREIGN:
        if head.startswith(magic):
            raise SourceError(f"{name} is {what}, not a table. {_WAY_OUT}")
    if head.startswith(_OLE2):
        _refuse_ole2(name, path)
    if head.startswith(_ZIP) and not _is_workbook(name, path):
        raise SourceError(f"{name} is a zip archive. Unpack it and name the file inside.")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] == b"[" and text[1:].lstrip()[:1] in {b"{", b"]"}:
        raise SourceError(
            f"{name} is one JSON array, not NDJSON. Write one object a line, for example with"
            " jq -c '.[]'."
        )
    if text[:15].lower().startswith((b"<!doctype html", b"<html", b"<table", b"<?xml")):
        raise SourceError(f"{name} is an HTML or XML page, whatever its name says. {_WAY_OUT}")


_WAY_OUT = "Export the records as CSV, XLSX, Parquet or NDJSON."


def _refuse_ole2(name: str, path: Path) -> None:
    with reading(name):
        locked = "EncryptedPackage".encode("utf-16-le") in path.read_bytes()
    if locked:
        raise SourceError(
            f"{name}: the workbook is protected by a password. Save a copy without one"
            " (File > Info > Protect Workbook) and name the copy."
        )
    raise SourceError(
        f"{name} is a workbook of the old .xls kind. Open it and save it as .xlsx or CSV."
    )


def _is_workbook(name: str, path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(member.startswith("xl/workbook") for member in archive.namelist())
    except zipfile.BadZipFile as error:
        raise SourceError(
            f"{name}: this workbook or zip archive is cut short or damaged. Copy it again in full."
        ) from error
