"""Which characters a file's bytes stand for, decided over the whole file, and as UTF-8."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.errors import InputError, SourceError

if TYPE_CHECKING:
    from pathlib import Path

_BLOCK = 1 << 20
_HEAD = 1 << 16
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROL = re.compile("[\x01-\x08\x0e-\x1f]")


@dataclass(frozen=True, slots=True)
class Encoding:
    """A file's encoding, whether a byte order mark says so, and why it is taken for that."""

    name: str
    bom: bool
    reason: str


def guess_encoding(name: str, path: Path, wanted: str | None) -> Encoding:
    """What the beginning says: as told, a byte order mark, UTF-16's zeros, else UTF-8.

    UTF-8 is a guess that reading the whole file has to confirm, see :func:`find_encoding`.

    Raises:
        SourceError: ``wanted`` is no encoding, or this is no text.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    marked = next((found for bom, found in _BOMS if head.startswith(bom)), None)
    if wanted is not None:
        chosen = _known(wanted, marked)
        return Encoding(chosen, marked == chosen, "as told")
    if marked is not None:
        return Encoding(marked, bom=True, reason="by its byte order mark")
    if (wide := _wide(head)) is not None:
        return Encoding(wide, bom=False, reason="by its zero bytes")
    if 20 * head.count(0) > len(head):
        raise _no_text(name)
    return Encoding("utf-8", bom=False, reason="every byte fits")


def find_encoding(name: str, path: Path, guess: Encoding, fault: tuple[int, int]) -> Encoding:
    """The encoding of a file that was guessed to be UTF-8 and is not: cp1252, or none.

    ``fault`` is the first byte that tells, see :func:`first_fault`.

    Raises:
        SourceError: the file says that it is UTF-8, is so but for a few bytes, or is no text.
    """
    line, byte = fault
    if guess.bom or guess.reason == "as told":
        raise misfit(name, guess, line, byte)
    with path.open("rb") as file:
        if b"\x00" in file.read(_HEAD):
            raise _no_text(name)
    _refuse_damaged(name, path, line, byte)
    return Encoding("cp1252", bom=False, reason=f"not UTF-8: byte 0x{byte:02X} in line {line:,}")


def _no_text(name: str) -> SourceError:
    return SourceError(
        f"{name} is not a text file: it has zero bytes and is neither UTF-8 nor UTF-16. Export the"
        " records as CSV, XLSX, Parquet or NDJSON."
    )


def misfit(name: str, encoding: Encoding, line: int, byte: int) -> SourceError:
    """The error for a byte that stands for nothing."""
    return SourceError(
        f"{name}, line {line:,}: byte 0x{byte:02X} stands for no character in {encoding.name}"
        f" ({encoding.reason}). Say how the file is encoded, for example --encoding utf-8, cp1250,"
        " latin-1 or mac-roman, or mend that line."
    )


def to_utf8(name: str, path: Path, encoding: Encoding, target: Path) -> None:
    """Write ``path`` as UTF-8 without byte order mark; line ends stay as they are.

    Raises:
        SourceError: a byte stands for nothing in this encoding; its line is named.
        InputError: ``target`` cannot be written.
    """
    decoder = codecs.getincrementaldecoder(encoding.name)()
    try:
        with path.open("rb") as file, target.open("wb") as out:
            first = True
            while block := file.read(_BLOCK):
                text = decoder.decode(block)
                out.write((text.removeprefix("\ufeff") if first else text).encode())
                first = first and not text
            out.write(decoder.decode(b"", final=True).encode())
    except UnicodeError as error:
        line, byte = first_fault(path, encoding.name) or (1, 0)
        raise misfit(name, encoding, line, byte) from error
    except OSError as error:
        raise InputError(
            f"{target}: the working copy of {name} cannot be written: {error.strerror or error}."
            " Free some space there and start again."
        ) from error


def first_fault(path: Path, encoding: str) -> tuple[int, int] | None:
    """1-based line and value of the first byte that does not fit, None when all do."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    with path.open("rb") as file:
        while True:
            block = file.read(_BLOCK)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                good = error.object[: error.start].decode(encoding)
                return line + good.count("\n"), error.object[error.start]
            if not block:
                return None
            line += text.count("\n")


def _known(wanted: str, marked: str | None) -> str:
    """Python's name of an encoding; one that leaves the byte order open takes it of the mark."""
    try:
        name = codecs.lookup(wanted).name
        # Codecs such as base64 are no encodings of text: these refuse a string.
        "".encode(name)
    except LookupError as error:
        raise SourceError(
            f'There is no text encoding "{wanted}". Say, for example, utf-8, cp1252, utf-16 or'
            " latin-1."
        ) from error
    if name in {"utf-16", "utf-32"}:
        return marked if marked and marked.startswith(name) else f"{name}-le"
    return "utf-8" if name == "utf-8-sig" else name


def _wide(head: bytes) -> str | None:
    """UTF-16 without a byte order mark: zeros in every other place, and text if read so."""
    pairs = len(head) // 2
    for name, high, low in (
        ("utf-16-le", head[1::2].count(0), head[0::2].count(0)),
        ("utf-16-be", head[0::2].count(0), head[1::2].count(0)),
    ):
        if high > 0.3 * pairs and low < 0.02 * pairs:
            text = head.decode(name, "ignore")
            return None if _CONTROL.search(text) else name
    return None


def _refuse_damaged(name: str, path: Path, line: int, byte: int) -> None:
    """Tell UTF-8 with a few bad bytes from cp1252, which would garble every other accent.

    In cp1252 text a high byte hardly ever has the followers that UTF-8 asks for.

    Raises:
        SourceError: most accents are good UTF-8.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    sequences = bad = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            text = decoder.decode(block)
            damaged = text.count("\ufffd")
            bad += damaged
            sequences += len(text) - len(text.encode("ascii", "ignore")) - damaged
    if sequences > bad:
        raise SourceError(
            f"{name}, line {line:,}: byte 0x{byte:02X} is not UTF-8, although {sequences:,} other"
            " characters of the file are. Mend that line, or say --encoding cp1252 to read all of"
            " it so."
        )
