"""Files in pieces: the same rows as at once, types that do not change, errors at the right line."""

import gzip
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from pyarrow import csv, ipc, parquet

from feedforward import FileError, SettingError, TableEncoder, TableError, read_table
from feedforward.tables.reading import read_rows
from feedforward.tables.streaming import read_batches

N = 1000
RNG = np.random.default_rng(0)
TABLE = pa.table(
    {
        "number": [None if i % 7 == 3 else float(x) for i, x in enumerate(RNG.normal(size=N).round(3))],
        "whole": RNG.integers(-5, 10**6, N),
        "city": pa.array(RNG.choice(["Rome", "Oslo, north", 'the "old" one', "a\nb", "Zürich"], N).tolist()),
        "member": pa.array(RNG.random(N) < 0.5),
        "since": [date(2000, 1, 1 + i % 28) for i in range(N)],
        "at": [datetime(2000, 1, 1, i % 24) for i in range(N)],
        "code": [f"{i % 50:03}" for i in range(N)],
        "nothing": pa.nulls(N),
    }
)


def written(table: Any, path: Path) -> Path:
    if path.suffix == ".parquet":
        parquet.write_table(table, path, row_group_size=300)
    elif path.suffix in (".arrow", ".ipc"):
        new = ipc.new_file if path.suffix == ".arrow" else ipc.new_stream
        with new(str(path), table.schema) as sink:
            sink.write_table(table, max_chunksize=300)
    else:
        sink = pa.BufferOutputStream()
        csv.write_csv(table, sink)
        data = sink.getvalue().to_pybytes()
        path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def together(tables: Iterator[Any]) -> Any:
    return pa.concat_tables(list(tables)).combine_chunks()


NAMES = ["t.csv", "t.csv.gz", "t.parquet", "t.arrow", "t.ipc"]


# The same rows -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rows", [1, 7, 300, 999, 1000, 5000])
def test_pieces_make_the_whole(name: str, rows: int, tmp_path: Path) -> None:
    path = written(TABLE, tmp_path / name)
    tables = list(read_batches(path, rows))
    assert [table.num_rows for table in tables] == [rows] * (N // rows) + [N % rows] * (N % rows > 0)
    assert together(iter(tables)).equals(read_table(path).combine_chunks())


@pytest.mark.parametrize("rows", [1, 7, 5000])
@pytest.mark.parametrize("read_as", [None, {"number": "number", "whole": "whole", "member": "boolean", "code": "text"}])
def test_numbers_with_a_decimal_comma(read_as: dict[str, str] | None, rows: int, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    TABLE.to_pandas().to_csv(path, index=False, sep=";", decimal=",")
    whole, pieces = read_table(path, decimal=","), together(read_batches(path, rows, read_as=read_as, decimal=","))
    assert whole.column("number").to_pylist() == TABLE.column("number").to_pylist()
    assert pieces.drop_columns(["nothing"]).to_pydict() == whole.drop_columns(["nothing"]).to_pydict()


def test_a_decimal_comma_where_a_point_is_expected_is_advised(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x;y\n" + "1;a\n" * 10 + "1,5;a\n")
    with pytest.raises(TableError, match=r"line 12, column 'x': '1,5' has a decimal comma, .* Give decimal=','"):
        list(read_batches(path, 3, read_as={"x": "number"}))
    with pytest.raises(TableError, match=r"line 12, column 'x': '1,5' has a decimal comma, .* or say what the col"):
        list(read_batches(path, 3))
    with pytest.raises(SettingError, match=r"decimal must be '\.' or ','"):
        read_batches(path, decimal=";")


CELL = st.one_of(
    st.integers(-(10**6), 10**6).map(str),
    st.floats(-1e9, 1e9).map(str),
    st.sampled_from(["", "NA", "true", "FALSE", "007", " 5 ", "red", "2024-01-31", "2024-01-31 10:00", "1,5", 'a"b']),
)


def outcome(read: Callable[[], list[Any]]) -> Any:
    """Return tables, or the words of the error."""
    try:
        return read()
    except TableError as error:
        return str(error)


@given(columns=st.lists(st.lists(CELL, min_size=8, max_size=8), min_size=1, max_size=3), rows=st.integers(1, 9))
@settings(deadline=None)
def test_any_cells_are_read_as_at_once_or_refused(
    columns: list[list[str]], rows: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    pd.DataFrame({f"c{i}": cells for i, cells in enumerate(columns)}).to_csv(path, index=False)
    whole, tables = outcome(lambda: [read_table(path)]), outcome(lambda: list(read_batches(path, rows)))
    if isinstance(tables, str):
        assert "any.csv, line " in tables
        assert rows < 8 or str(whole).startswith(tables.removesuffix("."))
        return
    if rows >= 8:
        assert tables[0].equals(whole[0])
    for first, second in pairwise(tables):
        for one, other in zip(first.schema.types, second.schema.types, strict=True):
            assert one == other or pa.types.is_null(one)
    as_text = read_table(path, text_columns=[f"c{i}" for i in range(len(columns))])
    kept = read_batches(path, rows, read_as={f"c{i}": "text" for i in range(len(columns))})
    assert together(kept).equals(as_text.combine_chunks())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\n\n"])
def test_encodings_and_line_ends(encoding: str, end: str, start: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    lines = ['"na\nme";zahl', *(f"Zürich {i};{i}" for i in range(50)), "", "Köln;7"]
    path.write_bytes((start + "\n".join(lines)).replace("\n", end).encode(encoding))
    expected = read_table(path, encoding=encoding)
    assert expected.num_rows == 51
    assert together(read_batches(path, 20, encoding=encoding)).equals(expected.combine_chunks())


def test_a_file_without_a_mark_of_utf_16_is_read_in_the_order_of_the_machine(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("a,b\nü,2\n".encode("utf-16")[2:])
    assert together(read_batches(path, encoding="utf-16")).to_pydict() == {"a": ["ü"], "b": [2]}
    assert read_table(path, encoding="utf-16").to_pydict() == {"a": ["ü"], "b": [2]}


def test_memory_holds_pieces_only(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    block = "".join(f"{i},{i / 7},city {i % 9}\n" for i in range(100_000)).encode()
    with path.open("wb") as file:
        file.write(b"a,b,c\n")
        for _ in range(40):
            file.write(block)
    before, most, rows = pa.total_allocated_bytes(), 0, 0
    for table in read_batches(path, 50_000):
        most = max(most, pa.total_allocated_bytes() - before)
        rows += table.num_rows
    assert rows == 4_000_000
    assert most < path.stat().st_size * 0.7


def test_pandas_index_and_its_words_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pd.DataFrame({"x": [1, 2]}, index=[5, 6]).to_parquet(path)
    assert together(read_batches(path)).to_pydict() == {"x": [1, 2]}


# Types -------------------------------------------------------------------------------------------------------------


def lines(path: Path, *cells: str, name: str = "x") -> Path:
    path.write_text("\n".join([name, *cells]) + "\n")
    return path


@pytest.mark.parametrize(
    ("cells", "later", "message"),
    [
        (["1", "2"], ["3", "4", "many"], r"line 6, column 'x': 'many' is not a whole number, as all before it are"),
        (["1", "2"], ["3", "4.5"], r"line 5, column 'x': '4.5' is not a whole number, .*read_as=\{'x': ...\}"),
        (["1.5", "2"], ["3", "4", "NA", "1;5"], r"line 7, column 'x': '1;5' is not a number"),
        (["true", "false"], ["true", "yes"], r"line 5, column 'x': 'yes' is not true or false"),
        (["2024-01-31", "2024-02-01"], ["soon"], r"line 4, column 'x': 'soon' is not a date"),
        (["2024-01-31 10:00", "2024-02-01"], ["2024-02-01T10:00Z"], r"line 4, .*'2024-02-01T10:00Z' is not a date"),
    ],
    ids=str,
)
def test_a_type_that_would_change_names_the_line(
    cells: list[str], later: list[str], message: str, tmp_path: Path
) -> None:
    path = lines(tmp_path / "t.csv", *cells, *later)
    tables = read_batches(path, len(cells))
    assert next(tables).num_rows == 2
    with pytest.raises(TableError, match=f"t.csv, {message}"):
        list(tables)


@pytest.mark.parametrize(
    ("cells", "types"),
    [
        (["1.5", "2", "3", "4"], ["double", "double"]),
        (["a", "b", "3", "4"], ["string", "string"]),
        (["2024-01-31 10:00", "NA", "2024-01-31", "2024-02-01"], ["timestamp[us]", "timestamp[us]"]),
        (["NA", "", "3", "4"], ["null", "int64"]),
        (["1", "2", "", "NA"], ["int64", "int64"]),
        (["007", "010", "5", "6"], ["string", "string"]),
    ],
    ids=str,
)
def test_later_cells_take_the_type_of_the_first(cells: list[str], types: list[str], tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "".join(f"{cell},1\n" for cell in cells))
    assert [str(table.schema.field("x").type) for table in read_batches(path, 2)] == types


@pytest.mark.parametrize(
    ("kind", "cells", "values"),
    [
        ("text", ["1", "NA", "true"], ["1", None, "true"]),
        ("number", ["1", " 2.5", "NA"], [1.0, 2.5, None]),
        ("number", ["007", "010", "011"], [7.0, 10.0, 11.0]),
        ("whole", ["007", "9007199254740993", "1.5"], [7, 9007199254740993, 1.5]),
        ("boolean", ["true", " False ", "NA"], [True, False, None]),
        ("boolean", ["0", "1", "1"], [0, 1, 1]),
        ("date", ["2024-01-31", "NA", " 2024-02-01"], [date(2024, 1, 31), None, date(2024, 2, 1)]),
    ],
    ids=str,
)
@pytest.mark.parametrize("rows", [1, 3])
def test_columns_are_read_as_is_asked(
    kind: str, cells: list[str], values: list[Any], rows: int, tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "".join(f"{cell},1\n" for cell in cells))
    tables = read_batches(path, rows, read_as={"x": kind, "absent": "text"})
    found = [value for table in tables for value in table.column("x").to_pylist()]
    assert found == [float(v) if kind == "whole" and rows == 3 and v is not None else v for v in values]


@pytest.mark.parametrize(
    ("kind", "word"),
    [("number", "a number"), ("whole", "a number"), ("boolean", "true or false, nor a number"), ("date", "a date")],
)
def test_a_cell_unlike_what_the_model_needs_names_its_line(kind: str, word: str, tmp_path: Path) -> None:
    good = {"boolean": "true", "date": "2024-01-31"}.get(kind, "5")
    path = lines(tmp_path / "t.csv", *[good] * 25, "odd", *[good] * 3)
    with pytest.raises(
        TableError, match=rf"t.csv, line 27, column 'x': 'odd' is not {word}.*, as the model needs\. Corr"
    ):
        list(read_batches(path, 10, read_as={"x": kind}))


def test_the_first_piece_is_judged_as_a_table_is(tmp_path: Path) -> None:
    path = lines(tmp_path / "t.csv", *"123456789", "ten", *["11"] * 10)
    for reader in (read_table, lambda path: list(read_batches(path, 12))):
        with pytest.raises(TableError, match=r"line 11, column 'x': 'ten' is not a number, as 9\d\..% of"):
            reader(path)


# What an encoder needs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet"])
@pytest.mark.parametrize("scaling", ["standard", "smooth_clip"])
def test_an_encoder_makes_the_same_of_pieces(name: str, scaling: str, tmp_path: Path) -> None:
    kinds = {"code": "number", "city": "category", "whole": "category"}
    path = written(TABLE, tmp_path / name)
    train = read_table(path, text_columns=["code"])
    encoder = TableEncoder(scaling=scaling, max_categories=3000, embed_above=100, date_parts=True, kinds=kinds)
    expected = encoder.fit_transform(train)
    parts = [encoder.transform(table) for table in read_batches(path, 37, read_as=encoder.read_as_)]
    assert_array_equal(np.concatenate(parts), expected)


def test_what_an_encoder_reads_columns_as() -> None:
    table = pa.table(
        {
            "number": [1.5, 2.5],
            "member": [True, False],
            "city": ["a", "b"],
            "zip": [1, 2],
            "flag": [True, False],
            "born": [date(2024, 1, 1), date(2024, 5, 1)],
            "seen": ["31.1.2024", "1.2.2024"],
            "era": [date(2024, 1, 1), date(2024, 5, 1)],
            "note": ["x", "y"],
            "empty": [None, None],
        }
    )
    kinds = {"zip": "category", "flag": "category", "era": "category", "note": "drop"}
    assert TableEncoder(kinds=kinds, date_parts=True).fit(table).read_as_ == {
        "number": "number",
        "member": "boolean",
        "city": "text",
        "zip": "whole",
        "flag": "boolean",
        "born": "date",
        "seen": "text",
        "note": "text",
        "empty": "text",
    }


def test_pieces_in_which_a_column_looks_like_another_type(tmp_path: Path) -> None:
    train = pa.table({"size": [1.0, 2.5, 3.0, 4.0], "code": ["a", "7", "8", "a"], "member": [True, False, True, True]})
    encoder = TableEncoder().fit(train)
    path = tmp_path / "new.csv"
    path.write_text("size,code,member\n1,7,true\n2,8,false\n2.5,a,NA\n,7,true\n")
    _, whole = read_rows(path, encoder.text_columns_)
    parts = [encoder.transform(table) for table in read_batches(path, 1, read_as=encoder.read_as_)]
    assert_array_equal(np.concatenate(parts), encoder.transform(whole))


# Errors ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        b"a,b\n",
        b"a,,b\n1,2,3\n",
        b"a,a\n1,2\n",
        b"a,b\n" + b"1,2\n" * 20 + b"1,2,3\n" + b"1,2\n" * 3,
        b"a,b\n" + b"1,2\n" * 20 + b"1\n",
        b"a,b\n1,\xff\n",
        b"a,b\n1,x\n" + b'1,"x\n' + b"1,2\n" * 5,
        b"\xff\xfea\x00",
        b"PK\x03\x04....",
        b"\x1f\x8b....",
        b"a,b\n1,2\n1,1e999\n",
        b"a,b\n1,2\n" + b'1,"' + b"x\n" * 200_000,
    ],
    ids=range(14),
)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_files_that_cannot_be_used_say_why_as_at_once(data: bytes, packed: bool, tmp_path: Path) -> None:
    path = tmp_path / ("t.csv.gz" if packed else "t.csv")
    path.write_bytes(gzip.compress(data) if packed else data)
    with pytest.raises(TableError) as whole:
        read_table(path)
    with pytest.raises(TableError) as pieces:
        list(read_batches(path, 3))
    assert str(pieces.value) == str(whole.value)


@pytest.mark.parametrize("name", ["t.csv.gz", "t.parquet", "t.arrow", "t.ipc"])
@pytest.mark.parametrize("kept", [0, 1, 100, -10])
def test_files_cut_short(name: str, kept: int, tmp_path: Path) -> None:
    path = written(TABLE, tmp_path / name)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(TableError, match=r"is not a whole|is empty: 0 bytes"):
        list(read_batches(path, 10))


def test_text_that_cannot_be_decoded_in_a_later_piece(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"name,x\n" + b"Rome,1\n" * 1_000_000 + b"K\xf6ln,1\n")
    with pytest.raises(
        TableError, match=r"line 1000002, column 'name', 'K.ln': the text is not in the encoding 'utf-8'"
    ):
        list(read_batches(path))
    path.write_bytes(b"name,x\n" + b"Rome,1\n" * 1_000_000 + b"K\x81ln,1\n")
    with pytest.raises(TableError, match=r"line 1000002, column 'name', .* is not in the encoding 'cp1252'"):
        list(read_batches(path, encoding="cp1252"))


def test_infinity_names_the_row_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    parquet.write_table(pa.table({"x": [1.0] * 25 + [float("inf")]}), path)
    with pytest.raises(TableError, match=r"t.parquet, row 25 \(counted from 0\), column 'x': inf is not finite"):
        list(read_batches(path, 10))


def test_a_parquet_file_without_rows(tmp_path: Path) -> None:
    for name in ("t.parquet", "t.arrow", "t.ipc"):
        with pytest.raises(TableError, match="has no rows"):
            list(read_batches(written(TABLE[:0], tmp_path / name)))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"path": "absent.csv"}, FileError, "does not exist"),
        ({"rows": 0}, SettingError, "rows must be a whole number of 1 or more; got 0"),
        ({"read_as": {"x": "float"}}, SettingError, "read_as must be a dict from column name to one of 'text', 'numb"),
        ({"read_as": ["x"]}, SettingError, "read_as must be a dict"),
    ],
    ids=range(4),
)
def test_settings_are_refused_at_once(
    arguments: dict[str, Any], error: type[Exception], message: str, tmp_path: Path
) -> None:
    path = lines(tmp_path / "t.csv", "1")
    with pytest.raises(error, match=message):
        read_batches(**{"path": path, **arguments})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"encoding": "utf-9"}, "encoding must be"),
        ({"delimiter": ";;"}, "delimiter must be"),
        ({"encoding": "hex"}, "enc"),
    ],
    ids=str,
)
def test_settings_of_text(arguments: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=message):
        list(read_batches(lines(tmp_path / "t.csv", "1"), **arguments))
    with pytest.raises(SettingError, match="are for CSV files"):
        list(read_batches(written(TABLE, tmp_path / "t.parquet"), delimiter=","))


# Files that bring types along --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow"])
@pytest.mark.parametrize(
    "cells",
    [["2024-01-31", "2024-02-01", None, "2024-03-01"], [None, None, "2024-01-31", ""], ["red", "2024-01-31", "", None]],
    ids=str,
)
def test_text_that_is_dates_becomes_dates_as_at_once(cells: list[str | None], name: str, tmp_path: Path) -> None:
    path = written(pa.table({"x": pa.array(cells, pa.string()), "y": range(4)}), tmp_path / name)
    whole, pieces = read_table(path).column("x"), list(read_batches(path, 2))
    assert [value for piece in pieces for value in piece.column("x").to_pylist()] == whole.to_pylist()


def test_text_that_is_dates_no_longer_names_the_row(tmp_path: Path) -> None:
    path = written(pa.table({"x": ["2024-01-31", "2024-02-01", "2024-03-01", "soon"]}), tmp_path / "t.parquet")
    with pytest.raises(TableError, match=r"t.parquet, row 3 \(counted from 0\), column 'x': 'soon' is not a date"):
        list(read_batches(path, 2))
    assert together(read_batches(path, 2, read_as={"x": "text"})).column("x").to_pylist()[3] == "soon"


def test_columns_that_do_not_matter_may_hold_anything(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,note\n" + "1,5\n" * 20 + "2,many\n" + "3,1e999\n")
    tables = list(read_batches(path, 6, wanted=["x"]))
    assert [value for table in tables for value in table.column("note").to_pylist()][-3:] == ["5", "many", "1e999"]
    odd = written(pa.table({"x": [1.0, 2.0], "note": [1.0, float("inf")]}), tmp_path / "t.parquet")
    assert together(read_batches(odd, wanted=["x"])).num_rows == 2


def test_standard_input_is_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    class Given:
        buffer = BytesIO(b"x,y\n1,a\n2,b\nmany,c\n")

    monkeypatch.setattr(sys, "stdin", Given)
    with pytest.raises(TableError, match=r"standard input, line 4, column 'x': 'many' is not a whole number"):
        list(read_batches("-", 2))
