"""The text of HTML documents."""

from __future__ import annotations

from html.parser import HTMLParser

from migrator.catalogue import words

_BLOCKS = frozenset(
    words(
        """
    address article blockquote br div dl dt dd footer form h1 h2 h3 h4 h5 h6 header hr li ol p
    pre section table td th tr ul
    """
    )
)
_SILENT = frozenset(("script", "style", "head", "title"))


class _Text(HTMLParser):
    """Collects the text of a document: one line per block, scripts and styles left out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._silent += tag in _SILENT
        if tag in _BLOCKS:
            self.parts.append("\n")
        if tag == "li":
            self.parts.append("- ")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in _SILENT and self._silent > 0
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)


def without_html(text: str) -> str | None:
    """The text of HTML, a line per block; None if nothing is left."""
    parser = _Text()
    parser.feed(text)
    parser.close()
    lines = (" ".join(line.split()) for line in "".join(parser.parts).splitlines())
    return "\n".join(line for line in lines if line) or None
