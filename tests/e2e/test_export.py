# SPDX-License-Identifier: Apache-2.0
"""tacho export: a recording as one file."""

import csv
import pathlib
import sys

import pyarrow
import pyarrow.ipc
import pyarrow.parquet
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from wide_file import wide_columns  # noqa: E402


def test_export_of_a_recording_that_was_not_made_for_it(made, run, tmp_path):
    for ending in ("parquet", "csv", "arrow"):
        done = run("export", made, "-o", tmp_path / f"x.{ending}")
        assert done.returncode == 0, done.stderr
    table = pyarrow.parquet.read_table(tmp_path / "x.parquet")
    assert table.column_names == wide_columns()
    ticks = pyarrow.parquet.read_table(next(made.glob("system/part-*"))).num_rows
    assert table.num_rows == ticks
    with open(tmp_path / "x.csv") as file:
        assert [row["sys_free"] for row in csv.DictReader(file)] == [
            str(value) for value in table["sys_free"].to_pylist()
        ]
    with pyarrow.ipc.open_stream((tmp_path / "x.arrow").read_bytes()) as stream:
        streamed = stream.read_all()
    assert streamed.equals(table) and streamed.schema.field("sys_free").metadata[b"unit"] == b"By"


def test_export_of_a_table_and_of_dense_processes(made, run, tmp_path):
    assert run("export", made, "--table", "process", "-o", tmp_path / "raw.parquet").returncode == 0
    assert run("export", made, "--dense", "-o", tmp_path / "dense.parquet").returncode == 0
    raw, dense = (
        pyarrow.parquet.read_table(tmp_path / f"{name}.parquet") for name in ("raw", "dense")
    )
    assert dense.num_rows > raw.num_rows and "command" in dense.column_names
    shown = run("export", made, "--table", "memory", "--format", "csv")
    assert shown.stdout.startswith(b"tick,time,boottime,limit")


@pytest.mark.parametrize(
    "arguments, says",
    [
        ((), b"one recording is wanted"),
        (("x",), b"name the file"),
        (("x", "-o", "y.xlsx"), b"'xlsx' is no format"),
        (("x", "--format", "parquet"), b"needs a file"),
        (("x", "-o", "y.csv", "--table", "cpu", "--dense"), b"--dense is for the table process"),
        (("x", "-o", "y.arrow", "--recover"), b"--recover is for a wide file"),
    ],
)
def test_wrong_usage_of_export_is_told(arguments, says, run):
    done = run("export", *arguments)
    assert done.returncode == 2
    assert says in done.stderr
