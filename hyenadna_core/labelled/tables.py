"""Tables with a header and one sequence in each row: CSV, TSV, Parquet."""

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hyenadna_core.errors import HyenaDNAError, first_names
from hyenadna_core.files.compression import check_compression
from hyenadna_core.files.input import name_of
from hyenadna_core.files.text import size_of, suffix_of, text_lines
from hyenadna_core.labelled.records import MISSING, Record
from hyenadna_core.terminal import Advance
from hyenadna_plugins import reason_of

DELIMITERS = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".txt": "\t"}
DELIMITER_NAMES = {",": "a comma", "\t": "a tab", ";": "a semicolon", "|": "a bar", " ": "a space"}
PARQUET = (".parquet", ".pq")
TABLES = (*DELIMITERS, *PARQUET)
SEQUENCE_COLUMNS = ("sequence", "seq", "dna")
PAIR_COLUMNS = ("ref", "alt")  # of tasks that read pairs
LABEL_COLUMNS = ("label", "labels", "target", "class", "y")
NAME_COLUMNS = ("name", "id")
PLAIN_TYPES = (  # of pyarrow; Polars writes text as views
    *("string", "large_string", "string_view", "binary", "large_binary", "binary_view", "fixed_size_binary"),
    *("integer", "floating", "decimal", "boolean", "null"),
)
LONGEST_FIELD = (1 << 31) - 1  # the csv module reads at most 131,072 characters by default
SHOWN = 40  # characters of a column's name


class Table(NamedTuple):
    """The columns of a file; `rows` takes column numbers and yields their texts, row by row.

    `plain` has the numbers of the columns that hold text or numbers.
    """

    path: Path
    columns: list[str]
    rows: Callable[[list[int]], Iterator[tuple[str, ...]]]
    plain: Sequence[int]

    def find(self, given: str | None, usual: Sequence[str]) -> int:
        """Return the number of the column with the given name, or of the first usual name.

        Names match in any case.

        Raises:
            HyenaDNAError: no column has the name, or two have it. The first message lists the
                columns.
        """
        number = self.find_usual(usual) if given is None else self._number([given, *self._folded(given)])
        if number is None:
            wanted = repr(given) if given is not None else f"{', '.join(usual[:-1])} or {usual[-1]}"
            columns = first_names(name if len(name) <= SHOWN else f"{name[: SHOWN - 3]}..." for name in self.columns)
            raise HyenaDNAError(
                f"{name_of(self.path)} has no column {wanted}; its first line names {columns}{self._delimiter()}."
            )
        return number

    def _delimiter(self) -> str:
        """Return words about columns that are divided by something else, or nothing."""
        expected = DELIMITERS.get(suffix_of(self.path))
        if expected is None or len(self.columns) != 1:
            return ""
        other = next((one for one in DELIMITER_NAMES if one != expected and one in self.columns[0]), None)
        return (
            ""
            if other is None
            else f", so its columns are divided by {DELIMITER_NAMES[other]}: use {DELIMITER_NAMES[expected]}"
        )

    def find_usual(self, usual: Sequence[str]) -> int | None:
        """Return the number of the first usual column that exists, or None."""
        return self._number([name for one in usual for name in self._folded(one)])

    def _folded(self, name: str) -> list[str]:
        return [column for column in self.columns if column.casefold() == name.casefold()]

    def _number(self, names: Sequence[str]) -> int | None:
        name = next((name for name in names if name in self.columns), None)
        if name is not None and self.columns.count(name) > 1:
            count = self.columns.count(name)
            raise HyenaDNAError(f"{name_of(self.path)} has {count} columns {name!r}: rename all but one.")
        return None if name is None else self.columns.index(name)


def open_table(path: Path, advance: Advance) -> Table:
    """Open a table. Its suffix names the format.

    `advance` is called with the number of bytes read from the disk since its last call.

    Raises:
        HyenaDNAError: the file cannot be read or has no header, or Parquet needs pyarrow.
    """
    suffix = suffix_of(path)
    if suffix not in TABLES:
        check_compression(path)
        raise HyenaDNAError(f"{path} is no table: name it after its format, {', '.join(TABLES)}; .gz may follow.")
    return _open_parquet(path, advance) if suffix in PARQUET else _open_text(path, advance)


def table_columns(path: str | Path) -> list[str]:
    """Return the names of the columns of a table: CSV, TSV or Parquet, plain or gzip.

    Raises:
        HyenaDNAError: the file cannot be read, is no table, or has no header.
    """
    return open_table(Path(path), lambda done: None).columns


def table_records(
    path: Path,
    advance: Advance,
    sequence_column: str | Sequence[str] | None,
    label_columns: Sequence[str],
    needs_labels: bool,
    name_column: str | None = None,
) -> Iterator[Record]:
    """Read the sequences of a table; with two sequence columns its rows are pairs.

    The column name or id, or the given one, names a row. Without it, the rows are numbered from 1,
    below the header.
    """
    given = [sequence_column] if sequence_column is None or isinstance(sequence_column, str) else sequence_column
    if len(given) not in (1, 2):
        raise HyenaDNAError(f"There are {len(given)} sequence columns: choose one, or two for pairs.")
    table = open_table(path, advance)
    sequences = [table.find(column, SEQUENCE_COLUMNS) for column in given]
    labels = find_labels(table, label_columns) if needs_labels else []
    name = table.find_usual(NAME_COLUMNS) if name_column is None else table.find(name_column, NAME_COLUMNS)
    wanted = [*sequences, *labels, *([] if name is None else [name])]
    for number, fields in enumerate(table.rows(wanted), start=1):
        texts, rest = fields[: len(sequences)], fields[len(sequences) :]
        missing = next((text for text in texts if text in MISSING), "")
        sides = tuple(b"" if missing else text.encode() for text in texts)
        yield Record(
            (name is not None and fields[-1]) or str(number),
            sides if len(sides) > 1 else sides[0],
            rest[: len(labels)],
            f"the sequence is {missing}, which stands for a missing value" if missing else "",
        )


def find_labels(table: Table, label_columns: Sequence[str]) -> list[int]:
    """Return the numbers of the label columns: the given ones, or the usual one."""
    return [table.find(column, LABEL_COLUMNS) for column in label_columns] or [table.find(None, LABEL_COLUMNS)]


def _open_text(path: Path, advance: Advance) -> Table:
    csv.field_size_limit(LONGEST_FIELD)
    reader = csv.reader(text_lines(path, advance, name_of(path)), delimiter=DELIMITERS[suffix_of(path)], strict=True)
    lines = _lines(path, reader)
    header = next(lines, None)
    if header is None:
        raise HyenaDNAError(f"{name_of(path)} is empty: its first line must have the names of the columns.")

    def rows(wanted: list[int]) -> Iterator[tuple[str, ...]]:
        for number, fields in enumerate(lines, start=1):
            if len(fields) != len(header):
                raise HyenaDNAError(
                    f"{name_of(path)}, row {number} (line {reader.line_num}): {len(fields)} fields, but the first line "
                    f"has {len(header)}: correct the row, or put a field with the delimiter in quotes."
                )
            yield tuple(fields[column].strip() for column in wanted)

    return Table(path, [name.strip() for name in header], rows, range(len(header)))


def _lines(path: Path, reader: Any) -> Iterator[list[str]]:
    """Read the fields of each line that is not blank."""
    try:
        yield from filter(None, reader)
    except csv.Error as error:
        raise HyenaDNAError(f"{name_of(path)}:{reader.line_num}: {error}: check that each quote is closed.") from None


def _open_parquet(path: Path, advance: Advance) -> Table:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        needs = "which needs pyarrow: run pip install 'hyenadna[classify]'"
        raise HyenaDNAError(f"{name_of(path)} is Parquet, {needs}.") from None
    failures = (pyarrow.ArrowException, OSError, ValueError, OverflowError, MemoryError)
    try:
        schema = parquet.read_schema(path)
    except failures as error:
        raise HyenaDNAError(f"{name_of(path)} cannot be read as Parquet: {reason_of(error)}.") from None

    def rows(wanted: list[int]) -> Iterator[tuple[str, ...]]:
        names = [schema.names[column] for column in wanted]
        for name, column in zip(names, wanted, strict=True):
            if column not in plain:
                column_type = schema.field(column).type
                raise HyenaDNAError(f"{name_of(path)}: the column {name} holds {column_type}: make it text or numbers.")
        done = 0
        try:
            with parquet.ParquetFile(path, page_checksum_verification=True) as file:
                per_row = size_of(path) / max(1, file.metadata.num_rows)
                for batch in file.iter_batches(batch_size=1 << 13, columns=names):
                    columns = [[_text(value) for value in batch.column(name).to_pylist()] for name in names]
                    for name, texts in zip(names, columns, strict=True):
                        if text := next((text for text in texts if "\0" in text), None):
                            raise HyenaDNAError(
                                f"{name_of(path)}: the column {name} has a NUL character in {text!r}: remove it."
                            )
                    yield from zip(*columns, strict=True)
                    advance(round(per_row * batch.num_rows))
                    done += batch.num_rows
        except failures as error:
            fault = f"is truncated or damaged after row {done:,}: {reason_of(error)}"
            raise HyenaDNAError(f"{name_of(path)} {fault}: write it anew.") from None

    plain = [number for number, field in enumerate(schema) if _is_text_or_number(pyarrow.types, field.type)]
    return Table(path, list(schema.names), rows, plain)


def _is_text_or_number(types: Any, column_type: Any) -> bool:
    """Return whether a type of pyarrow is text, bytes, a number or a boolean, or has no values."""
    if types.is_dictionary(column_type):
        column_type = column_type.value_type
    return any(getattr(types, f"is_{name}")(column_type) for name in PLAIN_TYPES)


def _text(value: Any) -> str:
    """Return a value of Parquet as its text in a CSV file; a missing value is empty."""
    if value is None or value != value:
        return ""
    if isinstance(value, bytes):
        return _decoded(value).strip()
    return str(int(value) if isinstance(value, bool) else value).strip()


def _decoded(value: bytes) -> str:
    """Return bytes as text: UTF-8, or else a character for each byte."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
