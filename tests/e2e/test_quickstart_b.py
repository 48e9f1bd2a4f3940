# SPDX-License-Identifier: Apache-2.0
"""The quickstart "Offline Data Collection and Exploration" of the system tracer, its "Process Tree
Inspection" and "Programmatic API", command by command with tacho's names; only durations are shorter.
And what the tracer's dashboard wants of a file, for its charts of the host (S1-049..S1-058)."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from wide_file import LIMIT, row_count, wait_for, wide_columns  # noqa: E402

# Each chart of the dashboard that is about the host: the columns that it reads, and what pandas makes of
# them. `{}` stands for each CPU's number.
CHARTS = {
    "CPU": {"cpu_{}_utilization": "float64"},
    "memory": {"sys_total": "int64", "sys_used": "int64", "sys_free": "int64"},
    "open files": {"total_open_files": "int64", "max_files_process": "str", "max_files_count": "int64"},
    "file descriptors": {"fd_used": "int64", "fd_max": "int64", "fd_usage_percent": "float64"},
    "disk throughput": {"disk_read_bytes_per_sec": "float64", "disk_write_bytes_per_sec": "float64"},
    "disk operations": {"disk_read_count_per_sec": "float64", "disk_write_count_per_sec": "float64"},
    "disk totals": {"disk_read_bytes": "int64", "disk_write_bytes": "int64", "disk_read_count": "int64",
                    "disk_write_count": "int64", "disk_busy_time": "int64"},
    "network throughput": {"net_bytes_sent_per_sec": "float64", "net_bytes_recv_per_sec": "float64"},
    "network packets": {"net_packets_sent_per_sec": "float64", "net_packets_recv_per_sec": "float64"},
    "network totals": {"net_bytes_sent": "int64", "net_bytes_recv": "int64", "net_packets_sent": "int64",
                       "net_packets_recv": "int64"},
    "network errors": {"net_errin": "int64", "net_errout": "int64", "net_dropin": "int64", "net_dropout": "int64"},
    "processes and threads": {"system_process_count": "int64", "system_thread_count": "int64"},
}


@pytest.fixture
def source(tacho, home, tmp_path):
    """The machine on which is recorded: source("run", ...) starts system_tracer in its folder."""
    folder, link = tmp_path / "source", tmp_path / "bin" / "system_tracer"
    folder.mkdir()
    link.parent.mkdir()
    link.symlink_to(tacho)
    started = []

    def call(*arguments):
        started.append(subprocess.Popen([link, *map(str, arguments)], cwd=folder, env=home, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE))
        return started[-1]

    call.folder = folder
    yield call
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=LIMIT)


def transferred(source, name, tmp_path):
    """scp source:NAME ./ : a copy of the bytes, elsewhere."""
    there = tmp_path / "destination"
    there.mkdir(exist_ok=True)
    return pathlib.Path(shutil.copy(source.folder / name, there / name))


def frames(path):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("fastparquet")
    return {engine: pandas.read_parquet(path, engine=engine) for engine in ("pyarrow", "fastparquet")}


def check_exploring(run, path):
    """3) Explore on Destination: no recorder runs there, and nothing is left behind."""
    report = run("report", path)
    assert report.returncode == 0, report.stderr
    for said in (b"a wide file of system_tracer", b"Peaks of the machine", b"memory", b"processes"):
        assert said in report.stdout, (said, report.stdout)
    tables = run("show", path)
    assert tables.returncode == 0 and b"\nmemory" in tables.stdout and b"\ncpu" in tables.stdout, tables
    rows = run("show", path, "memory", "--format", "csv")
    assert rows.returncode == 0 and len(rows.stdout.splitlines()) == row_count(path) + 1
    assert list(path.parent.iterdir()) == [path]


def end_with_ctrl_c(process):
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, told


@pytest.mark.filterwarnings("ignore:The 'fastparquet' engine")
def test_run_until_interrupted_transfer_and_explore(source, run, tmp_path):
    process = source("run", "--output", "system_monitor.parquet", "--sample-interval", "2", "--write-interval", "10")
    wait_for(lambda: row_count(source.folder / "system_monitor.parquet") >= 1)
    end_with_ctrl_c(process)
    path = transferred(source, "system_monitor.parquet", tmp_path)
    for engine, frame in frames(path).items():
        assert list(frame.columns) == wide_columns(), engine
        assert len(frame) == row_count(path) >= 1
        assert frame["timestamp"].dt.tz is None, engine
    check_exploring(run, path)


@pytest.mark.filterwarnings("ignore:The 'fastparquet' engine")
def test_run_in_utc(source, run, tmp_path):
    process = source("run", "--output", "system_monitor_utc.parquet", "--sample-interval", "2", "--write-interval",
                     "10", "--utc")
    wait_for(lambda: row_count(source.folder / "system_monitor_utc.parquet") >= 1)
    end_with_ctrl_c(process)
    path = transferred(source, "system_monitor_utc.parquet", tmp_path)
    for frame in frames(path).values():
        assert str(frame["timestamp"].dt.tz) in ("UTC", "datetime.timezone.utc")
    check_exploring(run, path)


def test_run_for_a_fixed_duration(source, run, tmp_path):
    process = source("run", "--output", "system_monitor.parquet", "--sample-interval", "0.2", "--write-interval", "1",
                     "--duration", "1.5")
    _, told = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, told
    path = transferred(source, "system_monitor.parquet", tmp_path)
    assert 7 <= row_count(path) <= 9
    check_exploring(run, path)


def test_the_process_tree_from_the_command_line(source):
    done = source("proctree", os.getpid())
    text, told = done.communicate(timeout=LIMIT)
    assert done.returncode == 0, told
    tree = json.loads(text)
    assert tree["root_pid"] == os.getpid() and tree["totals"]["total_processes"] >= 1


def test_the_one_off_snapshot(source):
    """collect_system_snapshot(enable_gpu=False, enable_docker=False)"""
    done = source("snapshot", "--no-gpu", "--no-docker")
    text, told = done.communicate(timeout=LIMIT)
    assert done.returncode == 0, told
    snap = json.loads(text)
    assert set(wide_columns()) <= set(snap) and 0 < snap["sys_used"] < snap["sys_total"]


def test_the_tracer_with_its_own_name_for_the_file(source):
    """monitor_to_parquet(output_file="system_monitor.parquet", sample_interval=2, write_interval=10)"""
    process = source("run", "--sample-interval", "2", "--write-interval", "10")
    wait_for(lambda: row_count(source.folder / "system_monitor.parquet") >= 1)
    end_with_ctrl_c(process)
    assert row_count(source.folder / "system_monitor.parquet") >= 1


@pytest.mark.parametrize("utc", [False, True], ids=["local", "utc"])
def test_every_chart_of_the_host_has_its_columns(run, tmp_path, utc):
    pandas = pytest.importorskip("pandas")
    path = tmp_path / "system_monitor.parquet"
    done = run("record", "--output", path, "--interval", "100ms", "--duration", "1", *(["--utc"] if utc else []))
    assert done.returncode == 0, done.stderr
    frame = pandas.read_parquet(path)
    cpus = [name[4:-12] for name in wide_columns() if name.startswith("cpu_")]
    for chart, columns in CHARTS.items():
        for column, dtype in columns.items():
            for name in [column.format(cpu) for cpu in cpus] if "{}" in column else [column]:
                assert str(frame[name].dtype) in ((dtype, "object") if dtype == "str" else (dtype,)), (chart, name)
                assert frame[name].iloc[-1] is not None and not pandas.isna(frame[name].iloc[-1]), (chart, name)
    read = {name.format(cpu) for columns in CHARTS.values() for name in columns for cpu in cpus}
    assert set(frame.columns) - {"timestamp"} == read  # no column without a chart
    # Rows by time, one each; the index is plain, as pandas writes it. No column is a list or JSON.
    assert str(frame["timestamp"].dtype) == ("datetime64[us, UTC]" if utc else "datetime64[us]")
    assert frame["timestamp"].is_monotonic_increasing and frame["timestamp"].is_unique
    assert isinstance(frame.index, pandas.RangeIndex) and frame.columns[0] == "timestamp"
