# SPDX-License-Identifier: Apache-2.0
"""Recordings open without tacho: sealed parts in pyarrow, pandas, Polars, DuckDB and fastparquet,
the live file in pyarrow and Polars (and through pyarrow in DuckDB), with the values that are in
them, and a flipped bit in a part's pages is never read as a value."""

import pathlib
import random
import struct

import duckdb
import fastparquet
import pandas
import polars
import pyarrow
import pyarrow.parquet
import pytest

SMALL = pathlib.Path(__file__).parent.parent / "recordings" / "1.0" / "small.tacho"
START_TIME = 1_763_990_000_000_000_000
SECOND = 1_000_000_000


def part(table):
    (path,) = (SMALL / table).glob("part-000001-*.parquet")
    return path


def live(table):
    return SMALL / table / "live-000002.arrows"


def cpu_rows(ticks, by_entity):
    """What the recording was written with: (tick, time, boottime, cpu, time_user, frequency)."""
    rows = [
        (tick, START_TIME + tick * SECOND, 5 * SECOND + tick * SECOND, cpu,
         tick * 1_000_000 - cpu, None if cpu == 1 else 2.4e9 + tick)
        for tick in ticks for cpu in range(2)
    ]
    return sorted(rows, key=lambda row: (row[3], row[0])) if by_entity else rows


def rows_of(table):
    """A pyarrow table's rows with times as nanoseconds."""
    table = table.set_column(1, "time", table.column("time").cast(pyarrow.int64()))
    return [tuple(row.values()) for row in table.to_pylist()]


SEALED = cpu_rows(range(3), by_entity=True)
LIVE = cpu_rows(range(3, 6), by_entity=False)


def test_pyarrow_reads_a_part_with_its_metadata():
    table = pyarrow.parquet.read_table(part("cpu"), page_checksum_verification=True)
    assert rows_of(table) == SEALED
    assert table.schema.field("time").type == pyarrow.timestamp("ns", "UTC")
    assert table.schema.field("time_user").metadata[b"unit"] == b"ns"
    assert table.schema.field("time_user").metadata[b"kind"] == b"counter"
    assert table.schema.metadata[b"tacho.table"] == b"cpu"
    assert b"tacho.crc32c" not in table.schema.metadata


def test_pandas_reads_a_part():
    frame = pandas.read_parquet(part("cpu"))
    assert frame["time_user"].tolist() == [row[4] for row in SEALED]
    assert str(frame["time"].dtype) == "datetime64[ns, UTC]"
    assert frame["frequency"].isna().tolist() == [row[5] is None for row in SEALED]


def test_polars_reads_parts_by_pattern():
    frame = polars.read_parquet(str(SMALL / "cpu" / "part-*.parquet"))
    frame = frame.with_columns(polars.col("time").dt.epoch("ns"))
    assert frame.rows() == SEALED


def test_duckdb_reads_parts_by_pattern():
    pattern = SMALL / "cpu" / "part-*.parquet"
    rows = duckdb.sql(
        f"select tick, epoch_ns(time), boottime, cpu, time_user, frequency from '{pattern}'").fetchall()
    assert rows == SEALED


def test_fastparquet_reads_text_and_numbers():
    frame = fastparquet.ParquetFile(str(part("process_info"))).to_pandas(["process", "command"])
    assert len(frame) == 62
    assert frame["command"].iloc[0] == "program é 1"


def test_pyarrow_reads_the_live_file_as_a_stream_and_as_a_map():
    with pyarrow.ipc.open_stream(live("cpu").read_bytes()) as stream:
        assert rows_of(stream.read_all()) == LIVE
    with pyarrow.memory_map(str(live("cpu"))) as source:
        assert rows_of(pyarrow.ipc.open_stream(source).read_all()) == LIVE


def test_polars_reads_the_live_file_plain_and_compressed():
    frame = polars.read_ipc_stream(live("cpu")).with_columns(polars.col("time").dt.epoch("ns"))
    assert frame.rows() == LIVE
    commands = polars.read_ipc_stream(live("process_info"))["command"].to_list()
    assert commands[:60] == [f"program é {number}" for number in range(1, 61)]


def test_duckdb_reads_the_live_file_through_pyarrow():
    live_rows = pyarrow.ipc.open_stream(live("cpu").read_bytes()).read_all()  # noqa: F841
    total = duckdb.sql("select sum(time_user) from live_rows").fetchall()
    assert total == [(sum(row[4] for row in LIVE),)]


def pages_of(path):
    """Where the compressed bytes of the pages lie: behind a page's header, before the next chunk."""
    metadata = pyarrow.parquet.ParquetFile(path).metadata
    places = []
    for group in range(metadata.num_row_groups):
        for index in range(metadata.num_columns):
            column = metadata.row_group(group).column(index)
            start = column.data_page_offset
            if column.has_dictionary_page:
                start = column.dictionary_page_offset
            places.append((start, start + column.total_compressed_size))
    return places


READERS = {
    "pyarrow": lambda path: sorted(map(repr, pyarrow.parquet.read_table(path).to_pylist())),
    "polars": lambda path: sorted(map(repr, polars.read_parquet(path).rows())),
    "duckdb": lambda path: sorted(map(repr, duckdb.sql(f"select * from '{path}'").fetchall())),
}


@pytest.mark.parametrize("reader", READERS)
def test_a_flipped_bit_in_a_zstd_frame_is_never_read_as_a_value(reader, tmp_path):
    whole = part("process_info").read_bytes()
    read = READERS[reader]
    expected = read(part("process_info"))
    magic = struct.pack("<I", 0xFD2FB528)
    choose = random.Random(1)
    refused = 0
    for number in range(60):
        start, end = choose.choice(pages_of(part("process_info")))
        # Behind the magic of the last frame that begins in this column's chunk.
        frame = whole.rfind(magic, start, end)
        bit = choose.randrange((frame + 4) * 8, end * 8)
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        path = tmp_path / f"damaged-{number}.parquet"
        path.write_bytes(damaged)
        try:
            values = read(path)
        except BaseException as error:  # Polars' panics are no Exceptions
            if isinstance(error, KeyboardInterrupt):
                raise
            refused += 1
            continue
        assert values == expected, f"bit {bit} was read as a value"
    assert refused > 50
