# SPDX-License-Identifier: Apache-2.0
"""What a person reads with tacho: recordings and their names, the report, rows of tables."""
import json
import pathlib
import re
import shutil
import sys
import time

import pandas
import pyarrow.ipc
import pyarrow.parquet
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from reading import text_of  # noqa: E402


# --- list and names -------------------------------------------------------------------------------


def test_list_says_what_to_do_when_there_is_nothing(run):
    assert "tacho run -- COMMAND" in text_of(run("list"))
    assert json.loads(text_of(run("list", "--format", "json"))) == []


def test_names_mean_the_same_everywhere(run, recordings):
    for name in ("one", "two", "three"):
        assert run("run", "--quiet", "--name", name, "--", "true").returncode == 0
        time.sleep(1.1)  # folders are named by the second
    listed = json.loads(text_of(run("list", "--format", "json")))
    assert [entry["name"] for entry in listed] == ["three", "two", "one"]
    table = text_of(run("list")).splitlines()
    assert "(UTC)" in table[0] and table[1].split()[:1] == ["@1"]
    for name, number in (("@last", 0), ("@prev", 1), ("@2", 1), ("@3", 2), ("thr", 0), ("one", 2)):
        assert listed[number]["path"] in text_of(run("report", name)), name
    ambiguous = run("report", "t")
    assert ambiguous.returncode == 3
    assert b"2 recordings begin with 't':\n" in ambiguous.stderr
    for name in ("@4", "@0", "@x", "four"):
        unknown = run("show", name)
        assert (unknown.returncode, unknown.stdout) == (3, b""), name
        assert name.encode() in unknown.stderr


def test_what_a_name_may_mean_is_listed_newest_first(run, state, golden):
    facts = (golden / "recording.json").read_text()
    start = json.loads(facts)["start_time"]
    for number in range(12):
        copy = state / f"many-{number:02}.tacho"
        shutil.copytree(golden, copy)
        # A minute apart, so that their order is not that of their names.
        later = str(int(start) + (number * 5 % 12) * 60_000_000_000)
        (copy / "recording.json").write_text(facts.replace(str(start), later))
    listed = [pathlib.Path(entry["path"]).name for entry in json.loads(text_of(run("list", "--format", "json")))]
    done = run("show", "many")
    lines = done.stderr.decode().splitlines()
    assert (done.returncode, done.stdout) == (3, b"")
    assert lines[0] == "tacho show: 12 recordings begin with 'many':"
    assert [line.split()[0] for line in lines[1:11]] == listed[:10]
    assert all(re.fullmatch(r"  many-\d\d\.tacho  started 20[\d-]+T[\d:]{8}(Z|[+-]\d\d:\d\d)", line)
               for line in lines[1:11]), lines
    assert lines[11:] == ["  and 2 older ones ('tacho list' shows them)"]


def test_a_recording_without_a_command_line_is_listed_too(run):
    assert run("record", "--duration", "0.3", "--interval", "100ms").returncode == 0
    entry, = json.loads(text_of(run("list", "--format", "json")))
    assert (entry["ended"], entry["command"], entry["is_recording_now"]) == ("stopped", "", False)


# --- report ---------------------------------------------------------------------------------------


def test_the_report_has_its_sections_in_order(run, made):
    text = text_of(run("report", made))
    places = [text.index(part) for part in (
        "ended      exit 0", "recorded   ", "Peaks of the machine", "The command's processes",
        "What tacho itself cost", "What this recording could not see")]
    assert places == sorted(places)
    assert str(made) in text
    assert "highest sum at a tick" in text
    assert max(map(len, text.splitlines())) <= 200


def test_the_report_of_the_command_leaves_no_process_of_it_to_the_others(run, made):
    text = text_of(run("report", made))
    others = text.partition("Others on the machine")[2].partition("\n\n")[0]
    assert "evil" in text and "evil" not in others


def test_the_report_of_a_part_is_of_that_part(run, made):
    assert run("report", made, "--from", "-0.2s").returncode == 0
    behind = run("report", made, "--from", "-1s", "--to", "-2s")
    assert behind.returncode == 2
    assert b"--from lies behind --to" in behind.stderr


def test_the_receipt_and_the_report_agree(run):
    done = run("run", "--interval", "50ms", "--", sys.executable, "-c",
               "x = bytearray(50 << 20); import time; time.sleep(0.5)")
    receipt = done.stderr.decode()
    lines = receipt.splitlines()
    assert len(lines) == 5
    assert lines[0].startswith("tacho: exit 0 after ")
    assert [line.split()[0] for line in lines[1:]] == ["memory:", "storage:", "machine:", "recording:"]
    amount = re.search(r"memory: +([\d.]+ MiB) \(highest sum at a tick", receipt)
    assert amount, receipt
    assert f"memory {amount[1]} (highest sum" in text_of(run("report", "@last"))


# --- show -----------------------------------------------------------------------------------------


def test_show_lists_tables_with_rows_files_and_gaps(run, made):
    text = text_of(run("show", made))
    assert re.search(r"^memory +\d+ +[\d:]+ +[\d:]+ +[\d.]+ KiB +1 sealed +Memory", text, re.M), text
    assert "times: 20" in text and "UTC" in text


def test_show_lists_tables_as_json(run, made):
    listed = json.loads(text_of(run("show", made, "--format", "json")))
    assert listed["recording"] == str(made) and listed["gaps"] == []
    memory = next(table for table in listed["tables"] if table["name"] == "memory")
    assert memory["rows"] == len(text_of(run("show", made, "memory", "--format", "csv")).splitlines()) - 1
    assert memory["files_sealed"] == 1 and memory["first_time"] < memory["last_time"]
    last = json.loads(text_of(run("show", made, "memory", "--format", "json", "--columns", "time",
                                  "--last", "1")))
    assert memory["last_time"] == last[0]["time"]


def test_of_a_file_with_one_table_the_rows_are_shown(run, tmp_path):
    path = tmp_path / "one.csv"
    path.write_text("time,load\n2026-01-01T00:00:00Z,1\n2026-01-01T00:00:01Z,2\n")
    assert text_of(run("show", path, "--last", "1", "--format", "csv", "--columns", "load")) == "load\n2\n"
    assert [row["load"] for row in json.loads(text_of(run("show", path, "--format", "json", "--rate",
                                                          "--columns", "load")))] == [1, 2]
    assert "TABLE" in text_of(run("show", path))
    assert run("show", path, "--format", "wrong").returncode == 2


@pytest.mark.parametrize("option", [["--last", "3"], ["--where", "pid = 1"], ["--rate"], ["--every", "1s"],
                                    ["--from", "-1s"], ["--columns", "time"], ["--format", "csv"]])
def test_what_chooses_rows_asks_for_a_table(run, made, option):
    done = run("show", made, *option)
    assert (done.returncode, done.stdout) == (2, b"")
    assert option[0].encode() in done.stderr and b"table" in done.stderr


def test_show_tells_gaps(run, golden):
    assert "no gaps: every tick was taken" in text_of(run("show", golden))


def test_the_zone_is_said_once(run, home, made):
    text = text_of(run("show", made, "memory", "--columns", "tick,time,limit"))
    assert text.splitlines()[0].split()[:3] == ["tick", "time", "(UTC)"]
    assert "+00:00" not in text and "Z" not in text
    there = text_of(run("show", made, "memory", "--columns", "tick,time,limit",
                        env={**home, "TZ": "<-03>3"}))
    assert "time (-03:00)" in there
    assert "time (UTC)" in text_of(run("show", made, "memory", "--columns", "time", "--utc",
                                       env={**home, "TZ": "<-03>3"}))


def test_all_formats_have_the_same_rows(run, made, tmp_path):
    rows = json.loads(text_of(run("show", made, "memory", "--format", "json")))
    csv = text_of(run("show", made, "memory", "--format", "csv")).splitlines()
    assert len(csv) == len(rows) + 1
    assert csv[0].split(",")[:3] == ["tick", "time", "boottime"]
    run("show", made, "memory", "--format", "parquet", "--output", tmp_path / "m.parquet")
    table = pyarrow.parquet.read_table(tmp_path / "m.parquet")
    assert table.column("limit").to_pylist() == [row["limit"] for row in rows]
    assert table.schema.field("limit").metadata[b"unit"] == b"By"
    assert len(pandas.read_parquet(tmp_path / "m.parquet")) == len(rows)
    arrow = run("show", made, "memory", "--format", "arrow").stdout
    assert pyarrow.ipc.open_stream(arrow).read_all().num_rows == len(rows)
    assert (tmp_path / "m.parquet").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.glob("m.*")] == ["m.parquet"]


def test_a_column_whose_first_value_comes_late_is_shown(run, tacho, tmp_path):
    folder, live = tmp_path / "marks.tacho", tmp_path / "live.txt"
    script = """for i in $(seq 510); do "$0" mark x || exit 1; done
                "$0" mark last --at -1s --until now && sleep 0.5 && "$0" show "$1" event > "$2" """
    done = run("run", "--quiet", "--interval", "50ms", "--only", "event", "--output", folder, "--",
               "sh", "-c", script, tacho, folder, live)
    assert done.returncode == 0, done.stderr
    for text in (live.read_text(), text_of(run("show", folder, "event"))):  # the second is sealed
        title, *rows = text.splitlines()
        assert title.split()[-1] == "end_time" and len(rows) >= 511
        assert "about" not in title and "count" not in title  # null throughout


def test_where_columns_rate_every_and_last(run, made):
    where = text_of(run("show", made, "process", "--where", 'memory_usage > 32MiB and in_command = 1',
                        "--columns", "tick,command,memory_usage", "--format", "csv")).splitlines()
    assert where[0] == "tick,command,memory_usage" and len(where) > 2
    assert all(int(line.rsplit(",", 1)[1]) > 32 << 20 for line in where[1:])
    rates = json.loads(text_of(run("show", made, "cpu", "--rate", "--format", "json")))
    assert "time_user_rate" in rates[0] and "time_user" not in rates[0]
    buckets = text_of(run("show", made, "memory", "--every", "1h", "--format", "csv"))
    assert "available_min" in buckets and "available_mean" in buckets
    assert len(json.loads(text_of(run("show", made, "system", "--last", "2", "--format", "json")))) == 2
    assert text_of(run("show", made, "system", "--from", "-1h", "--to", "-59m")) == "no rows\n"


def test_a_recording_made_with_utc_is_shown_in_utc(run, home, tmp_path):
    """S1-054, S1-055: the zone of who looks by default, UTC on request."""
    shown = {}
    for name, options in (("local", []), ("utc", ["--utc"])):
        folder = tmp_path / f"{name}.tacho"
        run("run", "--quiet", *options, "--output", folder, "--only", "memory", "--", "true", check=True)
        result = run("show", folder, "memory", "--format", "csv", "--columns", "time",
                     env={**home, "TZ": "Asia/Kolkata"}, check=True)
        shown[name] = result.stdout.splitlines()[1]
    assert shown["local"].endswith(b"+05:30")
    assert shown["utc"].endswith((b"Z", b"+00:00"))
