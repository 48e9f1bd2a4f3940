# SPDX-License-Identifier: Apache-2.0
"""Files that are no recordings, damaged or hostile ones, and the process that reads them (S1-057, S1-084)."""
import os
import pathlib
import subprocess
import sys
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from foreign_file import START, parquet, wide_csv  # noqa: E402, F401


def hostile_footer(path, rows):
    """A whole file whose footer says that it has so many rows. The number is a varint of the same length."""
    table = pa.table({"timestamp": pa.array([START], pa.timestamp("s")), "x": [1]})
    pq.write_table(table, path, store_schema=False, compression=None)
    data = bytearray(path.read_bytes())
    size = int.from_bytes(data[-8:-4], "little")
    footer = bytes(data[-8 - size:-8])

    def zigzag(number):
        number <<= 1
        out = bytearray()
        while number > 0x7F:
            out.append(number & 0x7F | 0x80)
            number >>= 7
        out.append(number)
        return bytes(out)

    # num_rows is field 3 of FileMetaData (0x16: i64 after field 2) and of each RowGroup.
    grown = footer.replace(b"\x16" + zigzag(1), b"\x16" + zigzag(rows))
    assert grown != footer
    data = data[:-8 - size] + grown + len(grown).to_bytes(4, "little") + b"PAR1"
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("content, said", [
    (b"", b"is empty"),
    (b"\x00\x01\x02\x03" * 50, b"neither Parquet nor text"),
    (b"PAR1", b"bad.csv"),
    (b"PAR1" + b"\xff" * 4000 + b"PAR1", b"bad.csv"),
    (b"PAR1" + b"\x00" * 100 + b"\xff\xff\xff\x7fPAR1", b"bad.csv"),
    (b"\x1f\x8b\x08 zipped", b"compressed with gzip; unpack it first"),
    (b"{\"a\": 1}\n", b"looks like JSON"),
    (b"just some words\nand more of them\n", b"no column of times"),
    (b"a,b,c\n1,2,3\n", b"no column of times; expected one, best named timestamp"),
    (b"timestamp,a\n", b"has a line of names and no rows"),
    (b"timestamp,a\nnever,1\n", b"no column of times"),
    (b"timestamp,a\n1763990000,1\n1763990001,\"" + b"x" * (9 << 20), b"a quote is never closed"),
    (b"," * 200000 + b"\n", b"at most 10000 are read"),
    (b"x" * (2 << 20), b"its first line has no end"),
])
def test_what_is_no_recording_gets_one_line(run, tmp_path, content, said):
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    before = sorted(tmp_path.iterdir())
    for command in (["show", path], ["report", path], ["show", path, "bad"], ["ps", path]):
        done = run(*command)
        assert (done.returncode, done.stdout) == (3, b""), (command, done)
        assert len(done.stderr.splitlines()) == 1 and said in done.stderr, done.stderr
    assert [path for path in sorted(tmp_path.iterdir()) if path.suffix != ".tacho"] == before


def test_a_cut_parquet_file_gets_one_line(run, parquet):
    data = parquet.read_bytes()
    for size in (5, 50, len(data) // 2, len(data) - 1):
        parquet.write_bytes(data[:size])
        done = run("report", parquet)
        assert done.returncode == 3 and len(done.stderr.splitlines()) == 1, done.stderr
        assert b"system_monitor.parquet" in done.stderr


def test_declared_sizes_are_not_believed(run, tmp_path):
    path = tmp_path / "huge.parquet"
    hostile_footer(path, 10**18)
    done = run("report", path)
    assert done.returncode == 3 and len(done.stderr.splitlines()) == 1, (done.stdout, done.stderr)
    assert b"huge.parquet" in done.stderr


def test_hostile_names_do_no_harm(run, tmp_path):
    path = tmp_path / "evil.csv"
    path.write_bytes(b"timestamp,\x1b[31m=evil\x07,b\n1763990000,1,\x1b]0;x\x07\n")
    for command in (["show", path], ["show", path, "evil"], ["report", path]):
        done = run(*command)
        assert done.returncode == 0, done.stderr
        assert b"\x1b" not in done.stdout + done.stderr and b"\x07" not in done.stdout
    assert b"\\x1b[31m=evil" in run("show", path, "evil").stdout


def test_a_bit_flip_anywhere_ends_in_good_order(run, parquet):
    data = bytearray(parquet.read_bytes())
    for place in range(7, len(data), max(1, len(data) // 40)):
        damaged = bytearray(data)
        damaged[place] ^= 0x55
        parquet.write_bytes(damaged)
        done = run("report", parquet)
        assert done.returncode in (0, 1, 3), (place, done)
        assert done.returncode == 0 or done.stderr, place


def test_the_process_that_reads_has_given_up_its_rights(tacho, home, tmp_path):
    path = tmp_path / "many.csv"
    path.write_text("timestamp,value\n" + "".join(f"{START + n},{n}\n" for n in range(400_000)))
    shown = subprocess.Popen([tacho, "show", path, "many", "--format", "csv"], env=home, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        shown.stdout.readline()  # its output is full now, and it waits with its child
        children = pathlib.Path(f"/proc/{shown.pid}/task/{shown.pid}/children").read_text().split()
        assert len(children) == 1
        child = pathlib.Path(f"/proc/{children[0]}")
        status = dict(line.split(":\t", 1) for line in (child / "status").read_text().splitlines() if ":\t" in line)
        if "Seccomp" not in status:
            pytest.skip("this kernel has no seccomp")
        assert (status["Seccomp"].strip(), status["NoNewPrivs"].strip()) == ("2", "1")
        open_ones = {os.readlink(link) for link in (child / "fd").iterdir()}
        assert {name for name in open_ones if not name.startswith("pipe:")} == {"/dev/null", str(path)}
        assert sum(name.startswith("pipe:") for name in open_ones) == 1
    finally:
        shown.kill()
        shown.communicate(timeout=30)
    for _ in range(1000):  # it goes with its parent
        if not child.exists():
            return
        time.sleep(0.01)
    pytest.fail("the process that reads has outlived the one that it reads for")


def test_nothing_is_written_beside_the_file(run, parquet, wide_csv):
    folder = parquet.parent
    folder_before = {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}
    for path in (parquet, wide_csv):
        run("report", path)
        run("show", path, "cpu")
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()} == folder_before
