# SPDX-License-Identifier: Apache-2.0
"""What a person reads with tacho: every reading command, wrong input of every kind, hostile names,
and the examples of the README as they stand there."""
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import time

import duckdb
import pandas
import pyarrow.ipc
import pyarrow.parquet
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from terminal import Terminal  # noqa: E402

ROOT = pathlib.Path(__file__).parents[2]
GOLDEN = ROOT / "tests/recordings/1.0/small.tacho"

# A name that no terminal, spreadsheet or page must take for anything but a name.
HOSTILE = b"=evil\x1b[31m\x07\xff\n\xe2\x80\xae x"

WORK = """
import os, subprocess, time
block = bytearray(64 << 20)
for number in range(5):
    subprocess.run(["true"])
    time.sleep(0.12)
"""


@pytest.fixture(scope="module")
def made(tacho, tmp_path_factory):
    """A recording of some work, sealed, in a folder of its own. Tests do not change it."""
    folder = tmp_path_factory.mktemp("read")
    environment = {**os.environ, "XDG_STATE_HOME": str(folder / "state"), "HOME": str(folder),
                   "XDG_RUNTIME_DIR": str(folder), "TZ": "UTC", "LANG": "C.UTF-8"}
    program = os.fsencode(folder) + b"/" + HOSTILE.replace(b"\n", b"") + b".py"
    with open(program, "w") as file:
        file.write(WORK)
    done = subprocess.run([tacho, "run", "--interval", "100ms", "--output", folder / "build",
                           "--", sys.executable, program, HOSTILE],
                          env=environment, capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    sealed = subprocess.run([tacho, "seal", folder / "build.tacho"], env=environment,
                            capture_output=True, timeout=60)
    assert sealed.returncode == 0, sealed.stderr
    return folder / "build.tacho"


@pytest.fixture
def golden(tmp_path):
    """A copy of the small recording, to be damaged."""
    path = tmp_path / "small.tacho"
    shutil.copytree(GOLDEN, path)
    for folder, _, files in os.walk(path):
        os.chmod(folder, 0o700)
        for file in files:
            os.chmod(os.path.join(folder, file), 0o600)
    return path


def text_of(done):
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def without_control_bytes(data):
    return not [byte for byte in data if byte < 32 and byte != 10 or byte == 127]


# --- list and names ------------------------------------------------------------------------------


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
    assert b"2 recordings begin with 't'" in ambiguous.stderr
    for name in ("@4", "@0", "@x", "four"):
        unknown = run("show", name)
        assert (unknown.returncode, unknown.stdout) == (3, b""), name
        assert name.encode() in unknown.stderr


def test_a_recording_without_a_command_line_is_listed_too(run):
    assert run("record", "--duration", "0.3", "--interval", "100ms").returncode == 0
    entry, = json.loads(text_of(run("list", "--format", "json")))
    assert (entry["ended"], entry["command"], entry["is_recording_now"]) == ("stopped", "", False)


# --- report --------------------------------------------------------------------------------------


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


# --- show ----------------------------------------------------------------------------------------


def test_show_lists_tables_with_rows_files_and_gaps(run, made):
    text = text_of(run("show", made))
    assert re.search(r"^memory +\d+ +[\d:]+ +[\d:]+ +[\d.]+ KiB +1 sealed +Memory", text, re.M), text
    assert "times: 20" in text and "UTC" in text


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


@pytest.mark.parametrize("arguments, said", [
    (["nothing"], "there is no table nothing"),
    (["memory", "--columns", "no_such"], "no_such"),
    (["memory", "--where", "limit >"], "--where"),
    (["memory", "--where", "no_such > 1"], "no_such"),
    (["memory", "--where", "limit > 10s"], "--where: '10s' is not a size"),
    (["memory", "--from", "25:00"], "25:00"),
    (["memory", "--from", "yesterday"], "yesterday"),
    (["memory", "--every", "0"], "--every"),
    (["memory", "--every", "10 parsecs"], "10 parsecs"),
    (["memory", "--last", "-3"], "--last"),
    (["memory", "--last", "many"], "--last"),
    (["memory", "--format", "xml"], "xml"),
    (["memory", "--color", "blue"], "--color"),
    (["memory", "--rate", "--every", "1s"], "--rate"),
    (["memory", "cpu"], "'cpu'"),
    (["--bogus"], "there is no option '--bogus'"),
    (["memory", "--output"], "--output"),
])
def test_wrong_usage_names_the_argument(run, made, arguments, said):
    done = run("show", made, *arguments)
    assert (done.returncode, done.stdout) == (2, b""), done.stderr
    lines = done.stderr.decode().splitlines()
    assert lines[0].startswith("tacho show: ") and said in lines[0]
    assert lines[-1] == "Try 'tacho show --help'."


def test_the_values_of_options_are_named_with_their_option(run, made):
    for option, value in (("--from", "yesterday"), ("--to", "later"), ("--every", "soon")):
        done = run("show", made, "memory", option, value)
        assert done.returncode == 2
        assert option.encode() in done.stderr, done.stderr
        assert b"for example" in done.stderr, done.stderr


def test_every_command_has_help_and_knows_wrong_options(run):
    for command in ("run", "record", "list", "report", "show", "ps", "mark", "snapshot", "doctor",
                    "tables", "verify", "seal"):
        for form in ("--help", "-h"):
            done = run(command, form)
            assert (done.returncode, done.stderr) == (0, b""), (command, done)
            assert done.stdout.startswith(b"Usage: tacho " + command.encode()), command
        wrong = run(command, "--no-such-option")
        assert wrong.returncode == (125 if command == "run" else 2), command
        assert b"there is no option '--no-such-option'" in wrong.stderr, command
        assert wrong.stdout == b""
    assert run("--help").stdout.startswith(b"tacho records")
    assert re.fullmatch(rb"tacho \d+\.\d+\.\d+\n", run("--version").stdout)
    assert run().returncode == 2
    unknown = run("explode\x1b[31m")
    assert unknown.returncode == 2 and without_control_bytes(unknown.stderr)


# --- ps, snapshot, doctor, tables, mark ----------------------------------------------------------


def test_ps_shows_this_process_now(run):
    text = text_of(run("ps"))
    assert re.search(rf"^ *{os.getpid()} ", text, re.M)
    assert re.search(r"^\d+ processes, \d+ threads, at 20", text, re.M)
    tree = json.loads(text_of(run("ps", os.getpid(), "--format", "json", "--verbose")))
    assert tree["root_pid"] == os.getpid()
    assert tree["processes"][0]["pid"] == os.getpid()
    assert tree["totals"]["total_processes"] == len(tree["processes"])


def test_ps_of_an_unknown_pid_is_an_error(run, made):
    for arguments in ([4194304], [made, 4194304]):
        done = run("ps", *arguments)
        assert (done.returncode, done.stdout) == (1, b"")
        assert b"4194304" in done.stderr
    assert run("ps", "--find", "no such process anywhere").returncode == 1
    assert run("ps", made, "12x").returncode == 2


def test_ps_of_a_recording_at_a_time(run, made):
    found = text_of(run("ps", made, "--find", "evil", "--at", "-100ms"))
    assert "evil" in found
    assert run("ps", made, "--at", "-1h").returncode in (2, 3)


def test_snapshot_is_json_and_readable_text(run):
    json_text = text_of(run("snapshot", "--only", "memory,cpu,system"))
    snapshot = json.loads(json_text)
    assert snapshot["memory"][0]["limit"] > 0
    assert "time_user_rate" in snapshot["cpu"][0]
    text = text_of(run("snapshot", "--format", "text"))
    assert max(map(len, text.splitlines())) <= 200
    assert re.search(r"^limit +[\d.]+ [KMGT]iB", text, re.M)


def test_doctor_names_what_is_there_and_what_not(run):
    text = text_of(run("doctor"))
    assert re.search(r"yes +memory +1 row now", text)
    assert "Recordings go to " in text


def test_tables_are_listed_and_described(run):
    assert re.search(r"^memory +", text_of(run("tables")), re.M)
    assert "available" in text_of(run("tables", "memory"))
    unknown = run("tables", "nothing")
    assert unknown.returncode == 2 and b"nothing" in unknown.stderr


def test_a_late_mark_is_in_the_report(run, made, tmp_path):
    copy = tmp_path / "copy.tacho"
    shutil.copytree(made, copy)
    moment = json.loads(text_of(run("show", copy, "system", "--format", "json")))[2]["time"]
    marked = run("mark", "deploy begins", "--in", copy, "--at", moment)
    assert marked.returncode == 0, marked.stderr
    assert "deploy begins" in text_of(run("report", copy))
    assert run("mark").returncode == 2
    assert run("mark", "x").returncode == 1  # nothing is being recorded
    assert run("mark", "x", "--in", copy, "--at", "noon").returncode == 2


# --- bad input -----------------------------------------------------------------------------------


def every_reading(run, path):
    for command in ("report", "show", "verify", "seal"):
        yield command, run(command, path)
    yield "show", run("show", path, "cpu")
    yield "ps", run("ps", path)


@pytest.mark.parametrize("make", [
    lambda path: None,                                              # nothing there
    lambda path: path.mkdir(),                                      # an empty folder
    lambda path: path.write_bytes(b""),                             # an empty file
    lambda path: path.write_bytes(b"PAR1 no more than that"),       # a foreign file
    lambda path: (path.mkdir(), (path / "recording.json").write_text("{")),
    lambda path: (path.mkdir(), (path / "recording.json").write_text('{"format": 7}')),
    lambda path: (path.mkdir(), (path / "recording.json").write_bytes(b"\xff" * 100)),
    lambda path: (path.mkdir(), (path / "recording.json").symlink_to("/dev/zero")),
])
def test_what_is_no_recording_gets_one_line(run, tmp_path, make):
    path = tmp_path / "thing.tacho"
    make(path)
    before = sorted(tmp_path.rglob("*"))
    for command, done in every_reading(run, path):
        assert (done.returncode, done.stdout) == (3, b""), (command, done)
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert b"thing.tacho" in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_a_higher_major_version_is_said(run, golden):
    facts = golden / "recording.json"
    text = facts.read_text()
    newer = re.sub(r'("major": *)1', r"\g<1>9", text)
    if newer == text:
        newer = re.sub(r'"(\d+)\.(\d+)"', r'"9.\2"', text, count=1)
    assert newer != text
    facts.write_text(newer)
    for command, done in every_reading(run, golden):
        assert done.returncode == 3, (command, done)
        assert b"9" in done.stderr and len(done.stderr.splitlines()) == 1


def test_damage_is_told_and_the_rest_is_shown(run, golden):
    part, = (golden / "cpu").glob("part-*")
    data = bytearray(part.read_bytes())
    data[len(data) // 3] ^= 1
    part.write_bytes(data)
    done = run("show", golden, "cpu", "--format", "csv")
    assert done.returncode == 1
    assert b"cpu/part-" in done.stderr
    assert len(done.stdout.splitlines()) >= 1 + 6  # the live file's rows
    assert run("verify", golden).returncode == 1


def test_declared_sizes_are_not_believed(run, golden):
    part, = (golden / "cpu").glob("part-*")
    data = bytearray(part.read_bytes())
    data[-8:-4] = struct.pack("<I", 0xFFFFFFF0)  # the footer's length
    part.write_bytes(data)
    (golden / "system" / "live-000009.arrows").write_bytes(struct.pack("<Ii", 0xFFFFFFFF, 2**31 - 1) + b"x" * 64)
    for command, done in every_reading(run, golden):
        assert done.returncode in (0, 1, 3), (command, done)
        assert done.returncode >= 0


def test_a_recording_of_another_user_is_denied_in_one_line(run, golden, home):
    if os.geteuid() != 0:
        pytest.skip("needs root to be another user")
    os.chmod(golden.parent, 0o755)
    for parent in golden.parents:
        if not parent.stat().st_mode & 0o001:
            pytest.skip(f"{parent} cannot be entered by others")
    done = run("report", golden, user=65534, group=65534)
    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 1 and b"ermission denied" in done.stderr


# --- output --------------------------------------------------------------------------------------


def test_a_closed_pipe_ends_quietly(tacho, home, made):
    reader = subprocess.Popen(["head", "-c", "10"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    done = subprocess.run([tacho, "show", made, "process", "--format", "csv"], stdout=reader.stdin,
                          stderr=subprocess.PIPE, env=home, timeout=60)
    reader.stdin.close()
    reader.wait(30)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_full_disk_is_an_error(tacho, home, made):
    with open("/dev/full", "w") as full:
        done = subprocess.run([tacho, "show", made, "process"], stdout=full, stderr=subprocess.PIPE,
                              env=home, timeout=60)
    assert done.returncode == 3
    assert b"No space left on device" in done.stderr


def test_an_output_that_cannot_be_made_is_named(run, made):
    done = run("show", made, "memory", "--output", "/no/such/folder/x.csv", "--format", "csv")
    assert (done.returncode, done.stdout) == (3, b"")
    assert b"/no/such/folder/x.csv:" in done.stderr or b"/no/such/folder/x.csv" in done.stderr


def test_hostile_names_stay_text(run, made):
    for arguments in (["report", made], ["show", made, "process_info"], ["ps", made],
                      ["show", made, "process", "--format", "csv"], ["list"],
                      ["show", made, "process_info", "--format", "json"]):
        done = run(*arguments)
        assert done.returncode == 0, done.stderr
        assert without_control_bytes(done.stdout), arguments
        done.stdout.decode()  # UTF-8 throughout
        assert b"\xe2\x80\xae" not in done.stdout  # no change of the writing's direction
    name = json.loads(text_of(run("show", made, "process_info", "--format", "json",
                                  "--where", 'arguments ~ "=evil"')))[0]["arguments"]
    assert "\\x1b" in name and "\\xff" in name


def test_colour_follows_the_variables(run, home, made):
    plain = run("report", made)
    assert b"\x1b" not in plain.stdout
    forced = run("report", made, env={**home, "FORCE_COLOR": "1"})
    assert b"\x1b[1m" in forced.stdout
    assert b"\x1b" not in run("report", made, env={**home, "FORCE_COLOR": "1", "NO_COLOR": "1"}).stdout
    assert b"\x1b[1m" in run("report", made, "--color", "always").stdout
    assert re.sub(rb"\x1b\[\d*m", b"", forced.stdout) == plain.stdout


@pytest.mark.parametrize("arguments", [
    ["report"], ["show"], ["ps"], ["show", "memory", "--last", "1"], ["show", "cpu", "--last", "4"]])
def test_a_terminal_of_80_columns_holds_every_line(tacho, home, made, arguments):
    command, *rest = arguments
    environment = {**home, "TERM": "xterm", "PAGER": "cat"}
    script = f'stty cols 80 rows 24; exec "$0" "$@"'
    terminal = Terminal(["sh", "-c", script, tacho, command, str(made), *rest], environment)
    status = terminal.end()
    assert os.waitstatus_to_exitcode(status) == 0, terminal.output
    text = re.sub(rb"\x1b\[\d*[mK]", b"", terminal.output).decode()
    wide = [line for line in text.splitlines() if len(line) > 80 and str(made) not in line]
    assert not wide, wide


def test_without_a_pager_the_terminal_is_written(tacho, home, made):
    empty = {**home, "TERM": "xterm", "PATH": "/no/such/folder"}
    terminal = Terminal([tacho, "show", str(made)], empty)
    assert os.waitstatus_to_exitcode(terminal.end()) == 0
    assert b"memory" in terminal.output


def test_verify_and_seal_say_what_they_did(run, golden):
    assert re.match(r"whole: \d+ files, [\d.]+ KiB, \d+ rows read\n", text_of(run("verify", golden)))
    assert re.match(r"sealed 3 files, \d+ rows: ", text_of(run("seal", golden)))
    assert text_of(run("seal", golden)) == "nothing to seal\n"
    assert text_of(run("verify", golden)).startswith("whole: ")
    assert run("verify", golden, "--quiet").stdout == b""


# --- the README ----------------------------------------------------------------------------------


README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(sql|python)\n(.*?)```", README, re.S)


def test_the_readme_has_examples():
    assert [kind for kind, _ in BLOCKS].count("sql") >= 3
    assert [kind for kind, _ in BLOCKS].count("python") >= 2


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_an_example_of_the_readme_runs_as_it_stands(made, monkeypatch, capsys, number):
    monkeypatch.chdir(made.parent)
    kind, code = BLOCKS[number]
    if kind == "python":
        exec(compile(code, "README.md", "exec"), {})
        # What is read while it grows is not there in a sealed recording.
        assert capsys.readouterr().out or "live-" in code
    else:
        assert duckdb.sql(code).fetchall()


def test_the_readme_fills_processes_forward_as_tacho_does(run, made, monkeypatch):
    rows = json.loads(text_of(run("show", made, "process", "--format", "json")))
    monkeypatch.chdir(made.parent)
    code, = (code for kind, code in BLOCKS if kind == "sql" and "asof join" in code)
    filled = sorted((tick, pid, memory or 0) for tick, _, pid, _, memory, _ in duckdb.sql(code).fetchall())
    assert filled == sorted((row["tick"], row["pid"], row["memory_usage"] or 0) for row in rows)


def test_the_commands_of_the_readme_exist(run):
    for command in re.findall(r"^\| `tacho (\w+)", README, re.M):
        assert run(command, "--help").returncode == 0, command


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
