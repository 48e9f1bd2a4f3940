# SPDX-License-Identifier: Apache-2.0
"""The one wide file, `tacho record --output x.parquet`, and what other programs read in
it. Promises S1-041 to S1-058 and S1-084 of the system tracer."""

import contextlib
import csv
import datetime
import os
import pathlib
import signal
import subprocess
import sys
import time

import pyarrow
import pyarrow.parquet
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from wide_file import LIMIT, row_count, rows_of, wait_for, wide_columns  # noqa: E402


@pytest.fixture
def start(tacho, home, tmp_path):
    """start(*arguments) -> a `tacho record` that runs, in the test's folder; killed in the end."""
    started = []

    def begin(*arguments):
        process = subprocess.Popen(
            [tacho, "record", *map(str, arguments)],
            env=home,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=LIMIT)


def test_the_file_has_the_columns_of_the_system_tracer_and_its_rates_begin_with_null(run, tmp_path):
    path = tmp_path / "x.parquet"
    done = run(
        "record",
        "--output",
        path,
        "--interval",
        "100ms",
        "--write-interval",
        "1",
        "--duration",
        "1",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().strip() == str(path)
    table = pyarrow.parquet.read_table(path)
    assert table.column_names == wide_columns()
    assert table.schema.field("timestamp").type == pyarrow.timestamp("us")
    types = {name: table.schema.field(name).type for name in table.column_names[1:]}
    for name, kind in types.items():
        wanted = (
            pyarrow.float64()
            if name.endswith(("_per_sec", "_utilization", "_percent"))
            else pyarrow.string()
            if name == "max_files_process"
            else pyarrow.int64()
        )
        assert kind == wanted, name
    assert table.schema.field("sys_used").metadata[b"unit"] == b"By"
    assert all(field.metadata[b"description"] for field in table.schema)
    first, *others = table.to_pylist()
    rates = [name for name in types if name.endswith(("_per_sec", "_utilization"))]
    assert all(first[name] is None for name in rates)
    assert len(others) >= 8
    assert all(
        row["net_bytes_sent_per_sec"] >= 0 and 0 <= row["cpu_0_utilization"] <= 100
        for row in others
    )
    assert first["system_process_count"] >= 1 and first["total_open_files"] >= 1
    assert first["max_files_process"].endswith(")") and 0 < first["sys_used"] < first["sys_total"]
    assert list(path.parent.glob(".x.parquet*")) == []


@pytest.mark.filterwarnings("ignore:The 'fastparquet' engine")
def test_other_programs_read_it(run, tmp_path):
    pandas, fastparquet = pytest.importorskip("pandas"), pytest.importorskip("fastparquet")
    duckdb, polars = pytest.importorskip("duckdb"), pytest.importorskip("polars")
    path = tmp_path / "x.parquet"
    assert (
        run("record", "--output", path, "--interval", "50ms", "--duration", "1", "--utc").returncode
        == 0
    )
    rows = rows_of(path)
    for engine in ("pyarrow", "fastparquet"):
        frame = pandas.read_parquet(path, engine=engine)
        assert list(frame.columns) == wide_columns()
        assert frame["sys_used"].tolist() == [row["sys_used"] for row in rows]
        assert frame["timestamp"].dt.tz is not None
        assert frame["timestamp"].iloc[-1] == rows[-1]["timestamp"]
        assert frame["net_bytes_sent_per_sec"].isna().tolist() == [True] + [False] * (len(rows) - 1)
        assert frame["max_files_process"].iloc[0] == rows[0]["max_files_process"]
    assert fastparquet.ParquetFile(str(path)).count() == len(rows)
    found = duckdb.sql(
        f"select sys_used, max_files_process from '{path}' order by timestamp"
    ).fetchall()
    assert found == [(row["sys_used"], row["max_files_process"]) for row in rows]
    frame = polars.read_parquet(path)
    assert frame["disk_busy_time"].to_list() == [row["disk_busy_time"] for row in rows]
    assert str(frame["timestamp"].dtype) == "Datetime(time_unit='us', time_zone='UTC')"


def test_times_are_local_without_a_zone_or_utc(run, home, tmp_path):
    home["TZ"] = "Asia/Kathmandu"
    now = datetime.datetime.now(datetime.UTC)
    for name, options in (("local", ()), ("utc", ("--utc",))):
        for ending in ("parquet", "csv"):
            done = run(
                "record", "--output", tmp_path / f"{name}.{ending}", "--duration", "0.1", *options
            )
            assert done.returncode == 0, done.stderr
    utc = rows_of(tmp_path / "utc.parquet")[0]["timestamp"]
    assert abs(utc - now) < datetime.timedelta(seconds=LIMIT)
    local = rows_of(tmp_path / "local.parquet")[0]["timestamp"]
    assert local.tzinfo is None
    shifted = now.replace(tzinfo=None) + datetime.timedelta(hours=5, minutes=45)
    assert abs(local - shifted) < datetime.timedelta(seconds=LIMIT)
    texts = {
        name: (tmp_path / f"{name}.csv").read_text().splitlines()[1].split(",")[0]
        for name in ("utc", "local")
    }
    assert texts["utc"].endswith("+00:00") and len(texts["local"]) == len(
        "2026-11-21 11:31:29.623821"
    )
    assert datetime.datetime.fromisoformat(texts["local"]).hour in {
        local.hour,
        (local.hour + 1) % 24,
    }
    metadata = pyarrow.parquet.read_schema(tmp_path / "local.parquet").metadata
    assert metadata[b"tacho.zone"] == b"Asia/Kathmandu"


def test_sigterm_before_the_first_write_loses_nothing(start, tmp_path):
    process = start("--output", "x.csv", "--interval", "50ms", "--write-interval", "1h")
    wait_for((tmp_path / ".x.csv.tacho" / "recording.json").exists)
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=LIMIT)
    assert process.returncode == 0
    with open(tmp_path / "x.csv") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 3
    assert not (tmp_path / ".x.csv.tacho").exists()


@pytest.mark.parametrize("name", ["x.parquet", "x.csv"])
def test_what_a_kill_left_is_in_the_file_after_the_next_start(name, start, run, tmp_path):
    path, beside = tmp_path / name, tmp_path / f".{name}.tacho"
    process = start("--output", name, "--interval", "20ms", "--write-interval", "500ms", "--utc")
    wait_for(path.exists)
    time.sleep(1.3)
    process.kill()
    process.wait(LIMIT)
    whole = tmp_path / f"whole-{name}"
    exported = run("export", beside, "-o", whole)
    assert exported.returncode == 0, exported.stderr
    again = run("record", "--output", path, "--interval", "20ms", "--duration", "0.1", "--utc")
    assert again.returncode == 0, again.stderr
    assert b"recovered" in again.stderr
    assert not beside.exists()
    if name.endswith(".csv"):
        lines, wanted = path.read_text().splitlines(), whole.read_text().splitlines()
    else:
        lines, wanted = rows_of(path), rows_of(whole)
    assert lines[: len(wanted)] == wanted
    assert len(lines) > len(wanted) > 20


def test_a_reader_never_sees_a_part_of_the_file(start, tmp_path):
    path = tmp_path / "x.parquet"
    process = start("--output", path, "--interval", "10ms", "--write-interval", "20ms")
    wait_for(path.exists)
    seen = []
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        # Opened once: read_table opens a path twice, for the footer and for the rows.
        seen.append(pyarrow.parquet.ParquetFile(path).read().num_rows)
    process.terminate()
    process.communicate(timeout=LIMIT)
    assert seen == sorted(seen) and seen[-1] > seen[0]
    assert row_count(path) > seen[-1] - 1


def test_a_file_that_is_there_is_continued_and_a_foreign_one_is_left_alone(run, tmp_path):
    path = tmp_path / "x.parquet"
    for _ in range(3):
        assert (
            run("record", "--output", path, "--interval", "50ms", "--duration", "0.2").returncode
            == 0
        )
    rows = rows_of(path)
    assert len(rows) >= 12
    assert [row["timestamp"] for row in rows] == sorted(row["timestamp"] for row in rows)
    refused = run("record", "--output", path, "--duration", "0.2", "--utc")
    assert refused.returncode == 2 and b"its times are local" in refused.stderr
    foreign = tmp_path / "foreign.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"timestamp": [1]}), foreign)
    before = foreign.read_bytes()
    refused = run("record", "--output", foreign, "--duration", "0.2")
    assert refused.returncode == 2
    assert (
        b"did not write (but parquet-cpp-arrow" in refused.stderr
        and b"move it away" in refused.stderr
    )
    assert foreign.read_bytes() == before
    assert list(tmp_path.glob(".*")) == []


def test_two_cannot_record_into_one_file(start, run, tmp_path):
    path = tmp_path / "x.parquet"
    start("--output", path, "--interval", "50ms")
    wait_for(path.exists)
    second = run("record", "--output", path, "--duration", "0.1")
    assert second.returncode == 1
    assert b"another tacho is recording into" in second.stderr


def test_a_folder_that_cannot_be_written_is_told(run, tmp_path):
    done = run("record", "--output", tmp_path / "absent" / "x.parquet", "--duration", "0.1")
    assert done.returncode != 0 and b"absent" in done.stderr
    done = run(
        "record", "--output", tmp_path / "x.tacho", "--write-interval", "1", "--duration", "0.1"
    )
    assert done.returncode == 2 and b"--write-interval is for a wide file" in done.stderr


def test_hostile_names_of_processes_are_text_in_the_file(run, tmp_path):
    """A process with the most descriptors and a name that a spreadsheet would run."""
    name = '=cmd|"a,b"'
    program = tmp_path / name
    program.symlink_to("/bin/sleep")
    files = [open("/dev/null") for _ in range(900)]
    process = subprocess.Popen([program, "30"], pass_fds=[file.fileno() for file in files])
    try:
        wait_for(lambda: pathlib.Path(f"/proc/{process.pid}/comm").read_text().strip() == name)
        for ending in ("csv", "parquet"):
            path = tmp_path / f"x.{ending}"
            assert (
                run(
                    "record", "--output", path, "--interval", "100ms", "--duration", "0.3"
                ).returncode
                == 0
            )
    finally:
        process.kill()
        process.wait(LIMIT)
        for file in files:
            file.close()
    most = rows_of(tmp_path / "x.parquet")[-1]["max_files_process"]
    with open(tmp_path / "x.csv") as file:
        text = list(csv.DictReader(file))[-1]["max_files_process"]
    if most.startswith("="):  # no process of this machine has more
        assert most == f"{name}({process.pid})"
        assert text == f"'{name}({process.pid})"
    assert not text.startswith("=")


@pytest.mark.system
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: mounts")
def test_a_disk_that_is_full_for_a_while_loses_no_row(start, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tacho-test", disk],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"mount is refused here: {mounted.stderr.decode().strip()}")
    path, filler = disk / "x.csv", disk / "filler"
    process = start("--output", path, "--interval", "20ms", "--write-interval", "100ms", "--utc")

    def times():
        with open(path) as file:
            return [
                datetime.datetime.fromisoformat(row["timestamp"]) for row in csv.DictReader(file)
            ]

    try:
        wait_for(lambda: path.exists() and len(times()) > 5)
        full_from = full_to = times()[-1]

        def is_stuck():
            """Fills what there is, the recorder's reserve too once it was given up."""
            nonlocal full_to
            with open(filler, "ab", buffering=0) as file, contextlib.suppress(OSError):
                while file.write(bytes(4096)):
                    pass
            full_to = datetime.datetime.now(datetime.UTC)
            return times()[-1] < full_to - datetime.timedelta(seconds=1)

        wait_for(is_stuck)
        filler.unlink()
        wait_for(lambda: times()[-1] > full_to)
        process.terminate()
        process.communicate(timeout=LIMIT)
        assert process.returncode == 0
        assert sum(full_from < moment < full_to for moment in times()) > 25
        assert list(disk.glob(".*")) == []
    finally:
        process.kill()
        process.wait(LIMIT)
        wait_for(
            lambda: (
                subprocess.run(["umount", disk], capture_output=True, check=False).returncode == 0
            )
        )


def test_run_says_how_its_recording_becomes_a_wide_file(run, tmp_path):
    done = run("run", "--output", "x.parquet", "--", "true", cwd=tmp_path)
    assert done.returncode == 125
    assert b"'tacho export' makes x.parquet of it afterwards" in done.stderr
    assert list(tmp_path.glob("x*")) == []
