"""``--leave`` and ``--wait`` on a command line."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from migrator.cli.access import Access, Percentage, access
from migrator.runs.target import Target
from migrator.vendors.registry import product

TARGET = Target(product("hubspot"), "https://crm.test", "secret")


@click.command()
@access
def command(access: Access) -> None:
    """Show what a command would do with an account."""
    target = access.to("hubspot", {})
    click.echo(f"{target.share:.4g} {target.patient} {target.base_url}")


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ([], "1 False"),
        (["--leave", "20%"], "0.8 False"),
        (["--leave", "20", "--wait"], "0.8 True"),
        (["--leave=2.5 %"], "0.975 False"),
        (["--leave", "0%"], "1 False"),
        (["--leave", "99%"], "0.01 False"),
    ],
)
def test_options_make_a_budget(options: list[str], shown: str) -> None:
    """What is left to others is not ours; without options all is, and nobody waits for days."""
    environment = {"HUBSPOT_TOKEN": "secret", "HUBSPOT_BASE_URL": "https://crm.test"}
    result = CliRunner(env=environment).invoke(command, options)
    assert result.output == f"{shown} https://crm.test\n"


@pytest.mark.parametrize("text", ["100%", "120", "-5%", "a fifth", "", "0.2.1", "20 percent"])
def test_what_is_no_percentage(text: str) -> None:
    """It is refused with an example, before anything is done."""
    result = CliRunner().invoke(command, ["--leave", text])
    assert result.exit_code == 2
    assert "such as 20%" in result.output


def test_an_account_is_used_whole_unless_told_otherwise() -> None:
    """A target without a budget may spend all of the quota, and stops where that takes hours."""
    assert (TARGET.share, TARGET.patient) == (1.0, False)
    assert Percentage().convert(0.25, None, None) == 0.25
