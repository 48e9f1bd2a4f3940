# SPDX-License-Identifier: Apache-2.0
"""Files of other programs open as recordings (S1-003, S1-057..059, S1-076, S1-077, S1-084)."""
import csv
import datetime
import io
import os
import pathlib
import subprocess
import time
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


# --- other files ------------------------------------------------------------------------------------


def test_a_long_file_has_its_entities(run, tmp_path):
    path = tmp_path / "sensors.csv"
    path.write_text("ts;room;degrees\n" + "".join(
        f"{START + n};{room};{n + shift}.5\n" for n in range(10) for room, shift in (("hall", 0), ("attic", 20))))
    rows = show(run, path, "sensors", "--every", "1h")
    assert [(row["room"], row["degrees_max"]) for row in rows if row["tick"] == "0"] or rows
    assert {row["room"] for row in rows} == {"hall", "attic"}
    assert [row["tick"] for row in show(run, path, "sensors")][:4] == ["0", "0", "1", "1"]
    text = run("report", path, "--utc").stdout.decode()
    assert "attic" in text and "room is taken to say which row is which" in text


def test_kinds_and_units_are_guessed_with_care_and_told(run, tmp_path):
    path = tmp_path / "app.csv"
    path.write_text("timestamp,requests_total,rx_bytes,used_mb,cpu_percent,errors,comment\n" + "".join(
        f"{START + n},{n * 3 % 50},{n * 7},{100 + n},{n % 5},{n // 2},text {n}\n" for n in range(40)))
    out = tmp_path / "app.parquet"
    assert run("show", path, "app", "--format", "parquet", "--output", out).returncode == 0
    field = {f.name: {k.decode(): v.decode() for k, v in (f.metadata or {}).items()} for f in pq.read_schema(out)}
    assert (field["rx_bytes"]["kind"], field["rx_bytes"]["unit"]) == ("counter", "By")
    assert (field["used_mb"]["kind"], field["used_mb"]["unit"]) == ("gauge", "{MB}")  # only rises, and is no counter
    assert (field["cpu_percent"]["kind"], field["cpu_percent"]["unit"]) == ("gauge", "%")
    assert field["errors"]["kind"] == "counter" and field["comment"]["kind"] == "text"
    assert b"taken for counters by their names and because they only rise: rx_bytes, errors" in run("show", path).stdout


def test_odd_csv_is_read(run, tmp_path):
    path = tmp_path / "odd.csv"
    path.write_bytes(b"\xef\xbb\xbf\"time\",\"a, b\",c,c,\r\n"
                     b"2025-11-24T13:13:20Z,\"1\",\"say \"\"hi\"\"\nthere\",N/A,x\r\n"
                     b"\r\n2025-11-24T13:13:21Z,2.5,plain,4,y")
    rows = show(run, path, "odd")
    assert [(row["a, b"], row["c_2"], row["column_5"]) for row in rows] == [("1", "", "x"), ("2.5", "4", "y")]
    assert rows[0]["c"] == 'say "hi"\\x0athere'


def test_broken_lines_are_left_out_and_told(run, tmp_path):
    path = tmp_path / "file-descriptors.csv"
    path.write_text(f"timestamp,total_fds,nix_daemon_fds,nix_build_fds\n{START},5,0\n0,0\n{START + 2},6,1,2\n{START + 4},7")
    done = run("show", path, "files", "--format", "csv")
    assert done.returncode == 1
    assert b"3 lines with another number of fields than the first line, left out (line 2 is the first)" in done.stderr
    assert [row["open"] for row in csv.DictReader(io.StringIO(done.stdout.decode()))] == ["6"]


def test_a_large_file_comes_out_whole_and_in_order(run, tmp_path):
    path = tmp_path / "many.csv"
    count = 60_000  # several blocks
    path.write_text("timestamp,value,late\n" + "".join(
        f"{START + n},{n}{'.5' if n == count - 1 else ''},{n if n > 50_000 else ''}\n" for n in range(count)))
    rows = show(run, path, "many")
    assert [int(float(row["value"])) for row in rows] == list(range(count))
    assert rows[-1]["value"] == "59999.5" and rows[-1]["tick"] == str(count - 1)
    assert rows[0]["late"] == "" and rows[-1]["late"] == str(count - 1)
    part = show(run, path, "many", "--last", "3", "--where", "late is not null", "--columns", "tick,late")
    assert [row["late"] for row in part] == ["59997", "59998", "59999"]


# --- the folder of monitor-rebuild.sh -----------------------------------------------------------------

REBUILD = {
    "memory": "total_mb,used_mb,free_mb,available_mb,swap_used_mb,swap_free_mb|16000,8000,1000,7000,10,90",
    "cpu": "cpu_percent,load_1min,load_5min,load_15min|50,1.5,1.0,0.5",
    "processes": "process_name,count,total_mem_mb|cc1plus,4,2000|rustc,1,900",
    "disk": "mount_point,total_gb,used_gb,available_gb,use_percent|/,100,50,50,50|/nix,200,20,180,10",
    "nix-store": "nix_store_gb,tmp_gb,build_dirs_count|120,3,2",
    "network": "rx_mb,tx_mb,rx_packets,tx_packets|{n},1,{n},1",
    "file-descriptors": "total_fds,nix_daemon_fds,nix_build_fds|5000,20,30",
    "temperature": "cpu_temp,gpu_temp,nvme_temp|61.0,0.0,35.0",
    "process-limits": "max_processes,current_processes,max_threads,current_threads|32768,200,200000,800",
    "fork-analysis": "available_mem_mb,min_free_kb,fork_possible|7000,67584,yes",
}


@pytest.fixture
def rebuild(tmp_path):
    folder = tmp_path / "rebuild-monitor-20251124-131320"
    folder.mkdir()
    for name, text in REBUILD.items():
        header, *lines = text.split("|")
        with open(folder / f"{name}.csv", "w", encoding="utf-8") as file:
            file.write(f"timestamp,{header}\n")
            for n in range(5):
                for line in lines:
                    file.write(f"{START + 2 * n},{line.replace('{n}', str(n))}\n")
    (folder / "monitor.log").write_text("2025-11-24 13:13:20 [START] x\n")
    return folder


def test_the_ten_files_are_one_recording(run, rebuild):
    assert tables_of(run("show", rebuild)) == {
        "memory": 5, "system": 5, "processes": 10, "filesystem": 10, "nix_store": 5, "network": 5, "files": 5,
        "sensor": 15, "limits": 5, "fork": 5}
    assert show(run, rebuild, "memory")[1]["used"] == str(8000 * 2**20)
    ticks = {table: [row["tick"] for row in show(run, rebuild, table)] for table in ("memory", "processes", "system")}
    assert ticks["memory"] == ticks["system"] == ["0", "2", "4", "6", "8"]
    assert ticks["processes"] == ["0", "0", "2", "2", "4", "4", "6", "6", "8", "8"]
    sensor = show(run, rebuild, "sensor")
    assert [(row["sensor"], row["temperature"]) for row in sensor[:3]] == [("cpu", "61"), ("gpu", ""), ("nvme", "35")]
    assert show(run, rebuild, "fork")[0]["possible"] == "yes"
    text = run("report", rebuild, "--utc").stdout.decode()
    for said in ("50 % at", "8.79 GiB of 15.6 GiB in use", "1.50 over 1 minute", "/nix", "cc1plus",
                 "a file of monitor-rebuild.sh (memory)"):
        assert said in text, (said, text)


def test_a_file_of_the_folder_that_is_broken_is_told_and_the_others_open(run, rebuild):
    (rebuild / "cpu.csv").write_text("timestamp\x00")
    done = run("show", rebuild)
    assert done.returncode == 1 and b"cpu.csv is neither Parquet nor text" in done.stderr
    assert b"\nmemory" in done.stdout and b"\nsystem " not in done.stdout


def test_ps_says_that_there_are_no_processes_in_it(run, parquet):
    done = run("ps", parquet)
    assert done.returncode == 3 and b"has no table process" in done.stderr


# --- what is none -------------------------------------------------------------------------------------


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
