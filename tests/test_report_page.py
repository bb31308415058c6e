"""The page of a report: whole without a network, inert whatever the data say, true to the JSON."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrator.report import OUTCOMES, Report, charts
from migrator.report.page import page
from migrator.report.statement import (
    Change,
    Download,
    Example,
    FieldLine,
    Happened,
    Heap,
    Mapped,
    Moment,
    Moved,
    Reason,
    Setting,
    StageLine,
    Standing,
    Statement,
    Step,
    Traffic,
    Turn,
    Verdict,
    Verified,
    Window,
)
from migrator.report.verdict import verdict
from migrator.report.words import span

if TYPE_CHECKING:
    from collections.abc import Mapping

VOID = {"meta", "link", "br", "wbr", "img", "hr", "input"}
EVIL = "</td></svg><script>alert(1)</script><img src=http://evil.test/x onerror=alert(2)>\"'&"


class Parsed(HTMLParser):
    """Every tag with its attributes, the text, and whether tags are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.crossed: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag that is closed at once."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Check the order."""
        if not self.open or self.open.pop() != tag:
            self.crossed.append(tag)

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text.append(data)

    def attributes(self, name: str) -> list[str]:
        """All values of an attribute."""
        return [
            value or "" for _, attrs in self.tags for key, value in attrs.items() if key == name
        ]


def books(**rows: int) -> Report:
    """Books of a finished run."""
    counts = dict.fromkeys(OUTCOMES, 0) | rows
    return Report("2026-11-22-1004-k7m2", "finished", "v", "42", "t", sum(counts.values()), counts)


def statement(text: str = "Deal", **parts: Any) -> Statement:
    """A statement with something in every part; ``text`` wherever data are put."""
    own = books(created=9, rejected=1)
    own.template, own.account, own.remarks = text, text, [text]
    money = {"EUR": Decimal("10.50"), "": Decimal(3)}
    heap = Heap(9, money)
    made = Statement(
        books=own,
        title=text,
        made_at="2026-11-22T10:04:31+00:00",
        version="0.1.0",
        of="deals",
        verdict=Verdict(Standing.GOOD, text),
        by="verify",
        complete=True,
        waterfall=(
            Step("source", Turn.WHOLE, 10, money, 1),
            Step("rejected", Turn.OUT, 1, {"EUR": Decimal("0.50")}),
            Step("created", Turn.IN, 9, {"EUR": Decimal(10), "": Decimal(3)}),
            Step("account", Turn.WHOLE, 9, {"EUR": Decimal(10), "": Decimal(3)}),
            Step("verified", Turn.CHECKED, 9, {"EUR": Decimal(10), "": Decimal(3)}),
        ),
        stages=(StageLine(text, (text,), heap, heap), StageLine("", (), None, heap)),
        moved=(Moved(text, text, text, 1, money), Moved("", "", "", 1)),
        owner_map=(Mapped(text, text, text, 9, 1, money),),
        reasons=(
            Reason("rejected", text, 1, money, (Example(3, text, text, text),)),
            Reason("refused", text, 1, {}, (), text),
        ),
        changes=(Change(text, text, text, 3), Change("stage", "", "", 1)),
        requests=(
            Traffic(
                "write",
                text,
                "2026-11-22T10:04:31+00:00",
                1,
                4,
                1,
                tuple(Moment(at, 1, 0) for at in range(4)),
                (Window(10, 100, 50, 4),),
            ),
            Traffic("else", "", "2026-11-22T10:04:31+00:00", 1, 1, 0, (Moment(0, 1, 0),), ()),
        ),
        fields=(
            FieldLine((text,), text, 9, 10, 9, 9),
            FieldLine((text,), "", 9, 10, None, 9, text),
        ),
        downloads=(Download(text, text, 10, text),),
        made_with=(Setting(text, text),),
        history=(Happened("2026-11-22T10:04:31+00:00", text),),
    )
    return replace(made, **parts)


def test_data_are_inert() -> None:
    """Markup in a name, a value or a reason is text on the page, and starts nothing."""
    made = page(statement(EVIL))
    found = Parsed(made)
    names = [tag for tag, _ in found.tags]
    assert "script" not in names
    assert "img" not in names
    assert not [attrs for _, attrs in found.tags for name in attrs if name.startswith("on")]
    assert "<script>alert(1)</script>" in "".join(found.text)
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert policy in found.attributes("content")


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1))
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
def test_any_text_leaves_the_page_whole(text: str) -> None:
    """Whatever the data say, tags are closed in their order and their number is the same."""
    found = Parsed(page(statement(text)))
    assert not found.crossed
    assert not found.open
    tables = [tag for tag, _ in found.tags if tag == "table"]
    assert len(tables) == 9


def test_nothing_is_fetched() -> None:
    """No address but of the run's own files, no style, script, font or picture from elsewhere."""
    made = page(statement("Deal"), "../runs/r 1")
    found = Parsed(made)
    links = {*found.attributes("href"), *found.attributes("src"), *found.attributes("xlink:href")}
    assert links == {"data:,", "../runs/r%201/Deal"}
    outside = re.findall(r"(?:https?:)?//[\w.]+", made)
    assert set(outside) <= {"http://www.w3.org"}  # the name of SVG's own language
    assert "@import" not in made
    assert re.findall(r"url\((?!#)", made) == []


def test_pictures_have_their_text() -> None:
    """Each picture has a title that says what it shows; each table a caption; each id is one."""
    found = Parsed(page(statement()))
    pictures = [attrs for tag, attrs in found.tags if tag == "svg" and attrs.get("role") == "img"]
    assert len(pictures) == 6  # waterfall, rows and two currencies by stage, requests, fields
    ids = found.attributes("id")
    assert len(ids) == len(set(ids))
    assert all(attrs["aria-labelledby"] in ids for attrs in pictures)
    assert all(name in ids for name in found.attributes("aria-labelledby"))
    tags = [tag for tag, _ in found.tags]
    assert tags.count("caption") == tags.count("table")
    assert tags.count("h1") == 1
    assert "lang" in found.tags[0][1]


def test_no_two_currencies_are_added_up() -> None:
    """Each has a column and a picture of its own, and one without a name is called so."""
    made = page(statement())
    assert "13.50" not in made
    assert 'data-label="EUR">10.00<' in made
    assert 'data-label="no currency">3.00<' in made
    assert "Amounts by stage in no currency" in made


def test_a_page_about_nothing_is_a_page() -> None:
    """Without stages, owners, requests, figures or rejects the parts are left out or say so."""
    none: dict[str, Any] = dict.fromkeys(
        (
            *("stages", "moved", "owner_map", "reasons", "changes", "requests", "fields"),
            *("downloads", "made_with", "history"),
        ),
        (),
    )
    steps = (Step("source", Turn.WHOLE, 0), Step("account", Turn.WHOLE, 0))
    nothing = statement(books=books(), waterfall=steps, complete=False, **none)
    made = page(nothing)
    found = Parsed(made)
    assert not found.crossed
    assert "no row of the source was turned down" in made
    assert "No requests were noted" in made
    assert "its money is not known here" in made
    assert 'id="owners"' not in made
    assert "<figure>" not in made


def test_many_stages_are_drawn_as_some_and_the_rest() -> None:
    """A picture has fourteen stages at most, then one for all others; the table has each."""
    lines = tuple(StageLine(f"Stage {n}", (), Heap(1), Heap(2)) for n in range(40))
    many = statement(stages=lines)
    (rows, *_) = charts.stage_pictures(many)
    assert "26 other stages" in rows.svg
    assert "Stage 13" in rows.svg
    assert "Stage 14" not in rows.svg
    assert "Stage 39" in page(many)


def traffic(moments: Mapping[int, int], width: int = 1, **window: Any) -> Traffic:
    """Requests by time, with a window or none."""
    made = tuple(Moment(at, sent, 0) for at, sent in moments.items())
    windows = (Window(**window),) if window else ()
    sent = sum(moments.values())
    return Traffic("write", "", "2026-11-22T10:04:31+00:00", width, sent, 0, made, windows)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (traffic({0: 5, 9: 5}), "Requests in each 1 s, from the first one on."),
        (
            traffic({0: 5, 500: 5}, seconds=1, most=10, ours=5, busiest=5),
            "Requests in each 16 s, beside the 80 that the quota allows in that time.",
        ),
        (
            traffic({0: 5, 9: 5}, seconds=3600, most=100, ours=100, busiest=10),
            "Requests within the last 1 h, beside the 100 that the quota allows in that time.",
        ),
    ],
)
def test_requests_stand_beside_what_the_quota_allows(given: Traffic, said: str) -> None:
    """Of a short window per moment, of a long one as it fills; without one nothing is claimed."""
    picture = charts.traffic_picture(given, "requests")
    assert picture is not None
    assert picture.caption == said
    assert charts.traffic_picture(traffic({0: 5, 1: 1}), "requests") is None


@pytest.mark.parametrize(
    ("rows", "changed", "said"),
    [
        ({"created": 3}, {}, "All 3 rows are in V account 42; not verified yet"),
        ({"created": 1}, {}, "The only row is in V account 42"),
        (
            {"created": 2, "rejected": 1},
            {},
            "All 2 good rows of 3 are in V account 42; 1 was turned",
        ),
        (
            {"created": 2, "merged": 3},
            {},
            "All 2 good records of 5 are in V account 42; 3 are parts",
        ),
        ({"rejected": 2}, {}, "None of 2 rows is in V account 42; 2 were turned down"),
        (
            {"created": 2, "unknown": 1},
            {},
            "of 1 nobody knows whether it was written (migrator s",
        ),
        (
            {"created": 2, "left": 1},
            {"state": "sampled"},
            "Not finished: 2 of 3 rows are in V account",
        ),
        ({"left": 3}, {"state": "planned"}, "Nothing was written yet: 3 rows are planned"),
        ({"created": 3}, {"source_rows": 4}, "do not add up: 3 of 4 rows have an outcome"),
        ({"created": 3}, {"undone_by": "u"}, "This run was taken back by u: gone"),
    ],
)
def test_the_verdict_says_no_more_than_is_known(
    rows: dict[str, int], changed: dict[str, Any], said: str
) -> None:
    """One sentence for each end that a run can have."""
    found = verdict(replace(books(**rows), **changed), "V", None, "gone")
    assert said in found.sentence
    assert found.standing is (Standing.BAD if "add up" in said else Standing.OPEN)


@pytest.mark.parametrize(
    ("changed", "standing", "said"),
    [
        ({}, Standing.GOOD, "verified on 2026-11-22 10:04 UTC: every field agrees."),
        ({"same": 2, "found": {"changed": 1}}, Standing.GOOD, "the other 1 are explained."),
        ({"current": False}, Standing.OPEN, "but written to since"),
        (
            {"agrees": False, "found": {"missing": 1}},
            Standing.BAD,
            "NOT as it should be: 1 missing.",
        ),
    ],
)
def test_the_verdict_goes_by_the_last_verify(
    changed: dict[str, Any], standing: Standing, said: str
) -> None:
    """Good is only what was read back since the last write."""
    verified = Verified("2026-11-22T10:04:31+00:00", current=True, agrees=True, checked=3, same=3)
    found = verdict(books(created=3), "V", replace(verified, **changed))
    assert found.standing is standing
    assert said in found.sentence


@given(st.integers(0, 10**7))
def test_lengths_of_time_are_near_the_truth(seconds: int) -> None:
    """A length in words is off by less than its smaller unit."""
    units = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
    parts = re.findall(r"(\d+) (\w+)", span(seconds))
    told = sum(int(count) * units[unit] for count, unit in parts)
    smaller = {"s": 1, "min": 1, "h": 60, "d": 3600}[parts[0][1]]
    assert 0 <= seconds - told < max(1, smaller)
