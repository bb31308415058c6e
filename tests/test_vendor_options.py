"""What a user may set about a CRM."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migrator.errors import InputError
from migrator.vendors.registry import names, product
from tests.support import Rehearsal, deals

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", names())
def test_every_option_has_a_default_and_a_description(name: str) -> None:
    """A product without options is the product itself; every option says what it does."""
    found = product(name)
    assert found.configure({}).rates == found.rates
    for field in found.options.model_fields.values():
        assert field.description
        assert not field.is_required()


@pytest.mark.parametrize("name", names())
def test_an_unknown_option_is_refused(name: str) -> None:
    """A typing error is told, with the options that there are."""
    with pytest.raises(InputError, match='no option "colour"'):
        product(name).configure({"colour": "red"})


def test_a_value_that_cannot_be_is_refused_with_what_can() -> None:
    """The option's description says what it may be."""
    with pytest.raises(InputError, match=r'"v0".*v3, v4 or a date'):
        product("hubspot").configure({"api_version": "v0"})
    with pytest.raises(InputError, match='Did you mean "associations"'):
        product("hubspot").configure({"assocations": "v1"})


def test_a_deprecated_option_is_warned_of(tmp_path: Path) -> None:
    """Whoever chooses the v1 associations is told when they end, at every plan."""
    rehearsal = Rehearsal(tmp_path, settings={"associations": "v1"})
    rehearsal.plan(rehearsal.template(), rehearsal.source(deals(1)))
    assert any("September 2027" in line for line in rehearsal.said)
    usual = Rehearsal(tmp_path / "usual")
    usual.folder.mkdir()
    usual.plan(usual.template(), usual.source(deals(1)))
    assert not any("September 2027" in line for line in usual.said)


def test_the_options_of_a_run_are_those_of_its_resume(tmp_path: Path) -> None:
    """What a run was planned with is in the journal."""
    rehearsal = Rehearsal(tmp_path, settings={"api_version": "v3"})
    run = rehearsal.plan(rehearsal.template(), rehearsal.source(deals(1))).run
    assert run.settings["vendor_options"] == {"api_version": "v3"}
