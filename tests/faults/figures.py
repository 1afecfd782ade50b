"""The tables of docs/reliability.md."""

from dataclasses import dataclass, field
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->"
HEAD = "| what | result | n |\n|---|---|---|\n"


@dataclass
class Figures:
    """Figures by section and name: a result, and the number of cases it was measured on."""

    sections: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)

    @classmethod
    def read(cls, document: str) -> "Figures":
        """The figures of a document, which stay until they are measured again."""
        figures, section = cls(), ""
        for line in document.partition(BEGIN)[2].partition(END)[0].splitlines():
            if line.startswith("## "):
                section = line[3:]
            elif line.startswith("| ") and f"{line}\n" not in HEAD:
                figures.add(section, *(cell.strip() for cell in line.strip("| ").split(" | ")))
        return figures

    def add(self, section: str, name: str, result: object, n: object) -> None:
        """Adds a row, or replaces the one of that name.

        Args:
            result: such as "0 lost" or "38 of 80 unreadable".
            n: the number of cases.
        """
        self.sections.setdefault(section, {})[name] = str(result), str(n)

    def updated(self, others: "Figures") -> "Figures":
        """These figures, and the others in place of those of the same name."""
        for section, rows in others.sections.items():
            for name, (result, n) in rows.items():
                self.add(section, name, result, n)
        return self

    def replace_in(self, document: str) -> str:
        """The document with these tables."""
        before, _, rest = document.partition(BEGIN)
        tables = [
            f"## {section}\n\n{HEAD}"
            + "".join(f"| {name} | {result} | {n} |\n" for name, (result, n) in rows.items())
            for section, rows in self.sections.items()
        ]
        return before + BEGIN + "\n" + "\n".join(tables) + "\n" + END + rest.partition(END)[2]
