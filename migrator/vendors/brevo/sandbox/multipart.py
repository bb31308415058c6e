"""Reads ``multipart/form-data`` bodies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from migrator.vendors.brevo.sandbox.answers import bad

if TYPE_CHECKING:
    from migrator.vendors.brevo.sandbox.answers import Call

_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
_NAME = re.compile(r'\bname="([^"]*)"')
_FILE_NAME = re.compile(r'\bfilename="([^"]*)"')


class Part(NamedTuple):
    """One field of a form."""

    content: bytes
    file_name: str | None


def parts(call: Call) -> dict[str, Part]:
    """The fields of a form by name; a body that is none is a 400."""
    boundary = _BOUNDARY.search(call.content_type)
    if not call.content_type.lower().startswith("multipart/form-data") or boundary is None:
        raise bad("Content-Type should be multipart/form-data")
    line = b"--" + boundary[1].encode("latin-1")
    found = {}
    # The first boundary has no line break before it; with one put there, all are alike.
    for piece in (b"\r\n" + call.content).split(b"\r\n" + line)[1:]:
        head, blank, content = piece.partition(b"\r\n\r\n")
        name = _NAME.search(head.decode("utf-8", "replace"))
        if blank and name is not None:
            file_name = _FILE_NAME.search(head.decode("utf-8", "replace"))
            found[name[1]] = Part(content, file_name[1] if file_name else None)
    return found
