"""The report of a load of the sample export, opened as a client opens it."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.picture import loaded
from tests.signing import Signer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

WIDE, NARROW = 1280, 400
TOO_WIDE = """() => [...document.querySelectorAll("body *")]
  .filter(one => !one.closest(".chart, thead, .patterns"))
  .filter(one => getComputedStyle(one).display !== "inline")
  .filter(one => one.getBoundingClientRect().right > innerWidth + 1
    || one.scrollWidth > one.clientWidth + 1)
  .map(one => `${one.tagName}.${one.className} ${one.textContent.trim().slice(0, 40)}`)"""
"""Elements that stick out to the right, or have content that does."""


@dataclass
class Opened:
    """A page, with what was heard of it while it opened."""

    page: Page
    said: list[str]
    asked: list[str]


@dataclass
class Run:
    """A run of the sample, verified.

    Attributes:
        stages: labels by the account's ids.
    """

    signer: Signer
    id: str
    stages: dict[str, str]

    @property
    def path(self) -> Path:
        """Its page."""
        return self.signer.run_folder(self.id) / "report.html"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The sample export in a sandbox, read back.

    It is made before the browser, whose driver runs an event loop of its own from then on.
    """
    signer = Signer(tmp_path_factory.mktemp("run"))
    run_id = loaded(signer)
    pipelines = signer.account().pipelines
    return Run(signer, run_id, {stage.id: stage.label for one in pipelines for stage in one.stages})


@pytest.fixture(scope="module")
def window(run: Run, browser: Browser) -> Browser:
    """The browser, started when the run is done."""
    assert run.path.exists()
    return browser


@pytest.fixture(params=[WIDE, NARROW])
def opened(window: Browser, run: Run, request: pytest.FixtureRequest) -> Iterator[Opened]:
    """The page in a window of that width, offline."""
    context = window.new_context(viewport={"width": request.param, "height": 900}, offline=True)
    heard = Opened(context.new_page(), [], [])
    heard.page.on("console", lambda message: heard.said.append(f"{message.type}: {message.text}"))
    heard.page.on("pageerror", lambda error: heard.said.append(str(error)))
    heard.page.on("request", lambda asked: heard.asked.append(asked.url))
    heard.page.goto(run.path.as_uri())
    heard.page.wait_for_load_state("networkidle")
    yield heard
    context.close()


def test_it_opens_without_a_word_and_without_a_network(opened: Opened, run: Run) -> None:
    """No message on the console, no request but the file itself, and the verdict is there."""
    assert opened.said == []
    assert [url for url in opened.asked if not url.startswith("data:")] == [run.path.as_uri()]
    sentence = run.signer.data(run.id)["verdict"]["sentence"]
    assert opened.page.inner_text("#verdict") == sentence
    assert "every field agrees" in sentence


def test_nothing_sticks_out(opened: Opened) -> None:
    """On a large screen and on a telephone, nothing has to be scrolled sideways but pictures."""
    width = opened.page.evaluate("document.documentElement.scrollWidth")
    assert width == opened.page.evaluate("innerWidth")
    assert opened.page.evaluate(TOO_WIDE) == []


def amount(text: str) -> Decimal:
    """An amount as the page writes it."""
    return Decimal(re.sub(r"[^\d.]", "", text) or "0")


def cells(page: Page, row: str) -> dict[str, str]:
    """What a row of a table says, by column; a column that is there twice says both."""
    found: dict[str, str] = {}
    for cell in page.locator(f"{row} td").all():
        name = str(cell.get_attribute("data-label"))
        found[f"{name} after" if name in found else name] = str(cell.text_content()).strip()
    return found


def account(run: Run) -> tuple[dict[str, Decimal], dict[tuple[str, str], Decimal]]:
    """What the sandbox itself holds: money by currency, and by stage and currency."""
    money: dict[str, Decimal] = {}
    by_stage: dict[tuple[str, str], Decimal] = {}
    for deal in run.signer.sandbox.records("deals"):
        code, value = deal["deal_currency_code"], Decimal(deal.get("amount") or 0)
        key = run.stages[deal["dealstage"]], code
        money[code] = money.get(code, Decimal(0)) + value
        by_stage[key] = by_stage.get(key, Decimal(0)) + value
    return money, by_stage


def test_its_sums_are_the_accounts_own(opened: Opened, run: Run) -> None:
    """Rows and money, in all and by stage, equal the sandbox's store and the report.json."""
    page, data = opened.page, run.signer.data(run.id)
    money, by_stage = account(run)
    assert len(money) == 3
    deals = run.signer.sandbox.records("deals")
    steps = {one["name"]: one for one in data["waterfall"]}
    for name in ("account", "verified"):
        row = cells(page, f'[data-step="{name}"]')
        assert int(row["Rows"].replace(",", "")) == len(deals) == steps[name]["rows"]
        assert {code: amount(row[code]) for code in money} == money
        assert {code: Decimal(told) for code, told in steps[name]["money"].items()} == money
    stages: Counter[str] = Counter()
    for line in data["stages"]:
        row = cells(page, f'[data-stage="{line["stage"]}"]')
        after = amount(row["deals after"])
        assert after == (line["after"]["rows"] if line["after"] else 0)
        stages[line["stage"]] = int(after)
        for code in money:
            assert amount(row[f"{code} after"]) == by_stage.get((line["stage"], code), Decimal(0))
    assert stages.total() == len(deals)


def test_what_left_the_source_arrived_or_was_turned_down(opened: Opened, run: Run) -> None:
    """On the page itself, source less rejected is what was created, in rows and each currency."""
    steps = {name: cells(opened.page, f'[data-step="{name}"]') for name in ("source", "rejected")}
    created = cells(opened.page, '[data-step="created"]')
    for column in ("Rows", "EUR", "GBP", "USD"):
        left = amount(steps["source"][column]) - amount(steps["rejected"][column])
        assert left == amount(created[column])


def test_links_lead_to_files_that_are_there(opened: Opened, run: Run) -> None:
    """Each file of the run is beside the page."""
    links: list[str] = opened.page.eval_on_selector_all(
        "#files a", "found => found.map(one => one.getAttribute('href'))"
    )
    assert {"id_map.csv", "rejects.csv", "report.json"} <= set(links)
    assert all((run.path.parent / link).stat().st_size for link in links)


def test_it_prints_on_a4(window: Browser, run: Run, tmp_path: Path) -> None:
    """A PDF has some A4 pages, the last of which has room to sign."""
    page = window.new_page()
    page.goto(run.path.as_uri())
    page.emulate_media(media="print")
    made = page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    page.close()
    boxes: list[tuple[Any, ...]] = re.findall(
        rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", _objects(made)
    )
    assert 3 <= len(boxes) <= 12
    for wide, high in boxes:
        assert abs(float(wide) - 595) < 2
        assert abs(float(high) - 842) < 2


def _objects(pdf: bytes) -> bytes:
    """A PDF's text with its packed object streams opened."""
    text = pdf
    for packed in re.findall(rb"/ObjStm.*?stream\r?\n(.*?)endstream", pdf, flags=re.DOTALL):
        text += zlib.decompressobj().decompress(packed)
    return text


@pytest.mark.parametrize("media", ["screen", "print"])
def test_a_picture_of_it_shows_something(
    window: Browser, run: Run, tmp_path: Path, media: str
) -> None:
    """A screenshot of each picture is no blank: bars are drawn, dark ones and hatched ones."""
    page = window.new_page(viewport={"width": WIDE, "height": 900})
    page.goto(run.path.as_uri())
    page.emulate_media(media="screen" if media == "screen" else "print")
    pictures = page.locator(".chart svg").all()
    assert len(pictures) >= 6
    for at, picture in enumerate(pictures):
        shot = picture.screenshot(path=tmp_path / f"{at}.png")
        assert len(shot) > 3_000  # a blank one of that size takes a few hundred bytes
    fills: list[str] = page.eval_on_selector_all(
        ".chart rect.rect", "found => found.map(one => getComputedStyle(one).fill)"
    )
    assert "rgb(31, 63, 95)" in fills
    assert any("#hatch" in fill for fill in fills)
    page.close()
