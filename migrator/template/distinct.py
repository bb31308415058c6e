"""Names that an account does not tell apart, or that another one does not take, made distinct."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from migrator.model import Pipeline, Stage

_Labelled = TypeVar("_Labelled", "Pipeline", "Stage")


@dataclass(frozen=True)
class Places:
    """Pipelines of which each has a label of its own, and so has each stage of one.

    Attributes:
        pipelines: with those labels.
        pipeline_ids: id to label, of all; none when the labels were distinct anyhow.
        stage_ids: the same of stages.
        remarks: which of them are called otherwise than they were.
    """

    pipelines: tuple[Pipeline, ...]
    pipeline_ids: Mapping[str, str] = field(default_factory=dict)
    stage_ids: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def distinct_places(pipelines: Sequence[Pipeline]) -> Places:
    """Tell pipelines, and the stages of each, apart by their ids where their labels do not.

    Two pipelines called "Sales" would become one over there, without a word.
    """
    remarks: list[str] = []
    found = []
    for pipeline in _distinct(pipelines, "pipelines", "", remarks):
        stages = _distinct(pipeline.stages, "stages", f' of "{pipeline.label}"', remarks)
        found.append(replace(pipeline, stages=tuple(stages)))
    if not remarks:
        return Places(tuple(found))
    return Places(
        tuple(found),
        {one.id: one.label for one in found},
        {stage.id: stage.label for one in found for stage in one.stages},
        tuple(remarks),
    )


def _distinct(
    things: Sequence[_Labelled], what: str, where: str, remarks: list[str]
) -> list[_Labelled]:
    counts = Counter(_folded(one.label) for one in things)
    found = [
        replace(one, label=f"{one.label} ({one.id})") if counts[_folded(one.label)] > 1 else one
        for one in things
    ]
    for label in (label for label, count in counts.items() if count > 1):
        some = [
            new.label for one, new in zip(things, found, strict=True) if _folded(one.label) == label
        ]
        names = ", ".join(f'"{name}"' for name in some)
        remarks.append(
            f"{len(some)} {what}{where} have one name: over there they are called {names}. Rename "
            "them before, or in the template that is made for the move"
        )
    return found


def _folded(label: str) -> str:
    return label.strip().casefold()


def fitting(names: Iterable[str], longest: int, *, plain: bool) -> dict[str, str]:
    """Names for those that an account does not take, no two the same and none that is there.

    Args:
        names: of fields.
        longest: characters that a name may have.
        plain: whether it is of small ASCII letters, digits and underscores, a letter first.

    >>> fitting(["größe", "groesse", "ok"], 50, plain=True)
    {'größe': 'gro_e'}
    """
    known = list(dict.fromkeys(names))
    wanted = {name: (_plain(name) if plain else name)[:longest] for name in known}
    taken = {name for name in known if wanted[name] == name}
    found = {}
    for name in known:
        if wanted[name] == name:
            continue
        base, number = wanted[name].rstrip("_") or wanted[name], 2
        free = base
        while free in taken:
            end = f"_{number}"
            free, number = base[: longest - len(end)] + end, number + 1
        taken.add(free)
        found[name] = free
    return found


def _plain(name: str) -> str:
    if re.fullmatch(r"[a-z][a-z0-9_]*", name):
        return name
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "replace").decode()
    text = re.sub(r"[^a-z0-9]+", "_", letters.casefold()).strip("_")
    return text if text[:1].isalpha() else f"field_{text}".rstrip("_")
