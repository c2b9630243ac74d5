"""Pages for tests: parsed strictly, with what a browser would show of them."""

import shutil
from html.parser import HTMLParser
from pathlib import Path

VOID = {"meta", "br", "hr", "img", "input", "link"}
WHAT_A_PAGE_MAY_HOLD = {
    *("html", "head", "meta", "title", "style", "body", "main", "header", "section", "footer", "div", "span", "p"),
    *("h1", "h2", "h3", "ul", "li", "b", "i", "small", "figure", "figcaption", "dl", "dt", "dd"),
    *("table", "thead", "tbody", "tr", "th", "td", "svg", "g", "defs", "path", "use", "text", "tspan", "rect"),
    *("clippath", "circle", "line"),
}
PLAIN_ATTRIBUTES = {
    *("class", "id", "style", "lang", "charset", "name", "content", "http-equiv", "scope", "role", "aria-label"),
    *("aria-hidden", "viewbox", "x", "y", "width", "height", "d", "transform", "clip-path", "href", "version"),
    *("type",),
}


class Page(HTMLParser):
    """A page whose tags are all closed, in order, and of those that we write."""

    def __init__(self, path: Path) -> None:
        super().__init__(convert_charrefs=True)
        self.source = path.read_text(encoding="utf-8")
        self.open: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.words: list[str] = []
        self.feed(self.source)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in WHAT_A_PAGE_MAY_HOLD, tag
        for name, value in attrs:
            assert name in PLAIN_ATTRIBUTES, f"{tag} has {name}"
            if name == "id":
                self.ids.append(value or "")
            if name == "href":
                self.references.append(value or "")
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes another"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            return
        self.words.append(data)
        if "td" in self.open or "th" in self.open:
            self.tables[-1][-1][-1] += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def table(self, heading: str) -> list[list[str]]:
        """Return the rows below a table's headings, the first of which is this."""
        return next(rows[1:] for rows in self.tables if rows[0][0] == heading)


def browser() -> str | None:
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
