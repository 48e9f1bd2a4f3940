# SPDX-License-Identifier: Apache-2.0
"""The machine as it is now, and what is done with a recording: ps, snapshot, doctor, tables, mark, verify, seal."""
import json
import os
import pathlib
import re
import shutil
import sys

import pandas

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from reading import text_of  # noqa: E402
from terminal import Terminal  # noqa: E402


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


def test_doctor_breaks_its_lines_at_the_width_of_a_terminal(tacho, home):
    for width in (80, 120):
        script = f'stty cols {width} rows 24; exec "$0" doctor'
        terminal = Terminal(["sh", "-c", script, tacho], {**home, "TERM": "xterm"})
        assert os.waitstatus_to_exitcode(terminal.end()) == 0, terminal.output
        lines = terminal.output.decode().splitlines()
        assert max(map(len, lines)) <= width, lines
        assert any(line.startswith("  yes  memory ") for line in lines)


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


def test_late_marks_are_where_they_belong_and_count_from_the_end(run, made, tmp_path):
    copy = tmp_path / "copy.tacho"
    shutil.copytree(made, copy)
    for text, at in (("last", "-10ms"), ("first", "-400ms"), ("between", "-200ms")):
        marked = run("mark", text, "--in", copy, "--at", at)
        assert marked.returncode == 0, marked.stderr
    rows = json.loads(text_of(run("show", copy, "event", "--format", "json")))
    assert [row["body"] for row in rows if row["name"] == "mark"] == ["first", "between", "last"]
    assert [row["boottime"] for row in rows] == sorted(row["boottime"] for row in rows)
    end = json.loads((copy / "recording.json").read_text())["end_time"]
    times = {row["body"]: pandas.Timestamp(row["event_time"]).value for row in rows}
    assert times["last"] == end - 10_000_000 and times["first"] == end - 400_000_000
    report = text_of(run("report", copy))
    assert report.index("first") < report.index("between") < report.index("last")
    early = run("mark", "x", "--in", copy, "--at", "-1h")
    assert early.returncode == 1 and b"the recording goes from" in early.stderr
    backwards = run("mark", "x", "--in", copy, "--at", "-10ms", "--until", "-20ms")
    assert backwards.returncode == 2 and b"--until lies before" in backwards.stderr


def test_verify_and_seal_say_what_they_did(run, golden):
    assert re.match(r"whole: \d+ files, [\d.]+ KiB, \d+ rows read\n", text_of(run("verify", golden)))
    assert re.match(r"sealed 3 files, \d+ rows: ", text_of(run("seal", golden)))
    assert text_of(run("seal", golden)) == "nothing to seal\n"
    assert text_of(run("verify", golden)).startswith("whole: ")
    assert run("verify", golden, "--quiet").stdout == b""
