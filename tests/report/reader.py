"""What a reader sees of a page."""

from html.parser import HTMLParser
from pathlib import Path


class Page(HTMLParser):
    """Elements, links, text, scripts, and the titles of images by section."""

    def __init__(self, page: Path | str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.titles: dict[str, list[str]] = {}
        self.labels: list[tuple[str, float, float]] = []  # text of charts with its position
        self.pieces: list[str] = []
        self.scripts: list[str] = []
        self.commands: list[str] = []
        self.inside = self.section = ""
        self.feed(page.read_text() if isinstance(page, Path) else page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        self.inside = tag
        if tag == "section":
            self.section = attributes.get("id") or ""
        elif tag == "i" and attributes.get("title"):
            self.titles.setdefault(self.section, []).append(attributes["title"] or "")

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "script":
            self.scripts.append(data)
        elif self.inside != "style":
            self.pieces.append(data)
        if self.inside == "pre":
            self.commands.append(data)
        if self.inside == "text":
            x, y = (float(self.tags[-1][1][name] or 0) for name in ("x", "y"))
            self.labels.append((data, x, y))

    @property
    def links(self) -> list[str]:
        return [attrs["href"] or "" for tag, attrs in self.tags if tag == "a" and "href" in attrs]

    @property
    def sections(self) -> set[str]:
        return {attrs.get("id") or "" for tag, attrs in self.tags if tag == "section"}

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def words(self) -> str:
        """The text with a space between elements, and no others but single ones."""
        return " ".join(" ".join(self.pieces).split())
