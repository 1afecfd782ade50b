"""The commands that README and documentation name."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Not the changelog, which names commands that are gone.
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "data/README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
FENCED = re.compile(r"^```(?:sh|console)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
INDENTED = re.compile(r"(?:^ {4,}\S.*\n)+", re.MULTILINE)
INLINE = re.compile(r"`((?:pipeline|make) [^`]+)`")
END = {"|", "||", "&&", ";", ">", "2>", "<", "&"}


def pages() -> list[Path]:
    """All pages, without generated ones."""
    return [page for page in PAGES if "_generated" not in page.parts]


def in_blocks(text: str, program: str) -> Iterator[list[str]]:
    """The words after `program` of each such command in a code block."""
    fences = "\n".join(FENCED.findall(text))
    rest = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    blocks = fences + "\n" + "".join(INDENTED.findall(rest))
    for line in blocks.replace("\\\n", " ").splitlines():
        found = re.match(rf"\s*(?:\$ )?(?:[A-Z_]+=\S+ )*{program} (.*)", line)
        words = list(_until_end(shlex.split(found[1], comments=True))) if found else []
        if words:
            yield words


def in_text(text: str, program: str) -> Iterator[list[str]]:
    """The words after `program` of each such command in inline code, which may be in part."""
    for command in INLINE.findall(text):
        first, *words = shlex.split(command)
        if first == program:
            yield words


def _until_end(words: list[str]) -> Iterator[str]:
    for word in words:
        if word in END:
            return
        yield word
