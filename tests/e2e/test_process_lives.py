# SPDX-License-Identifier: Apache-2.0
"""The same lives told by each source of processes: births, programs, ends, whatever happens to them.

One command per source does everything that processes do; each test looks at one of its deeds.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import types

import pytest

from recorder import table_of

DEEDS = pathlib.Path(__file__).with_name("deeds.py")
NEEDS_ROOT = [pytest.mark.system, pytest.mark.skipif(os.geteuid() != 0, reason="the source needs root")]
# "proc" is what is left without any right: it sees who lives at a tick, and no status.
SOURCES = (pytest.param("bpf", marks=NEEDS_ROOT), pytest.param("taskstats", marks=NEEDS_ROOT),
           "connector", "proc")
ACCOUNTS = ("bpf", "taskstats")

SECRET = "hunter2SECRET"
RANDOM = "Zx9Kq2Lm8Wp4Rt6Yv1Bn3Hs5Jd7Fg0Ac"
# Thirty ways to put a secret into a command line.
SECRETS = [
    ["--password=" + SECRET], ["--password", SECRET], ["--passwd", SECRET], ["-password", SECRET],
    ["--passphrase=" + SECRET], ["--token", SECRET], ["--auth-token=" + SECRET], ["--api-key", SECRET],
    ["--api_key=" + SECRET], ["--apikey=" + SECRET], ["--secret=" + SECRET], ["--client-secret", SECRET],
    ["--private-key=" + SECRET], ["--access-key", SECRET], ["--credentials=" + SECRET],
    ["PASSWORD=" + SECRET], ["DB_PASS=" + SECRET], ["AWS_SECRET_ACCESS_KEY=" + SECRET],
    ["GITHUB_TOKEN=" + SECRET], ["-H", "Authorization: Bearer " + SECRET], ["-H", "X-Api-Key: " + SECRET],
    ["https://user:" + SECRET + "@example.org/path"], ["https://example.org/?token=" + SECRET + "&page=1"],
    ["--cookie", "session=" + SECRET], ["postgres://me:" + SECRET + "@db/base"], [RANDOM],
    ["ghp_" + RANDOM], ["AKIAIOSFODNN7EXAMPLE" + SECRET], ["--db-password", SECRET],
    ["--login-token=" + SECRET],
]


@pytest.fixture(scope="module", params=SOURCES)
def lives(request, tacho, tmp_path_factory):
    """What was done, and the rows that a recording with this source has of it."""
    source = request.param
    folder = tmp_path_factory.mktemp(source)
    environment = {**os.environ, "XDG_STATE_HOME": str(folder / "state"), "HOME": str(folder),
                   "XDG_RUNTIME_DIR": str(folder), "TZ": "UTC", "LANG": "C.UTF-8"}
    older = subprocess.Popen(["sleep", "301"])
    threading.Thread(target=older.wait, daemon=True).start()  # it shall be no zombie
    # Files, not pipes: what outlives the command would keep a pipe open.
    try:
        ran = subprocess.run([tacho, "run", "--quiet", "--interval", "100ms", f"--processes={source}",
                              "--output", folder / "x", "--", sys.executable, DEEDS,
                              folder / "done.json", str(older.pid), json.dumps(SECRETS)],
                             env=environment, timeout=60, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=open(folder / "errors", "wb"))
    finally:
        older.kill()
        older.wait()
    assert ran.returncode == 0, (folder / "errors").read_text()
    done = json.loads((folder / "done.json").read_text())
    os.kill(done["outlives"], signal.SIGKILL)
    recording = folder / "x.tacho"
    refused = [row["body"] for row in table_of(recording, "event")
               if row["name"] == "process.source.refused"]
    if refused:
        pytest.skip(refused[0])
    view = types.SimpleNamespace(source=source, done=done, older=older.pid, recording=recording,
                                 rows=table_of(recording, "process"),
                                 all_info=table_of(recording, "process_info"),
                                 all_exits=table_of(recording, "process_exit"))
    view.info = lambda pid: [row for row in view.all_info if row["pid"] == pid]
    view.exits = lambda pid: [row for row in view.all_exits if row["pid"] == pid]
    view.numbers = lambda pid: list(dict.fromkeys(row["process"] for row in view.info(pid)))
    view.knows_status = source != "proc"
    return view


def end_of(lives, pid):
    ends = lives.exits(pid)
    assert len(ends) == 1, (pid, ends)
    return ends[0]


def test_every_process_is_counted(lives):
    if not lives.knows_status:
        pytest.skip("/proc shows those alone that live at a tick")
    for pid, code in lives.done["short"]:
        ends = [row for row in lives.exits(pid) if row["exit_code"] == code]
        assert len(ends) == 1, (pid, code, lives.exits(pid))
        assert ends[0]["source"] == lives.source
        if lives.source in ACCOUNTS:
            assert ends[0]["cpu_time_user"] is not None and ends[0]["cpu_time_system"] is not None
            assert ends[0]["paging_faults_minor"] > 0


def test_a_status_is_what_the_parent_sees(lives):
    for code, pid in lives.done["codes"].items():
        end = end_of(lives, pid)
        assert end["exit_code"] == (int(code) if lives.knows_status else None)
        assert end["signal"] is None
    for number, pid in lives.done["signals"].items():
        end = end_of(lives, pid)
        assert end["signal"] == (int(number) if lives.knows_status else None)
        assert end["exit_code"] is None


def test_an_end_says_who_saw_it(lives):
    expected = {"proc": "poll"}.get(lives.source, lives.source)
    for pid in lives.done["codes"].values():
        assert end_of(lives, pid)["source"] == expected


def test_a_process_that_outlives_its_parent_is_one(lives):
    pid = lives.done["orphan"]
    assert len(lives.numbers(pid)) == 1
    if lives.source == "proc" and not lives.exits(pid):
        # Its new parent has not reaped it: all that /proc tells is that it is a zombie.
        assert [row["state"] for row in lives.rows if row["process"] in lives.numbers(pid)][-1] == "Z"
        return
    assert end_of(lives, pid)["exit_code"] == (11 if lives.knows_status else None)


@pytest.mark.parametrize("deed", ["orphan", "daemon", "vfork", "chain", "outlives", "renamed"])
def test_whatever_descends_from_the_command_belongs_to_it(lives, deed):
    if lives.source == "proc" and deed in ("orphan", "daemon", "outlives"):
        pytest.skip("/proc tells the parent of now, not who it was born of")
    rows = lives.info(lives.done[deed])
    assert rows and rows[-1]["in_command"] == 1, rows


def test_what_was_there_before_does_not(lives):
    rows = lives.info(lives.older)
    assert rows and not rows[-1]["in_command"], rows


def test_a_vfork_is_the_program_that_it_became(lives):
    rows = lives.info(lives.done["vfork"])
    assert rows[-1]["command"] == "sleep"
    assert rows[-1]["arguments"] == "sleep 1.41"
    assert rows[-1]["executable"].endswith(("/sleep", "/coreutils", "/busybox"))
    end_of(lives, lives.done["vfork"])


def test_a_chain_of_programs_is_one_process(lives):
    pid = lives.done["chain"]
    assert len(lives.numbers(pid)) == 1
    assert lives.info(pid)[-1]["arguments"] == "sleep 1.42"
    assert end_of(lives, pid)["exit_code"] == (0 if lives.knows_status else None)


def test_a_zombie_ends_once(lives):
    assert end_of(lives, lives.done["zombie"])["exit_code"] == (12 if lives.knows_status else None)


def test_one_that_was_born_before_the_recording_ends_in_it(lives):
    assert len(lives.numbers(lives.older)) == 1
    assert end_of(lives, lives.older)["signal"] == (9 if lives.knows_status else None)


def test_one_that_outlives_the_recording_has_no_end(lives):
    pid = lives.done["outlives"]
    assert lives.info(pid)[-1]["arguments"] == "sleep 300"
    assert not lives.exits(pid)


def test_a_pid_that_comes_again_is_another_process(lives):
    pid = lives.done["again"]
    if pid is None:
        pytest.skip("no right to choose a pid, or it was taken")
    assert len(lives.numbers(pid)) == 3
    ends = sorted(lives.exits(pid), key=lambda row: row["process"])
    assert [row["process"] for row in ends] == sorted(lives.numbers(pid))
    assert [row["exit_code"] for row in ends] == ([1, 2, 3] if lives.knows_status else [None] * 3)


def test_a_pid_namespace_shows_both_numbers(lives):
    pid = lives.done["namespace"]
    if pid is None:
        pytest.skip("no right to make a pid namespace")
    assert lives.info(pid)[-1]["inner_pid"] == 1
    assert lives.info(pid)[-1]["arguments"] == "sleep 1.47"
    assert end_of(lives, pid)["exit_code"] == (0 if lives.knows_status else None)


def test_a_new_name_is_seen_and_harmless(lives):
    rows = lives.info(lives.done["renamed"])
    assert rows[-1]["command"] == r"new\x1b name\xff\x0a"
    assert len(lives.numbers(lives.done["renamed"])) == 1


def test_threads_are_no_processes(lives):
    pid, *threads = lives.done["threads"]
    assert end_of(lives, pid)["exit_code"] == (13 if lives.knows_status else None)
    for thread in set(threads) - {pid}:
        assert not lives.info(thread) and not lives.exits(thread)
    assert max(row["thread_count"] or 0 for row in lives.rows if row["process"] in lives.numbers(pid)) == 9


def test_a_process_ends_with_its_last_thread(lives):
    end = end_of(lives, lives.done["leader first"])
    assert end["exit_code"] == (14 if lives.knows_status else None)


def test_arguments_of_any_bytes_are_kept_and_harmless(lives):
    (arguments,) = {row["arguments"] for row in lives.info(lives.done["odd"])[-1:]}
    assert arguments == r"sh -c 'sleep 1.44; :' new\x0aline '\x1b]0;title\x07' \xff\xfe ''"
    last = lives.info(lives.done["large"])[-1]
    assert last["arguments_cut"] == 1
    assert last["arguments"].startswith("sh -c 'sleep 1.45; :' yyy")
    assert len(last["arguments"]) <= 4096 + 2


def test_no_secret_is_in_any_byte(lives):
    texts = [str(value) for rows in (lives.all_info, lives.all_exits, lives.rows) for row in rows
             for value in row.values()]
    shown = [text for text in texts if "sleep 1.46" in text]
    # The shells are there, so their secrets could be.
    assert len({text for text in shown}) > 1
    planted = [SECRET, RANDOM[:12]]
    assert not [text for text in texts for secret in planted if secret in text]
    for path in pathlib.Path(lives.recording).rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not [secret for secret in planted if secret.encode() in data], path


def test_columns_are_the_same_whatever_the_source(lives):
    expected = ["exit_code", "signal", "core_dumped", "exit_time", "cpu_time_user", "cpu_time_system",
                "memory_peak", "io_read", "delay_cpu", "delay_block"]
    assert set(expected) <= set(lives.all_exits[0])
    if lives.source not in ACCOUNTS:
        return
    peak = [row["memory_peak"] for row in lives.all_exits
            if row["pid"] == lives.done["threads"][0]]
    assert peak and peak[0] > 1 << 20
