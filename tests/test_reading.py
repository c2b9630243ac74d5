"""read_table: what a file holds comes out, judged by all cells; every bad file is one line that helps."""

import gzip
from datetime import UTC, date, datetime, time
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from pyarrow import feather, ipc, parquet

from commands import nobody
from feedforward import FileError, SettingError, TableError, read_table
from feedforward.tables.cells import MISSING

PLAIN = "size,colour,sold\n1.5,red,true\n-2,,false\n,blue,true\n"


def written(folder: Path, content: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(folder: Path, content: str | bytes, **settings: Any) -> Any:
    return read_table(written(folder, content), **settings)


def column_of(folder: Path, *cells: str) -> Any:
    """The column that cells become, beside another so that no line is blank."""
    lines = ["cell,row", *(f"{cell},{row}" for row, cell in enumerate(cells))]
    return read(folder, "\n".join(lines)).column("cell")


# Types -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (["1", "-2", ""], pa.int64(), [1, -2, None]),
        (["1", "2.5"], pa.float64(), [1.0, 2.5]),
        ([" 1 ", "2  "], pa.int64(), [1, 2]),
        (["1", "  "], pa.int64(), [1, None]),
        (["1e3", ".5", "-1.", "+2"], pa.float64(), [1000.0, 0.5, -1.0, 2.0]),
        (["9223372036854775807", "0"], pa.int64(), [2**63 - 1, 0]),
        (["9223372036854775808", "0"], pa.float64(), [float(2**63), 0.0]),
        (["true", "False", "TRUE", ""], pa.bool_(), [True, False, True, None]),
        (["yes", "no"], pa.string(), ["yes", "no"]),
        (["1", "true"], pa.string(), ["1", "true"]),
        (["2024-02-29", ""], pa.date32(), [date(2024, 2, 29), None]),
        (["2024-02-29", "2024-03-01 12:30"], pa.timestamp("us"), [datetime(2024, 2, 29), datetime(2024, 3, 1, 12, 30)]),
        (["2024-02-29T12:00:00+02:00"], pa.timestamp("us", "UTC"), [datetime(2024, 2, 29, 10, tzinfo=UTC)]),
        (["007", "010", ""], pa.string(), ["007", "010", None]),
        (["02134", "90210"], pa.string(), ["02134", "90210"]),
        (["90210"] * 9 + ["02134"], pa.string(), ["90210"] * 9 + ["02134"]),
        (["05", "5", "12"], pa.int64(), [5, 5, 12]),
        (["0", "0.5", "00.5"], pa.float64(), [0.0, 0.5, 0.5]),
        (["0x1F", "0x2F"], pa.string(), ["0x1F", "0x2F"]),
        (list(MISSING), pa.null(), [None] * len(MISSING)),
        (["none", " a "], pa.string(), ["none", " a "]),
        (["red", " NA "], pa.string(), ["red", None]),
        (["1", "2", "red"], pa.string(), ["1", "2", "red"]),
    ],
    ids=str,
)
def test_a_column_gets_the_narrowest_type_that_fits_all_its_cells(
    tmp_path: Path, cells: list[str], kind: Any, values: list[Any]
) -> None:
    column = column_of(tmp_path, *cells)
    assert column.type == kind
    assert column.to_pylist() == values


def test_the_last_cell_counts_as_much_as_the_first(tmp_path: Path) -> None:
    many = ["1"] * 300_000
    assert column_of(tmp_path, *many, "0.5").type == pa.float64()
    assert column_of(tmp_path, *[""] * 300_000, "red").to_pylist()[-1] == "red"
    with pytest.raises(TableError, match=r"line 300002, column 'cell': 'red'"):
        column_of(tmp_path, *many, "red")


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=8).map(
    lambda word: f"w{word}w"
)
COLUMNS = st.sampled_from(
    [
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        WORDS,
        st.sampled_from(["a,b", 'say "so"', "two\nlines", "one\r\ntwo", "ü", "x;y"]),
        st.booleans(),
    ]
)


@st.composite
def frames(draw: Any) -> pd.DataFrame:
    rows = draw(st.integers(2, 12))
    names = draw(st.lists(WORDS.map(str.strip), min_size=2, max_size=4, unique=True))
    cells = [draw(st.lists(draw(COLUMNS), min_size=rows, max_size=rows)) for _ in names]
    return pd.DataFrame(dict(zip(names, cells, strict=True)))


@given(frame=frames(), delimiter=st.sampled_from(",;\t|"))
def test_what_pandas_writes_comes_back(frame: pd.DataFrame, delimiter: str, tmp_path_factory: Any) -> None:
    text = frame.to_csv(index=False, sep=delimiter, lineterminator="\n")
    path = written(tmp_path_factory.mktemp("round"), text)
    table = read_table(path, delimiter=delimiter)
    for name in frame:
        assert table.column(name).to_pylist() == frame[name].tolist()


@given(frame=frames(), delimiter=st.sampled_from(",;\t|"))
def test_numbers_with_a_decimal_comma_come_back(frame: pd.DataFrame, delimiter: str, tmp_path_factory: Any) -> None:
    text = frame.to_csv(index=False, sep=delimiter, decimal=",", lineterminator="\n")
    path = written(tmp_path_factory.mktemp("round"), text)
    table = read_table(path, delimiter=delimiter, decimal=",")
    for name in frame:
        assert table.column(name).to_pylist() == frame[name].tolist()


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (["1", "-2,5", "", " ,5 ", "1e3", "1,5E-3"], pa.float64(), [1.0, -2.5, None, 0.5, 1000.0, 0.0015]),
        (["1", "-2"], pa.int64(), [1, -2]),
        (["0,5", "00,5"], pa.float64(), [0.5, 0.5]),
        (["007", "010"], pa.string(), ["007", "010"]),
        (["31.12.2024", "1.1.2025"], pa.string(), ["31.12.2024", "1.1.2025"]),
        (["2024-02-29", "2024-03-01 12:30:00.5"], pa.timestamp("us"), None),
        (["1.5", "2.5"], pa.string(), ["1.5", "2.5"]),
        (["a,b", "1,5"], pa.string(), ["a,b", "1,5"]),
        (["true", "FALSE"], pa.bool_(), [True, False]),
    ],
    ids=str,
)
def test_types_where_a_comma_stands_before_fractions(
    tmp_path: Path, cells: list[str], kind: Any, values: list[Any] | None
) -> None:
    text = "cell;row\n" + "".join(f"{cell};{row}\n" for row, cell in enumerate(cells))
    column = read(tmp_path, text, decimal=",").column("cell")
    assert column.type == kind
    assert values is None or column.to_pylist() == values


@pytest.mark.parametrize("seed", range(3))
def test_reads_what_pandas_reads(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "whole": rng.integers(-(10**12), 10**12, 500),
            "real": rng.standard_normal(500) * 10.0 ** rng.integers(-300, 300, 500),
            "gaps": np.where(rng.random(500) < 0.3, np.nan, rng.random(500)),
            "word": rng.choice(["a", "b c", 'd"e', "f,g"], 500),
        }
    )
    text = frame.to_csv(index=False)
    ours = read(tmp_path, text).to_pandas()
    assert_frame_equal(ours, pd.read_csv(StringIO(text)), check_dtype=False)


# Ways in -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["t.csv", "T.CSV", "t.txt", "t.csv.gz", "t.TSV.GZ"])
def test_text_files_by_suffix(tmp_path: Path, name: str) -> None:
    content = gzip.compress(PLAIN.encode()) if name.lower().endswith(".gz") else PLAIN.encode()
    path = written(tmp_path, content, name)
    assert read_table(path).equals(read_table(str(path)))
    assert read_table(path).to_pydict()["size"] == [1.5, -2.0, None]


@pytest.mark.parametrize("suffix", ["parquet", "pq", "arrow", "feather", "ipc", "PARQUET"])
def test_columnar_files_by_suffix(tmp_path: Path, suffix: str) -> None:
    table = pa.table({"a": [1, None], "b": ["x", "y"]})
    path = tmp_path / f"t.{suffix}"
    if suffix in ("parquet", "pq", "PARQUET"):
        parquet.write_table(table, path)
    elif suffix == "feather":
        feather.write_feather(table, path)
    else:
        with ipc.new_stream(path, table.schema) as writer:
            writer.write_table(table)
    assert read_table(path).equals(table)


def test_the_index_of_pandas_is_ignored(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1, 2]}, index=[7, 8])
    frame.to_parquet(tmp_path / "t.parquet")
    assert read_table(frame).to_pydict() == read_table(tmp_path / "t.parquet").to_pydict() == {"a": [1, 2]}


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, pa.table], ids=["pandas", "polars", "pyarrow"])
def test_frames_of_any_library(frame: Any) -> None:
    columns = {"n": [1, 2], "x": [0.5, float("nan")], "w": ["a", None], "b": [True, False]}
    assert read_table(frame(columns)).to_pydict() == columns | {"x": [0.5, None]}


def test_record_batches_and_columns_of_objects() -> None:
    assert read_table(pa.RecordBatch.from_pydict({"a": [1]})).to_pydict() == {"a": [1]}
    objects = pd.DataFrame({"a": [2**70, None, pd.NA, 1], "b": [True, None, False, pd.NA]}, dtype=object)
    assert read_table(objects).to_pydict() == {"a": [2.0**70, None, None, 1.0], "b": [True, None, False, None]}


def test_categorical_target_and_half_floats() -> None:
    frame = pd.DataFrame({"x": np.array([1, 2], np.float16), "y": pd.Categorical(["no", "yes"])})
    table, y = read_table(frame, "y")
    assert y.tolist() == ["no", "yes"]
    assert table.to_pydict() == {"x": [1.0, 2.0]}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_in_the_header(tmp_path: Path, delimiter: str) -> None:
    content = delimiter.join(["a", '"b,;|"', "c"]) + "\n" + delimiter.join("123")
    assert read(tmp_path, content).to_pydict() == {"a": [1], "b,;|": [2], "c": [3]}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16", "latin-1"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    content = "größe,b\n1,é\n".encode(encoding)
    assert read(tmp_path, content, encoding=encoding).to_pydict() == {"größe": [1], "b": ["é"]}


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbfa,b\n1,2\n").column_names == ["a", "b"]


def test_a_byte_of_0_in_a_cell_is_a_character(tmp_path: Path) -> None:
    assert read(tmp_path, "a,b\n1,x\0y\n").to_pydict() == {"a": [1], "b": ["x\0y"]}
    assert read(tmp_path, "a,b\n1,x\n".encode("utf-32"), encoding="utf-32").to_pydict() == {"a": [1], "b": ["x"]}


def test_line_ends_blank_lines_and_long_cells(tmp_path: Path) -> None:
    long = "line\n" * 500_000
    content = f'\n\na,b\r\n\r\n1,"{long}"\r\n2,x'
    assert read(tmp_path, content).to_pydict() == {"a": [1, 2], "b": [long, "x"]}
    assert read(tmp_path, "a,b\r1,x\r2,y").to_pydict() == {"a": [1, 2], "b": ["x", "y"]}


@pytest.mark.parametrize("suffix", ["parquet", "arrow", "frame"])
@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()], ids=str)
def test_text_of_dates_is_what_a_csv_file_of_it_would_be(tmp_path: Path, suffix: str, kind: Any) -> None:
    columns = {
        "day": ["2024-01-31", None, " 2024-02-29"],
        "moment": ["2024-01-31T12:00:00+02:00", "", "NA"],
        "almost": ["2024-01-31", "2024-02-30", "soon"],
        "none": pa.array([None, None, ""], kind),
        "code": ["1", "2", "3"],
    }
    table = pa.table({name: pa.array(cells, kind) for name, cells in columns.items()})
    given: Any = table
    if suffix == "parquet":
        given = tmp_path / "t.parquet"
        parquet.write_table(table, given)
    elif suffix == "arrow":
        given = tmp_path / "t.arrow"
        with ipc.new_stream(given, table.schema) as writer:
            writer.write_table(table)
    expected = read(tmp_path, pd.DataFrame({"day": columns["day"], "moment": columns["moment"]}).to_csv(index=False))
    found = read_table(given)
    assert found.select(["day", "moment"]).equals(expected)
    assert found.select(["almost", "none", "code"]).to_pydict() == table.select(["almost", "none", "code"]).to_pydict()
    assert read_table(given, text_columns=["day"]).column("day").to_pylist() == columns["day"]


def test_text_columns_stay_as_written(tmp_path: Path) -> None:
    content = "zip,n\n1234,1\n 90210,2\n"
    assert read(tmp_path, content, text_columns=["zip"]).column("zip").to_pylist() == ["1234", " 90210"]
    mixed = "code,n\n" + "".join(f"{i},1\n" for i in range(9)) + "V57,2\n"
    assert read(tmp_path, mixed, text_columns=["code"]).column("code").to_pylist()[-1] == "V57"
    assert read_table(pa.table({"zip": [1234]}), text_columns=["zip"]).to_pydict() == {"zip": ["1234"]}


# The target --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("labels", [["a", "bb"], [3, 1], [0.5, 1.5], [True, False]], ids=str)
def test_the_target_is_split_off(labels: list[Any]) -> None:
    table, y = read_table(pa.table({"y": labels, "x": [1, 2]}), "y")
    assert table.column_names == ["x"]
    assert isinstance(y, np.ndarray)
    assert y.tolist() == labels
    assert y.dtype.kind == np.array(labels).dtype.kind


# Bad input ---------------------------------------------------------------------------------------------------------

TEN = "".join(f"{i}.5,{i}\n" for i in range(10))
GZIPPED = gzip.compress(b"a,b\n" + b"1,2\n" * 5000)


def bad(case: str, content: str | bytes, *words: str, name: str = "bad.csv", **settings: Any) -> Any:
    return pytest.param(content, name, settings, words, id=case)


BAD = [
    bad("empty file", "", "0 bytes", "Give"),
    bad("empty gzip", b"", "0 bytes", name="bad.csv.gz"),
    bad("gzip of nothing", gzip.compress(b""), "0 bytes", name="bad.csv.gz"),
    bad("blank lines only", "\n\n", "blank lines", "Give"),
    bad("line for Excel", "sep=;\na;b\n1;2\n", "line 1", "'sep=;'", "Remove the line"),
    bad("header only", "a,b\n", "no rows", "Add rows"),
    bad("header without line end", "a,b", "no rows", "Add rows"),
    bad("row too short", "a,b\n1,2\n3\n", "line 3", "expected 2 cells", "got 1", "column 'a'", "delimiter="),
    bad("row too long", "a,b\n1,2\n\n3,4,5\n", "line 4", "expected 2 cells", "got 3", "quote"),
    bad("ragged after a quoted line end", 'a,b\n"x\ny",2\n3\n', "line 4", "got 1"),
    bad("quote never closed", 'a,b\n1,2\n1,"2\n3,4\n', "line 3", "column 2", "never closed", "Close"),
    bad("quote never closed, ragged", 'a,b,c\n1,"2,3\n4,5,6\n', "line 2", "never closed"),
    bad("quote never closed, long", 'a,b\n1,"2\n' + "3,4\n" * 400_000, "line 2", "never closed"),
    bad("not utf-8", b"a,b\n1,x\n2,caf\xe9\n", "line 3", "column 'b'", "encoding=", "--encoding", "cp1252"),
    bad("no text", bytes(range(256)) * 9, "line 1", "bytes of 0", "encoding='utf-16'", "as CSV"),
    bad("utf-16 without a mark", "a,b\n1,x\n".encode("utf-16-le"), "line 1", "bytes of 0", "encoding='utf-16'"),
    bad("utf-16", "a,b\n1,x\n".encode("utf-16"), "line 1", "encoding=", "--encoding", "'utf-16'"),
    bad("not ascii", "a,b\n1,é\n", "line 2", "column 'b'", "encoding=", encoding="ascii"),
    bad("two columns of one name", "a,b,a\n1,2,3\n", "line 1", "'a'", "column 1", "column 3", "Rename"),
    bad("nameless column", ",a\n0,1\n", "line 1", "column 1", "no name", "{'column 1': 'drop'}"),
    bad(
        "text among numbers", f"a,b\n{TEN}old,3\n", "line 12", "'a'", "'old'", "Correct", "empty", "text_columns=['a']"
    ),
    bad("text among codes", "a,b\n02134,1\n" + "90210,1\n" * 9 + "old,2\n", "line 12", "'old'"),
    bad("text among numbers, spread lines", f'"b\nc",a\n{TEN}3,old\n', "line 13", "column 'a'", "'old'"),
    bad(
        "decimal comma",
        "a;b\n" + "1,5;2\n" * 9,
        *("line 2", "column 'a'", "'1,5'", "decimal comma", "Give decimal=','", "1234.5"),
    ),
    bad("some decimal commas", "a;b\n" + "1.5;2\n" * 9 + "2,5;3\n", "line 11", "'2,5'", "comma between", " Write "),
    bad("decimal point", "a;b\n" + "1.5;2\n" * 9, "line 2", "'1.5'", "decimal point", "decimal='.'", decimal=","),
    bad("points too", "a;b\n" + "1,5;2\n" * 9 + "2.5;3\n", "line 11", "'2.5'", " Write", "1234,5", decimal=","),
    bad("points between", "a;b\n" + "1.234,5;2\n" * 9, "'1.234,5'", "point between thousands", "1234,5", decimal=","),
    bad("text among them", "a;b\n" + "1,5;2\n" * 9 + "old;3\n", "line 11", "'old' is not a number", decimal=","),
    bad("thousands", 'a,b\n"1,234,567.5",2\n' + TEN, "line 2", "'1,234,567.5'", "comma between thousands"),
    bad("date that never was", "d,b\n" + "2024-01-31,1\n" * 9 + "2023-02-29,2\n", "line 11", "'d'", "'2023-02-29'"),
    bad("text among dates", "d,b\n" + "2024-01-31,1\n" * 9 + "soon,2\n", "line 11", "'soon'", "not a date"),
    bad("zones mixed", "d,b\n" + "2024-01-31,1\n" * 9 + "2024-01-31T12:00Z,2\n", "line 11", "without a zone"),
    bad("zones mixed, most with", "d,b\n" + "2024-01-31T12:00Z,1\n" * 9 + "2024-01-31,2\n", "line 11", "with a zone"),
    bad("infinity", "a,b\n1,2\n-inf,3\n", "line 3", "column 'a'", "not finite", "Correct"),
    bad("too large a number", "a,b\n1,2\n1e999,3\n", "line 3", "column 'a'", "not finite"),
    bad("target absent", "a,price\n1,2\n", "'prise'", "Did you mean 'price'?", target="prise"),
    bad("target absent, none near", "a,b\n1,2\n", "'income'", "'a', 'b'", target="income"),
    bad("target absent, blanks between", "a b y\n1 2 3\n", "'a b y'", "give delimiter=", target="y"),
    bad("target absent, no header", "1.5,red\n2.5,blue\n", "'1.5', 'red'", "first line holds no names", target="y"),
    bad(
        "target missing in rows", "a,y\n1,1\n2,\n3,\n", "line 3", "column 'y'", "2 such rows, of 3", "drop", target="y"
    ),
    bad("target constant", "a,y\n1,x\n2,x\n", "column 'y'", "x in every row", "another", target="y"),
    bad("target alone", "y\n1\n2\n", "only the target", "Add columns", target="y"),
    bad("target of dates", "a,y\n1,2024-01-31\n2,2024-02-01\n", "column 'y'", "date32", "Convert", target="y"),
    bad("gzip cut short", GZIPPED[:-30], "gzip", "cut short", "again", name="bad.csv.gz"),
    bad("gzip altered", GZIPPED[:40] + b"\0\0\0\0" + GZIPPED[44:], "gzip", "damaged", name="bad.csv.gz"),
    bad("no gzip", "a,b\n1,2\n", "gzip", "again", name="bad.csv.gz"),
    bad("gzip named csv", GZIPPED, "compressed", "bad.csv.gz"),
    bad("workbook named csv", b"PK\x03\x04rest", "workbook", "export"),
    bad("no parquet", b"junk", "Parquet", "damaged", "again", name="bad.parquet"),
    bad("no arrow", b"junk", "Arrow", "damaged", name="bad.arrow"),
    bad("arrow file cut short", b"ARROW1\0\0junk", "Arrow", "damaged", name="bad.feather"),
    bad("empty parquet", b"", "0 bytes", "again", name="bad.parquet"),
    bad("unknown suffix", "a,b\n1,2\n", "'.xlsx'", ".csv", ".parquet", name="bad.xlsx"),
]


@pytest.mark.parametrize(("content", "name", "settings", "words"), BAD)
def test_bad_files_are_one_line_that_helps(
    tmp_path: Path, content: str | bytes, name: str, settings: dict[str, Any], words: tuple[str, ...]
) -> None:
    path = written(tmp_path, content, name)
    with pytest.raises(TableError) as caught:
        read_table(path, **settings)
    message = str(caught.value)
    for word in (name, *words):
        assert word in message
    assert "\n" not in message
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_parquet_file_cut_short_anywhere_is_an_error(tmp_path: Path) -> None:
    whole = tmp_path / "whole.parquet"
    parquet.write_table(pa.table({"a": np.arange(100), "b": ["x"] * 100}), whole)
    content = whole.read_bytes()
    for length in range(0, len(content), 37):
        with pytest.raises(TableError, match=r"cut\.parquet"):
            read_table(written(tmp_path, content[:length], "cut.parquet"))


def test_a_parquet_file_may_repeat_a_name(tmp_path: Path) -> None:
    path = tmp_path / "twins.parquet"
    parquet.write_table(pa.table([[1], [2]], names=["a", "a"]), path)
    with pytest.raises(TableError, match=r"twins\.parquet: The table has two columns named 'a'"):
        read_table(path)


def bad_frame(case: str, frame: Any, *words: str, **settings: Any) -> Any:
    return pytest.param(frame, settings, words, id=case)


@pytest.mark.parametrize(
    ("frame", "settings", "words"),
    [
        bad_frame("infinity", pd.DataFrame({"a": [1.0, np.inf]}), "the table, row 1", "column 'a'", "Correct"),
        bad_frame("mixed", pd.DataFrame({"a": [1, "x"]}), "the table", "'a'", "row 1", "'x'", "one type"),
        bad_frame("objects", pd.DataFrame({"a": [{}, 1]}), "the table", "'a'", "dict", "row 0", "drop"),
        bad_frame("booleans mixed", pd.DataFrame({"a": [True, "x"]}), "'a'", "boolean at row 0", "text at row 1"),
        bad_frame("dates and times", pd.DataFrame({"a": [date(2024, 1, 1), time(1)]}), "'a'", "one type"),
        bad_frame("no rows", pd.DataFrame({"a": [1]})[:0], "the table", "no rows"),
        bad_frame("no columns", pl.DataFrame(), "the table", "no columns"),
        bad_frame("one name twice", pd.DataFrame([[1, 2]], columns=["a", "a"]), "table", "'a'", "Rename"),
        bad_frame("one name twice, arrow", pa.table([[1], [2]], names=["a", "a"]), "table", "'a'", "Rename"),
        bad_frame("array", np.eye(2), "ndarray", "DataFrame"),
        bad_frame("nothing", None, "NoneType", "DataFrame"),
        bad_frame("lazy", pl.LazyFrame({"a": [1]}), "LazyFrame", "DataFrame"),
        bad_frame("target missing", pd.DataFrame({"a": [1, 2], "y": ["x", None]}), "row 1", "'y'", target="y"),
        bad_frame("no text", pa.table({"a": [[1]]}), "'a'", "text_columns", text_columns=["a"]),
    ],
)
def test_bad_frames_are_one_line_that_helps(frame: Any, settings: dict[str, Any], words: tuple[str, ...]) -> None:
    with pytest.raises(TableError) as caught:
        read_table(frame, **settings)
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"encoding": "klingon"}, "klingon"),
        ({"encoding": "base64"}, "base64"),
        ({"encoding": None}, "None"),
        ({"delimiter": ";;"}, ";;"),
        ({"delimiter": '"'}, "quote"),
        ({"decimal": ";"}, "'.' or ',', what stands before the fraction of a number; got ';'"),
        ({"decimal": ""}, "got ''"),
        ({"decimal": None}, "got None"),
        ({"text_columns": "size"}, "list"),
        ({"text_columns": ["siez"]}, "Did you mean 'size'?"),
    ],
    ids=str,
)
def test_bad_settings(tmp_path: Path, settings: dict[str, Any], word: str) -> None:
    with pytest.raises(SettingError, match=word.replace("?", r"\?")):
        read(tmp_path, PLAIN, **settings)


def test_settings_for_csv_are_refused_elsewhere(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"a": [1]}), tmp_path / "t.parquet")
    for table in (tmp_path / "t.parquet", pa.table({"a": [1]})):
        with pytest.raises(SettingError, match="are for CSV files"):
            read_table(table, delimiter=";")
        with pytest.raises(SettingError, match="are for CSV files"):
            read_table(table, decimal=",")


def test_absent_files_and_directories(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"holds no files"):
        read_table(tmp_path / "x.csv")
    written(tmp_path, PLAIN, "churn.csv")
    with pytest.raises(FileError, match=r"chrun\.csv does not exist\. Did you mean 'churn\.csv'\?"):
        read_table(tmp_path / "chrun.csv")
    with pytest.raises(FileError, match=r"The files in .* are 'churn\.csv'"):
        read_table(tmp_path / "z")
    with pytest.raises(FileError, match=r"Its folder"):
        read_table(tmp_path / "no" / "x.csv")
    for name in ("n" * 300, "n" * 300 + ".csv", "n" * 300 + "/x.csv"):
        with pytest.raises(FileError, match=r"nn(/x)?(\.csv)? cannot be read: file name too long"):
            read_table(tmp_path / name)
    with pytest.raises(FileError, match=r"b\.csv does not exist"):
        read_table("a\0b.csv")
    with pytest.raises(FileError, match=r"is a directory"):
        read_table(tmp_path)


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet", "t.arrow"])
def test_files_that_may_not_be_read(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, PLAIN, name)
    tmp_path.chmod(0o755)
    path.chmod(0)
    with nobody(tmp_path), pytest.raises(FileError, match=rf"{name} may not be read: permission denied"):
        read_table(path)
    path.chmod(0o644)
    tmp_path.chmod(0)
    with nobody(tmp_path), pytest.raises(FileError, match=rf"{name} may not be read: permission denied"):
        read_table(path)
    tmp_path.chmod(0o755)
