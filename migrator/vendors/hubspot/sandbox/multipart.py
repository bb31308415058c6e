"""Reads ``multipart/form-data`` bodies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from migrator.vendors.hubspot.sandbox.answers import Refusal, malformed

if TYPE_CHECKING:
    from migrator.vendors.hubspot.sandbox.answers import Call

_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
_NAME = re.compile(r'[;\s]name="([^"]*)"')
_FILE_NAME = re.compile(r'[;\s]filename="([^"]*)"')


class Part(NamedTuple):
    """One field of a form; a plain field has no file name."""

    name: str
    file_name: str | None
    content: bytes


def parts(call: Call) -> list[Part]:
    """The fields of a form in their order, one name possibly several times.

    Raises:
        Refusal: the body is no form, or no boundary tells where its parts end.
    """
    if not call.content_type:
        # UNCERTAIN: that it must be a form is documented, the status of the refusal is not.
        raise Refusal(415, "VALIDATION_ERROR", "HTTP 415 Unsupported Media Type")
    boundary = _BOUNDARY.search(call.content_type)
    if boundary is None:
        raise malformed("the form has no boundary.")
    line = b"\r\n--" + boundary[1].encode("latin-1")
    found = []
    # The first boundary has no line break before it; with one put there, all are alike.
    for piece in (b"\r\n" + call.content).split(line)[1:]:
        head, blank, content = piece.partition(b"\r\n\r\n")
        headers = head.decode("utf-8", "replace")
        name = _NAME.search(headers)
        if blank and name is not None:
            file_name = _FILE_NAME.search(headers)
            found.append(Part(name[1], file_name[1] if file_name else None, content))
    return found
