#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How other programs fare with our files. Run by damage.py with the Python that the tests have set up,
since it needs pyarrow, Polars and DuckDB.

    readers.py killed         reads folders of recordings, one a line, and answers one line each:
                              how many live files pyarrow and Polars could not read, how many
                              sealed ones DuckDB
    readers.py flips FOLDER COUNT
                              flips so many bits in sealed parts, one at a time; what each program does
"""
import json
import pathlib
import random
import sys

import duckdb
import polars
import pyarrow
import pyarrow.ipc
import pyarrow.parquet


def live_files(folder):
    return sorted(pathlib.Path(folder).glob("*/live-*.arrows"))


def parts(folder):
    return sorted(pathlib.Path(folder).glob("*/part-*.parquet"))


def failures(read, files):
    failed = 0
    for file in files:
        try:
            read(file)
        except Exception as error:  # whatever it is, the file was not read
            print(f"{file}: {type(error).__name__}: {error}", file=sys.stderr)
            failed += 1
    return failed


def pyarrow_stream(file):
    with pyarrow.OSFile(str(file)) as source:
        return pyarrow.ipc.open_stream(source).read_all()


def answer_about_killed():
    for line in sys.stdin:
        live, sealed = live_files(line.rstrip("\n")), parts(line.rstrip("\n"))
        print(json.dumps({"live": len(live), "sealed": len(sealed),
                          "pyarrow": failures(pyarrow_stream, live),
                          "Polars": failures(polars.read_ipc_stream, live),
                          "DuckDB": failures(duckdb_part, sealed)}), flush=True)


def duckdb_part(file):
    return duckdb.read_parquet(str(file)).to_arrow_table()


READERS = {
    "pyarrow": (lambda file: pyarrow.parquet.read_table(file), lambda a, b: a.equals(b)),
    "Polars": (lambda file: polars.read_parquet(file), lambda a, b: a.equals(b)),
    "DuckDB": (duckdb_part, lambda a, b: a.equals(b)),
}


def page_ranges(file):
    """The bytes of a part that hold the pages of columns."""
    metadata = pyarrow.parquet.read_metadata(file)
    for group in range(metadata.num_row_groups):
        for column in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(column)
            start = chunk.dictionary_page_offset or chunk.data_page_offset
            yield start, start + chunk.total_compressed_size


def flip(file, bit):
    with open(file, "r+b") as bytes_of_it:
        bytes_of_it.seek(bit // 8)
        byte = bytes_of_it.read(1)[0]
        bytes_of_it.seek(bit // 8)
        bytes_of_it.write(bytes([byte ^ 1 << bit % 8]))


def outcome(read, equal, file, whole):
    try:
        return "same" if equal(read(file), whole) else "wrong"
    except BaseException as error:  # Polars panics with an exception of its own kind
        if isinstance(error, KeyboardInterrupt):
            raise
        return "refused"


def flips(folder, count):
    files = parts(folder)
    sizes = [file.stat().st_size for file in files]
    whole = {name: {file: read(file) for file in files} for name, (read, _) in READERS.items()}
    ranges = {file: list(page_ranges(file)) for file in files}
    random_bits = random.Random(1)  # the same bits in every run
    told = {name: {"same": 0, "refused": 0, "wrong": 0, "wrong in pages": 0} for name in READERS}
    in_pages = 0
    for _ in range(count):
        file = random_bits.choices(files, weights=sizes)[0]
        bit = random_bits.randrange(file.stat().st_size * 8)
        is_in_page = any(start <= bit // 8 < end for start, end in ranges[file])
        in_pages += is_in_page
        flip(file, bit)
        for name, (read, equal) in READERS.items():
            what = outcome(read, equal, file, whole[name][file])
            told[name][what] += 1
            told[name]["wrong in pages"] += what == "wrong" and is_in_page
        flip(file, bit)
    print(json.dumps({"flips": count, "in pages": in_pages, **told}))


def main():
    task, *arguments = sys.argv[1:] or [""]
    if task == "killed":
        answer_about_killed()
    elif task == "flips":
        flips(arguments[0], int(arguments[1]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
