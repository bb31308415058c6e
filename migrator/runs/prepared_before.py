"""What preparing a source came to, kept in the run's folder: a resume need not do it again.

A resume reads the files and the template again, every byte of them, and so knows whether they are
the same. Then the same version of migrator would make the same records of them, and does not: it
takes those that it has made, if they are to the last byte as it has left them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from migrator import __version__
from migrator.prepare import MEMBERS, REJECTIONS, Prepared

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from pathlib import Path

    from migrator.files import ReadOptions, Source
    from migrator.template import Template

FILE = "prepared.json"
"""File in a run's folder."""

_PATHS = ("records", "rejections")
_PART = 1 << 25
"""Bytes of a file that are taken together for its digest."""
_BLOCK = 1 << 20


def keep_prepared(
    prepared: Prepared, template: Template, source: Source, options: ReadOptions
) -> None:
    """Note in the folder of prepared records what they were made of, and what they are.

    Where that cannot be written, a resume prepares the source again.
    """
    told = {name: value for name, value in asdict(prepared).items() if name not in _PATHS}
    data = {
        "of": _origin(template, source, options),
        "files": {name: getattr(prepared, name).name for name in _PATHS},
        "digests": _digests(prepared.records.parent, prepared.records.name),
        "told": told,
    }
    target = prepared.records.with_name(FILE)
    half = target.with_suffix(".new")
    with contextlib.suppress(OSError):
        half.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        half.replace(target)  # whole, or not there


def kept_prepared(
    folder: Path, template: Template, source: Source, options: ReadOptions
) -> Prepared | None:
    """What was prepared in a folder of the very same inputs; None = prepare them."""
    try:
        data = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if data["of"] != _origin(template, source, options):
            return None
        paths = {name: folder / data["files"][name] for name in _PATHS}
        if data["digests"] != _digests(folder, paths["records"].name):
            return None
        told = data["told"]
        told |= {name: tuple(told[name]) for name in ("notices", "decisions")}
        return Prepared(**paths, **told)
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _origin(template: Template, source: Source, options: ReadOptions) -> Any:  # noqa: ANN401 - plain data
    """All that decides what is made of a source, as it comes back from JSON."""
    of = {
        "migrator": __version__,
        "template": template.fingerprint,
        "source": source.fingerprint,
        "names": source.names,
        "columns": source.columns,
        "options": asdict(options),
    }
    return json.loads(json.dumps(of))


def _digests(folder: Path, records: str) -> dict[str, str]:
    paths = [folder / name for name in (records, REJECTIONS, MEMBERS)]
    with ThreadPoolExecutor() as pool:
        return {path.name: _digest(path, pool) for path in paths if path.exists()}


def _digest(path: Path, pool: Executor) -> str:
    """Of the digests of parts, so that all cores work at it."""
    starts = range(0, path.stat().st_size, _PART)
    parts = pool.map(partial(_digest_of_part, path), starts)
    return hashlib.sha256(b"".join(parts)).hexdigest()


def _digest_of_part(path: Path, start: int) -> bytes:
    digest, left = hashlib.sha256(), _PART
    with path.open("rb") as stream:
        stream.seek(start)
        while block := stream.read(min(left, _BLOCK)):
            digest.update(block)
            left -= len(block)
    return digest.digest()
