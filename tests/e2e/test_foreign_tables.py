# SPDX-License-Identifier: Apache-2.0
"""Any table of another program, and the folder of monitor-rebuild.sh (S1-057..059, S1-076)."""
import csv
import io
import pathlib
import sys

import pyarrow.parquet as pq
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from foreign_file import START, show, tables_of  # noqa: E402, F401


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


def test_gaps_of_a_folder_are_those_of_all_its_files(run, rebuild):
    times = {"cpu": [0, 2, 4, 20, 22, 24, 26, 40, 42], "memory": [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 40, 42],
             "fork-analysis": [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40, 42]}
    for path in rebuild.iterdir():
        if path.stem not in times:
            path.unlink()
            continue
        header, line = path.read_text().splitlines()[:2]
        path.write_text(header + "\n" + "".join(f"{START + t},{line.split(',', 1)[1]}\n" for t in times[path.stem]))
    text = run("show", rebuild, "--utc").stdout.decode()
    told = text[text.index("gaps:"):].split("\n\n")[0].splitlines()[1:]
    # The first is of cpu alone; the second of cpu and, from 2 s before, of memory.
    assert [line.strip() for line in told] == ["7 ticks not taken between 13:13:24.000 and 13:13:40.000",
                                               "8 ticks not taken between 13:13:42.000 and 13:14:00.000"]
    assert [row["tick"] for row in show(run, rebuild, "system", "--last", "3")] == ["26", "40", "42"]
    assert [row["tick"] for row in show(run, rebuild, "memory", "--last", "1")] == ["42"]


def test_a_file_of_the_folder_that_is_broken_is_told_and_the_others_open(run, rebuild):
    (rebuild / "cpu.csv").write_text("timestamp\x00")
    done = run("show", rebuild)
    assert done.returncode == 1 and b"cpu.csv is neither Parquet nor text" in done.stderr
    assert b"\nmemory" in done.stdout and b"\nsystem " not in done.stdout
