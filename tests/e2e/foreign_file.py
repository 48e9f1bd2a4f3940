# SPDX-License-Identifier: Apache-2.0
"""What the tests of other programs' files share."""
import csv
import datetime
import io
import zoneinfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

START = 1_763_990_000  # 2025-11-24T13:13:20Z
GIB = 2**30


def rows_of(done):
    assert done.returncode == 0, done.stderr
    return list(csv.DictReader(io.StringIO(done.stdout.decode())))


def show(run, path, table, *options):
    return rows_of(run("show", path, table, "--format", "csv", "--utc", *options))


def wide(count=12, gap=False, zone=None):
    """What system_tracer writes: two CPUs, a GPU with holes, a container that comes late."""
    times = [START + 5 * n + (60 if gap and n >= 6 else 0) for n in range(count)]
    stamps = [datetime.datetime.fromtimestamp(t, datetime.timezone.utc) for t in times]
    if zone:
        stamps = [stamp.astimezone(zoneinfo.ZoneInfo(zone)).replace(tzinfo=None) for stamp in stamps]
    columns = {"timestamp": pa.array(stamps, pa.timestamp("us", None if zone else "UTC"))}
    for name, values in {
        "sys_total": [16 * GIB] * count,
        "sys_used": [GIB + n * 2**20 for n in range(count)],
        "sys_free": [8 * GIB] * count,
        "cpu_0_utilization": [10.0 + n for n in range(count)],
        "cpu_1_utilization": [20.0] * count,
        "max_files_process": ["python3(4711)"] * count,
        "fd_used": [500 + n for n in range(count)],
        "fd_max": [10**6] * count,
        "disk_read_bytes": [n * 4096 for n in range(count)],
        "disk_write_bytes": [n * 8192 for n in range(count)],
        "disk_busy_time": [n * 100 for n in range(count)],
        "net_bytes_sent": [n * 100 for n in range(count)],
        "net_bytes_recv": [n * 1000 for n in range(count)],
        "system_process_count": [70 + n for n in range(count)],
        "system_thread_count": [90 + n for n in range(count)],
        "gpu_0_total": [80 * GIB] * count,
        "gpu_0_used": [n * GIB for n in range(count)],
        "gpu_0_utilization": [50] * count,
        "gpu_0_temp": [40.0 if n % 4 else None for n in range(count)],
        "docker_web_1_cpu_percent": [None] * 8 + [110.0] * (count - 8),
        "docker_web_1_mem_used_bytes": [None] * 8 + [float(GIB)] * (count - 8),
        "docker_web_1_open_files": [None] * 8 + [-1.0] * (count - 8),
        "disk_read_bytes_per_sec": [None] + [819.2] * (count - 1),
    }.items():
        columns[name] = values
    return pa.table(columns)


@pytest.fixture
def parquet(tmp_path):
    path = tmp_path / "system_monitor.parquet"
    pq.write_table(wide(), path, compression="snappy")
    return path


@pytest.fixture
def wide_csv(tmp_path):
    path = tmp_path / "system_monitor.csv"
    table = wide(gap=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(table.column_names)
        for row in table.to_pylist():
            writer.writerow(["" if value is None else value for value in row.values()])
    return path


def tables_of(done):
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode()
    return {line.split()[0]: int(line.split()[1]) for line in text.split("\n\n")[0].splitlines()[1:]}
