"""Tables in Markdown."""

from collections.abc import Collection, Iterable
from html import escape


def markdown_table(rows: Iterable[Iterable[str]], right: Collection[int] = ()) -> str:
    """Return a table in Markdown, without a line end; the first row is its head.

    A cell stays in its row, and shows its text: line breaks become spaces; `|`, backslashes and
    tags are escaped. Without rows the text is empty.

    Args:
        right: numbers of the columns whose cells are on the right, from 0.
    """
    lines = [[_cell(text) for text in row] for row in rows]
    if lines:
        lines.insert(1, ["---:" if column in right else "---" for column in range(len(lines[0]))])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(escape(text, quote=False).replace("\\", "\\\\").replace("|", "\\|").split())
