# SPDX-License-Identifier: Apache-2.0
"""Files of other programs open as recordings: wide files, and their times (S1-003, S1-057..059, S1-076, S1-077, S1-084)."""
import pathlib
import sys

import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from foreign_file import GIB, START, parquet, rows_of, show, tables_of, wide, wide_csv  # noqa: E402, F401


# --- wide files -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["parquet", "wide_csv"])
def test_a_wide_file_is_the_tables_that_tacho_records(run, kind, request):
    path = request.getfixturevalue(kind)
    assert tables_of(run("show", path)) == {"cpu": 24, "memory": 12, "disk": 12, "network": 12, "files": 12,
                                            "system": 12, "gpu": 12, "container": 4, "samples": 12}
    memory = show(run, path, "memory")
    assert [row["used"] for row in memory] == [str(GIB + n * 2**20) for n in range(12)]
    assert memory[0]["time"] == "2025-11-24T13:13:20.000000000Z"
    assert [row["tick"] for row in memory] == [str(n) for n in range(12)]
    cpu = show(run, path, "cpu", "--where", "cpu = 0", "--columns", "tick,cpu,utilization")
    assert [float(row["utilization"]) for row in cpu] == [(10 + n) / 100 for n in range(12)]
    container = show(run, path, "container")
    assert [(row["tick"], row["container"], row["cpu_utilization"], row["open_files"]) for row in container] == \
        [(str(n), "web_1", "1.1", "") for n in range(8, 12)]
    gpu = show(run, path, "gpu")
    assert [row["temperature"] for row in gpu] == ["40" if n % 4 else "" for n in range(12)]
    samples = show(run, path, "samples")
    assert samples[0]["disk_read_bytes_per_sec"] == "" and samples[1]["max_files_process"] == "python3(4711)"


def test_rates_buckets_and_ranges_work_as_in_a_recording(run, parquet):
    disk = show(run, parquet, "disk", "--rate", "--columns", "tick,io_read_rate")
    assert [row["io_read_rate"] for row in disk] == [""] + ["819.2"] * 11
    some = show(run, parquet, "memory", "--from", "2025-11-24T13:13:30Z", "--to", "2025-11-24T13:13:45Z")
    assert [row["tick"] for row in some] == ["2", "3", "4"]
    buckets = show(run, parquet, "memory", "--every", "30s", "--columns", "rows,used_max")
    assert sum(int(row["rows"]) for row in buckets) == 12
    last = show(run, parquet, "gpu", "--last", "2", "--where", "memory_usage > 1GiB")
    assert [row["tick"] for row in last] == ["10", "11"]


def test_the_report_tells_peaks_and_leaves_out_what_is_not_there(run, parquet):
    done = run("report", parquet, "--utc")
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode()
    for said in ("20 % of 2 cores at 13:14:15", "1.01 GiB of 16.0 GiB in use (6.3 %) at 13:14:15",
                 "81 at once", "101 at once", "web_1", "110 %", "a wide file of system_tracer",
                 "times are in column timestamp"):
        assert said in text, (said, text)
    for absent in ("Processes (", "Pressure", "What tacho itself cost", "as root", "swap", "ended", "nan", "inf"):
        assert absent not in text, (absent, text)


def test_without_gpu_and_containers_the_rest_is_shown(run, tmp_path):
    path = tmp_path / "plain.parquet"
    pq.write_table(wide().select(["timestamp", "sys_total", "sys_used", "cpu_0_utilization"]), path)
    assert set(tables_of(run("show", path))) == {"memory", "cpu"}
    done = run("report", path)
    assert done.returncode == 0 and b"\ngpu" not in done.stdout and b"Disks" not in done.stdout


def test_older_names_of_containers_are_known(run, tmp_path):
    path = tmp_path / "old.csv"
    path.write_text("timestamp,sys_used,_container_db_cpu_percent,_container_db_net_rx_bytes\n"
                    f"{START},1,50,7\n{START + 5},1,75,9\n")
    assert [(row["container"], row["cpu_utilization"], row["network_io_receive"])
            for row in show(run, path, "container")] == [("db", "0.5", "7"), ("db", "0.75", "9")]


def test_a_gap_is_told(run, wide_csv):
    done = run("show", wide_csv, "--utc")
    assert done.returncode == 0
    assert b"12 ticks not taken between 13:13:45.000 and 13:14:50.000" in done.stdout, done.stdout


def test_every_format_comes_out(run, parquet, tmp_path):
    for name in ("json", "arrow", "parquet"):
        done = run("show", parquet, "memory", "--format", name, "--output", tmp_path / f"out.{name}")
        assert done.returncode == 0, done.stderr
    assert pq.read_table(tmp_path / "out.parquet").num_rows == 12


# --- times ------------------------------------------------------------------------------------------


def test_naive_times_are_local_or_of_the_zone_that_is_named(run, tmp_path, home):
    path = tmp_path / "naive.parquet"
    pq.write_table(wide(zone="America/Sao_Paulo"), path)
    right = "2025-11-24T13:13:20.000000000Z"
    assert show(run, path, "memory", "--data-timezone", "America/Sao_Paulo")[0]["time"] == right
    assert show(run, path, "memory", "--data-timezone", "utc")[0]["time"].startswith("2025-11-24T10:13:20")
    there = {**home, "TZ": "America/Sao_Paulo"}
    assert rows_of(run("show", path, "memory", "--format", "csv", "--utc", env=there))[0]["time"] == right
    told = run("show", path)
    assert b"without a zone, taken as local time (--data-timezone changes it)" in told.stdout


def test_a_zone_that_the_file_names_is_taken(run, tmp_path):
    path = tmp_path / "named.parquet"
    table = wide(zone="America/Sao_Paulo")
    pq.write_table(table.replace_schema_metadata({"tacho.zone": "America/Sao_Paulo"}), path)
    assert show(run, path, "memory")[0]["time"] == "2025-11-24T13:13:20.000000000Z"
    assert show(run, path, "memory", "--data-timezone", "utc")[0]["time"].startswith("2025-11-24T10:13:20")
    assert b"taken as America/Sao_Paulo time, as the file says" in run("show", path).stdout


def test_an_export_of_tacho_keeps_its_kinds_and_units(run, made, tmp_path):
    out = tmp_path / "cpu_times.parquet"
    assert run("show", made, "cpu", "--format", "parquet", "--output", out).returncode == 0
    rates = show(run, out, "cpu_times", "--rate", "--last", "1")
    assert 0 <= float(rates[0]["time_user_rate"]) < 1.5 and "cpu" in rates[0]


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "/etc/localtime", ""])
def test_a_zone_that_is_none_is_wrong_usage(run, parquet, zone):
    done = run("show", parquet, "--data-timezone", zone or "no such zone")
    assert done.returncode == 2 and b"--data-timezone" in done.stderr, done.stderr


@pytest.mark.parametrize("first, second, form", [
    ("1763990000", "1763990001", b"seconds since 1970"),
    ("1763990000.0", "1763990001.0", b"seconds since 1970"),
    ("1763990000000", "1763990001000", b"milliseconds since 1970"),
    ("1763990000000000", "1763990001000000", b"microseconds since 1970"),
    ("1763990000000000000", "1763990001000000000", b"nanoseconds since 1970"),
    ("2025-11-24T13:13:20Z", "2025-11-24T13:13:21Z", b"ISO 8601"),
    ("2025-11-24 14:13:20+01:00", "2025-11-24 14:13:21+01:00", b"ISO 8601"),
    ("2025-11-24 13:13:20.000", "2025-11-24 13:13:21.000", b"ISO 8601"),
    ('"2025-11-24 13:13"', '"2025-11-24 13:13:21"', b"ISO 8601"),
])
def test_times_are_read_in_every_form_and_the_form_is_told(run, tmp_path, first, second, form):
    path = tmp_path / "loss.csv"
    path.write_text(f"value,time\n1,{first}\n2,{second}\n")
    rows = show(run, path, "loss")
    assert rows[1]["time"] == "2025-11-24T13:13:21.000000000Z"
    told = run("show", path)
    assert form in told.stdout, told.stdout


def test_the_hour_of_a_change_of_clocks_is_right(run, tmp_path):
    path = tmp_path / "march.csv"
    path.write_text("timestamp,value\n2026-03-29 00:30:00,1\n2026-03-29 02:30:00,2\n")
    rows = show(run, path, "march", "--data-timezone", "Europe/Lisbon")
    assert [row["time"][11:16] for row in rows] == ["00:30", "01:30"]


# --- parts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_the_report_of_a_part_is_that_of_a_file_of_its_rows(run, tmp_path, ending):
    table = wide(count=40)
    whole, part = tmp_path / f"whole.{ending}", tmp_path / f"part.{ending}"
    for path, rows in ((whole, table), (part, table.slice(10, 15))):
        if ending == "parquet":
            pq.write_table(rows, path, row_group_size=7)
        else:
            pa_csv.write_csv(rows, path)
    span = ("--from", "2025-11-24T13:14:10Z", "--to", "2025-11-24T13:15:25Z")
    texts = [run("report", path, "--utc", *options).stdout.decode() for path, options in ((whole, span), (part, ()))]
    peaks = [text[text.index("Peaks of the machine"):text.index("How this file was read")] for text in texts]
    assert peaks[0] == peaks[1]
    for said in ("27 % of 2 cores at 13:15:20", "Network", "gpu", "web_1"):
        assert said in peaks[0], (said, peaks[0])
    assert "this part" in texts[0]
    nothing = run("report", whole, "--from", "2025-11-25T00:00:00Z", "--utc")
    assert nothing.returncode == 0 and b"Peaks of the machine" not in nothing.stdout, nothing


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_the_last_rows_are_those_at_the_end(run, tmp_path, ending):
    table = wide(count=400)
    path = tmp_path / f"x.{ending}"
    if ending == "parquet":
        pq.write_table(table, path, row_group_size=50)
    else:
        pa_csv.write_csv(table, path)
    for name, every in (("memory", 1), ("cpu", 2), ("gpu", 1), ("container", 1)):
        rows = show(run, path, name)
        for count in (1, 2, 51, 399, 400, 1000):
            assert show(run, path, name, "--last", str(count)) == rows[-count:], (name, count)
        assert len(rows) == (392 if name == "container" else 400 * every)


def test_the_last_rows_of_one_that_is_gone_are_found(run, tmp_path):
    path = tmp_path / "gone.csv"
    path.write_text("timestamp,sys_used,docker_web_cpu_percent\n" +
                    "".join(f"{START + n},{n},{n if n < 30 else ''}\n" for n in range(300)))
    rows = show(run, path, "container", "--last", "3")
    assert [row["tick"] for row in rows] == ["27", "28", "29"]


def test_export_takes_the_zone_of_naive_times(run, tmp_path):
    path = tmp_path / "naive.parquet"
    pq.write_table(wide(zone="America/Sao_Paulo"), path)
    for zone, hour in (("America/Sao_Paulo", 13), ("utc", 10)):
        out = tmp_path / "memory.parquet"
        done = run("export", path, "--table", "memory", "--data-timezone", zone, "-o", out)
        assert done.returncode == 0, done.stderr
        assert pq.read_table(out)["time"][0].as_py().hour == hour
    wrong = run("export", path, "--table", "memory", "--data-timezone", "Mars/Olympus", "-o", tmp_path / "y.csv")
    assert wrong.returncode == 2 and b"--data-timezone" in wrong.stderr
