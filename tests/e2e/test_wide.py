# SPDX-License-Identifier: Apache-2.0
"""The one wide file: `tacho record --output x.parquet`, the link system_tracer, `export`, and what other
programs read in it. Promises S1-041 to S1-058, S1-069, S1-081, S1-084 of the system tracer."""
import csv
import datetime
import json
import os
import pathlib
import signal
import subprocess
import threading
import time

import pyarrow
import pyarrow.ipc
import pyarrow.parquet
import pytest

LIMIT = 60

# The columns of a machine with two CPUs, no GPU and no container, as the system tracer wrote them.
COLUMNS = """timestamp sys_total sys_used sys_free {cpus} total_open_files max_files_process max_files_count
fd_used fd_max fd_usage_percent disk_read_bytes disk_write_bytes disk_read_count disk_write_count
disk_busy_time net_bytes_sent net_bytes_recv net_packets_sent net_packets_recv net_errin net_errout
net_dropin net_dropout system_process_count system_thread_count disk_read_bytes_per_sec
disk_write_bytes_per_sec disk_read_count_per_sec disk_write_count_per_sec net_bytes_sent_per_sec
net_bytes_recv_per_sec net_packets_sent_per_sec net_packets_recv_per_sec"""


@pytest.fixture
def tracer(tacho, home, tmp_path):
    """tracer("run", ...) -> CompletedProcess: tacho by the name system_tracer, in a folder of its own."""
    link = tmp_path / "bin" / "system_tracer"
    link.parent.mkdir()
    link.symlink_to(tacho)

    def call(*arguments, **keywords):
        return subprocess.run([link, *map(str, arguments)], capture_output=True, env=home, cwd=tmp_path,
                              timeout=LIMIT, stdin=subprocess.DEVNULL, **keywords)

    call.path = link
    return call


@pytest.fixture
def start(tacho, home, tmp_path):
    """start(*arguments) -> a `tacho record` that runs, in the test's folder; killed in the end."""
    started = []

    def begin(*arguments):
        process = subprocess.Popen([tacho, "record", *map(str, arguments)], env=home, cwd=tmp_path,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=LIMIT)


def wait_for(condition):
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def rows_of(path):
    return pyarrow.parquet.read_table(path).to_pylist()


def row_count(path):
    return pyarrow.parquet.ParquetFile(path).metadata.num_rows if path.exists() else 0


def wide_columns():
    online = sorted(int(path.name[3:]) for path in pathlib.Path("/sys/devices/system/cpu").glob("cpu[0-9]*"))
    present = [int(line.split()[0][3:]) for line in open("/proc/stat") if line[:3] == "cpu" and line[3] != " "]
    assert set(present) <= set(online) or not online
    return COLUMNS.format(cpus=" ".join(f"cpu_{number}_utilization" for number in present)).split()


def test_the_file_has_the_columns_of_the_system_tracer_and_its_rates_begin_with_null(run, tmp_path):
    path = tmp_path / "x.parquet"
    done = run("record", "--output", path, "--interval", "100ms", "--write-interval", "1", "--duration", "1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().strip() == str(path)
    table = pyarrow.parquet.read_table(path)
    assert table.column_names == wide_columns()
    assert table.schema.field("timestamp").type == pyarrow.timestamp("us")
    types = {name: table.schema.field(name).type for name in table.column_names[1:]}
    for name, kind in types.items():
        wanted = pyarrow.float64() if name.endswith(("_per_sec", "_utilization", "_percent")) else \
            pyarrow.string() if name == "max_files_process" else pyarrow.int64()
        assert kind == wanted, name
    assert table.schema.field("sys_used").metadata[b"unit"] == b"By"
    assert all(field.metadata[b"description"] for field in table.schema)
    first, *others = table.to_pylist()
    rates = [name for name in types if name.endswith(("_per_sec", "_utilization"))]
    assert all(first[name] is None for name in rates)
    assert len(others) >= 8
    assert all(row["net_bytes_sent_per_sec"] >= 0 and 0 <= row["cpu_0_utilization"] <= 100
               for row in others)
    assert first["system_process_count"] >= 1 and first["total_open_files"] >= 1
    assert first["max_files_process"].endswith(")") and 0 < first["sys_used"] < first["sys_total"]
    assert list(path.parent.glob(".x.parquet*")) == []


def test_other_programs_read_it(run, tmp_path):
    pandas, fastparquet = pytest.importorskip("pandas"), pytest.importorskip("fastparquet")
    duckdb, polars = pytest.importorskip("duckdb"), pytest.importorskip("polars")
    path = tmp_path / "x.parquet"
    assert run("record", "--output", path, "--interval", "50ms", "--duration", "1", "--utc").returncode == 0
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
    found = duckdb.sql(f"select sys_used, max_files_process from '{path}' order by timestamp").fetchall()
    assert found == [(row["sys_used"], row["max_files_process"]) for row in rows]
    frame = polars.read_parquet(path)
    assert frame["disk_busy_time"].to_list() == [row["disk_busy_time"] for row in rows]
    assert str(frame["timestamp"].dtype) == "Datetime(time_unit='us', time_zone='UTC')"


def test_times_are_local_without_a_zone_or_utc(run, home, tmp_path):
    home["TZ"] = "Asia/Kathmandu"
    now = datetime.datetime.now(datetime.UTC)
    for name, options in (("local", ()), ("utc", ("--utc",))):
        for ending in ("parquet", "csv"):
            done = run("record", "--output", tmp_path / f"{name}.{ending}", "--duration", "0.1", *options)
            assert done.returncode == 0, done.stderr
    utc = rows_of(tmp_path / "utc.parquet")[0]["timestamp"]
    assert abs(utc - now) < datetime.timedelta(seconds=LIMIT)
    local = rows_of(tmp_path / "local.parquet")[0]["timestamp"]
    assert local.tzinfo is None
    shifted = now.replace(tzinfo=None) + datetime.timedelta(hours=5, minutes=45)
    assert abs(local - shifted) < datetime.timedelta(seconds=LIMIT)
    texts = {name: (tmp_path / f"{name}.csv").read_text().splitlines()[1].split(",")[0] for name in ("utc", "local")}
    assert texts["utc"].endswith("+00:00") and len(texts["local"]) == len("2026-11-21 11:31:29.623821")
    assert datetime.datetime.fromisoformat(texts["local"]).hour in {local.hour, (local.hour + 1) % 24}
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
        assert run("record", "--output", path, "--interval", "50ms", "--duration", "0.2").returncode == 0
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
    assert b"did not write (but parquet-cpp-arrow" in refused.stderr and b"move it away" in refused.stderr
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
    done = run("record", "--output", tmp_path / "x.tacho", "--write-interval", "1", "--duration", "0.1")
    assert done.returncode == 2 and b"--write-interval is for a wide file" in done.stderr


def test_export_of_a_recording_that_was_not_made_for_it(made, run, tmp_path):
    for ending in ("parquet", "csv", "arrow"):
        done = run("export", made, "-o", tmp_path / f"x.{ending}")
        assert done.returncode == 0, done.stderr
    table = pyarrow.parquet.read_table(tmp_path / "x.parquet")
    assert table.column_names == wide_columns()
    ticks = pyarrow.parquet.read_table(next(made.glob("system/part-*"))).num_rows
    assert table.num_rows == ticks
    with open(tmp_path / "x.csv") as file:
        assert [row["sys_free"] for row in csv.DictReader(file)] == [str(value) for value in table["sys_free"].to_pylist()]
    with pyarrow.ipc.open_stream((tmp_path / "x.arrow").read_bytes()) as stream:
        streamed = stream.read_all()
    assert streamed.equals(table) and streamed.schema.field("sys_free").metadata[b"unit"] == b"By"


def test_export_of_a_table_and_of_dense_processes(made, run, tmp_path):
    assert run("export", made, "--table", "process", "-o", tmp_path / "raw.parquet").returncode == 0
    assert run("export", made, "--dense", "-o", tmp_path / "dense.parquet").returncode == 0
    raw, dense = (pyarrow.parquet.read_table(tmp_path / f"{name}.parquet") for name in ("raw", "dense"))
    assert dense.num_rows > raw.num_rows and "command" in dense.column_names
    shown = run("export", made, "--table", "memory", "--format", "csv")
    assert shown.stdout.startswith(b"tick,time,boottime,limit")


@pytest.mark.parametrize("arguments, says", [
    ((), b"one recording is wanted"),
    (("x",), b"name the file"),
    (("x", "-o", "y.xlsx"), b"'xlsx' is no format"),
    (("x", "--format", "parquet"), b"needs a file"),
    (("x", "-o", "y.csv", "--table", "cpu", "--dense"), b"--dense is for the table process"),
    (("x", "-o", "y.arrow", "--recover"), b"--recover is for a wide file"),
])
def test_wrong_usage_of_export_is_told(arguments, says, run):
    done = run("export", *arguments)
    assert done.returncode == 2
    assert says in done.stderr


def test_snapshot_is_one_json_object_of_the_same_columns(run, tracer):
    done = run("snapshot", "--wide")
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout)
    assert list(row) == wide_columns()
    assert 0 <= row["cpu_0_utilization"] <= 100 and row["net_bytes_sent_per_sec"] >= 0
    local = datetime.datetime.fromisoformat(row["timestamp"])
    assert local.tzinfo is None
    done = tracer("snapshot", "--no-gpu", "--no-docker", "--utc")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["timestamp"].endswith("+00:00")


def test_system_tracer_takes_its_documented_flags(tracer, tmp_path):
    done = tracer("run", "--output", "x.parquet", "--sample-interval", "0.2", "--write-interval", "0.5",
                  "--duration", "1", "--no-gpu", "--no-docker", "--utc")
    assert done.returncode == 0, done.stderr
    assert done.stdout == b"x.parquet\n"
    assert 5 <= len(rows_of(tmp_path / "x.parquet")) <= 7
    quiet = tracer("run", "--quiet", "--duration", "0.1")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, b"", b"")
    assert len(rows_of(tmp_path / "system_monitor.parquet")) == 2


def test_system_tracer_keeps_its_name_in_the_process_list(tracer, home, tmp_path):
    process = subprocess.Popen([tracer.path, "run", "--output", "x.csv"], env=home, cwd=tmp_path,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for((tmp_path / "x.csv").exists)
        assert pathlib.Path(f"/proc/{process.pid}/comm").read_text() == "system_tracer\n"
    finally:
        process.terminate()
        assert process.wait(LIMIT) == 0


def test_proctree_prints_the_tree_below_a_pid(tracer):
    done = tracer("proctree", os.getpid())
    assert done.returncode == 0, done.stderr
    tree = json.loads(done.stdout)
    assert tree["root_pid"] == os.getpid() and tree["verbose"] is False
    names = {process["pid"]: process for process in tree["processes"]}
    assert set(names[os.getpid()]) == {"pid", "ppid", "name", "threads"}
    assert tree["totals"]["total_processes"] == len(names)
    assert sum(entry["processes"] for entry in tree["aggregated_by_command"]) == len(names)
    verbose = json.loads(tracer("proctree", os.getpid(), "--verbose").stdout)
    assert verbose["verbose"] is True and "user" in verbose["processes"][0]
    gone = tracer("proctree", 2**22 + 1)
    assert gone.returncode == 1 and b"there is no process" in gone.stderr


@pytest.mark.parametrize("arguments, says", [
    ((), b"run, snapshot or proctree"),
    (("record",), b"there is no command 'record'"),
    (("run", "--output", "x.txt"), b"ends in .parquet or .csv"),
    (("run", "--sample-interval", "0"), b"must be more than 0"),
    (("run", "--sample-interval", "x"), b"sample-interval"),
    (("run", "--what"), b"there is no option '--what'"),
    (("proctree",), b"takes one PID"),
    (("proctree", "init"), b"takes one PID"),
])
def test_wrong_usage_of_system_tracer_is_told(arguments, says, tracer):
    done = tracer(*arguments)
    assert done.returncode == 2
    assert says in done.stderr


def test_hostile_names_of_processes_are_text_in_the_file(run, tmp_path):
    """A process with the most descriptors and a name that a spreadsheet would run."""
    name = "=cmd|\"a,b\""
    program = tmp_path / name
    program.symlink_to("/bin/sleep")
    ready, files = threading.Event(), [open("/dev/null") for _ in range(900)]
    process = subprocess.Popen([program, "30"], pass_fds=[file.fileno() for file in files])
    ready.set()
    try:
        wait_for(lambda: pathlib.Path(f"/proc/{process.pid}/comm").read_text().strip() == name)
        for ending in ("csv", "parquet"):
            path = tmp_path / f"x.{ending}"
            assert run("record", "--output", path, "--interval", "100ms", "--duration", "0.3").returncode == 0
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
