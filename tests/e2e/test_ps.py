# SPDX-License-Identifier: Apache-2.0
"""tacho ps: lists that are sorted, processes that ended, sums over all, differences between two times."""
import json
import os
import pathlib
import subprocess
import sys
import time

import pandas
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from conftest import HOSTILE, LIMIT  # noqa: E402
from reading import text_of, without_control_bytes  # noqa: E402
from terminal import Terminal  # noqa: E402

# Three that sleep, long enough for every source; one that fails, one that is killed; one that works
# and one that holds memory. `first` and `second` are between them.
WORK = r"""
import json, os, signal, subprocess, sys, time
folder, hostile = sys.argv[1], os.fsencode(sys.argv[2])
def run(*words):
    return subprocess.Popen(["sh", "-c", 'sleep 0.4; eval "$0"', *words])
stays = subprocess.Popen(["sleep", "77.7"])
time.sleep(0.3)
first = time.time()
for process in [run("exit 0", "ended-so-is-quiet"), run("exit 7", "ended-so-fails"), run("kill -9 $$", "ended-so-is-killed"),
                run("exit 0", hostile)]:
    process.wait()
work = subprocess.Popen([sys.executable, "-c", "import time\nend = time.process_time() + 0.3\n"
                         "held = bytearray(96 << 20)\nwhile time.process_time() < end: pass\n"
                         "time.sleep(0.3)", "ended-so-works"])
work.wait()
newborn = subprocess.Popen(["sleep", "78.87878"])
time.sleep(0.4)
second = time.time()
json.dump({"first": first, "second": second, "newborn": newborn.pid, "stays": stays.pid,
           "work": work.pid}, open(folder + "/done.json", "w"))
time.sleep(0.3)
for process in (stays, newborn):
    process.kill()
    process.wait()
"""


def recorded(tacho, folder, source):
    (folder / "work.py").write_text(WORK)
    environment = {**os.environ, "XDG_STATE_HOME": str(folder / "state"), "HOME": str(folder),
                   "XDG_RUNTIME_DIR": str(folder), "TZ": "UTC", "LANG": "C.UTF-8"}
    done = subprocess.run([tacho, "run", "--quiet", "--interval", "50ms", f"--processes={source}",
                           "--output", folder / "x", "--", sys.executable, folder / "work.py", folder,
                           HOSTILE], env=environment, capture_output=True, timeout=LIMIT,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    return folder / "x.tacho", json.loads((folder / "done.json").read_text())


@pytest.fixture(scope="module")
def polled(tacho, tmp_path_factory):
    """What is left without any right: /proc at every tick."""
    return recorded(tacho, tmp_path_factory.mktemp("polled"), "proc")


# The machine may be busy with others' processes.
ALL = ["--limit", "1000000", "--format", "json"]


def of_command(processes, word):
    return [entry for entry in processes if word in (entry["arguments"] or "") and "python" not in entry["arguments"]]


def test_what_ended_is_listed_newest_first(run, polled):
    path, done = polled
    listed = json.loads(text_of(run("ps", path, "--exited", "--utc", *ALL)))
    assert listed["sort"] == "end" and listed["shown"] == listed["ended"] == len(listed["processes"])
    ends = [entry["end"] for entry in listed["processes"]]
    assert ends == sorted(ends, reverse=True)
    (works,) = [entry for entry in listed["processes"] if entry["pid"] == done["work"]]
    assert works["memory_peak"] > 96 << 20 and works["cpu_time"] >= 250_000_000
    # No status can be had from /proc, nor how many were missed.
    assert works["exit_code"] is None and works["signal"] is None and works["source"] == "poll"
    assert listed["missed"]["count"] is None and "tick" in listed["missed"]["why"]
    text = text_of(run("ps", path, "--exited"))
    assert "how many were missed is unknown: " in text
    assert " unknown " in text and "≤ " in text


def test_what_ended_is_sorted_and_cut_as_asked(run, polled):
    path, done = polled
    top = json.loads(text_of(run("ps", path, "--exited", "--sort", "memory", "--limit", "1", "--find", "ended-so-",
                             "--format", "json")))
    assert [entry["pid"] for entry in top["processes"]] == [done["work"]]
    assert top["ended"] > top["shown"] == 1
    text = text_of(run("ps", path, "--exited", "--sort", "memory", "--limit", "1"))
    assert "the first 1 are shown, by memory, " in text
    turned = []
    for arguments in (["--sort", "-pid"], ["--sort", "pid", "--reverse"]):
        listed = json.loads(text_of(run("ps", path, "--exited", *ALL, *arguments)))
        turned.append([entry["pid"] for entry in listed["processes"]])
    assert turned[0] == turned[1] == sorted(turned[0], reverse=True)


def test_what_ended_is_found_and_lies_between_two_times(run, polled):
    path, done = polled
    listed = json.loads(text_of(run("ps", path, "--exited", "--find", "ENDED-SO-FAILS", "--format", "json")))
    assert listed["ended"] == len(of_command(listed["processes"], "ended-so-fails")) == 1
    span = ["--from", f"@{done['first']}", "--to", f"@{done['second']}"]
    inside = json.loads(text_of(run("ps", path, "--exited", *span, *ALL)))
    assert of_command(inside["processes"], "ended-so-is-quiet")
    assert not [entry for entry in inside["processes"] if entry["pid"] in (done["stays"], done["newborn"])]
    nothing = run("ps", path, "--exited", "--find", "no such process anywhere")
    assert nothing.returncode == 1 and nothing.stdout.startswith(b"0 processes ended ")


def test_sums_are_over_the_living_and_the_ended(run, polled):
    path, done = polled
    summed = json.loads(text_of(run("ps", path, "--by", "command", *ALL)))
    by_name = {entry["command"]: entry for entry in summed["sums"]}
    assert by_name["sleep"]["processes"] >= 6
    assert [entry["cpu_time"] for entry in summed["sums"] if entry["cpu_time"] is not None] == sorted(
        (entry["cpu_time"] for entry in summed["sums"] if entry["cpu_time"] is not None), reverse=True)
    assert sum(entry["processes"] for entry in summed["sums"]) == summed["totals"]["processes"]
    for figure in ("cpu_time", "disk_io_write"):
        assert sum(entry[figure] or 0 for entry in summed["sums"]) == summed["totals"][figure]
    (works,) = json.loads(text_of(run(
        "ps", path, "--by", "user", "--find", "ended-so-works", "--format", "json")))["sums"]
    assert works["memory_peak"] > 96 << 20 and works["memory_peak_pid"] == done["work"]
    by_count = json.loads(text_of(run("ps", path, "--by", "command", "--sort", "count", "--format", "json")))
    counts = [entry["processes"] for entry in by_count["sums"]]
    assert counts == sorted(counts, reverse=True)
    for what in ("job", "container", "unit", "user"):
        assert "processes lived from " in text_of(run("ps", path, "--by", what))


def test_a_part_of_the_time_has_less_cpu_time_than_the_whole(run, polled):
    path, done = polled
    def totals(*arguments):
        done = run("ps", path, "--by", "user", "--find", "ended-so-works", "--format", "json", *arguments)
        return json.loads(done.stdout)["totals"]
    whole = totals()
    assert whole["processes"] == 1 and whole["cpu_time"] >= 250_000_000
    end = next(entry["end"] for entry in json.loads(text_of(run(
        "ps", path, "--exited", "--find", "ended-so-works", "--format", "json")))["processes"])
    # It sleeps at its end: who looks then alone sees it alive, and idle.
    late = totals("--from", str(pandas.Timestamp(end) - pandas.Timedelta("150ms")))
    assert late["processes"] == 1 and late["cpu_time"] < whole["cpu_time"] / 2
    assert totals("--from", f"@{done['second']}")["processes"] == 0


def test_two_times_differ_by_who_was_born_and_who_ended(run, polled):
    path, done = polled
    times = [f"@{done['first']}", f"@{done['second']}"]
    found = json.loads(text_of(run("ps", path, "--diff", *times, *ALL)))
    pids = {kind: [entry["pid"] for entry in found[kind]["processes"]]
            for kind in ("born", "ended", "born_and_ended", "changed")}
    assert done["newborn"] in pids["born"] and done["work"] in pids["born_and_ended"]
    assert done["stays"] not in pids["born"] + pids["ended"] + pids["born_and_ended"]
    # The script worked in between.
    assert pids["changed"]
    text = text_of(run("ps", path, "--diff", *times))
    assert "\nBorn and ended in between: " in text
    one = json.loads(text_of(run("ps", path, "--diff", *times, "--find", "78.87878", "--format", "json")))
    assert [entry["pid"] for entry in one["born"]["processes"]] == [done["newborn"]]
    assert run("ps", path, "--diff", "-50ms", "-50ms").returncode == 1
    assert run("ps", path, "--diff", *reversed(times)).returncode == 2


def test_the_last_recording_is_meant_when_none_is_named(run):
    assert run("run", "--quiet", "--interval", "50ms", "--", "sleep", "0.31415").returncode == 0
    last = json.loads(text_of(run("ps", "--exited", "--find", "sleep 0.31415", "--format", "json")))
    assert last["ended"] == 1
    # Sums of now: of what they have used since they began.
    now = json.loads(text_of(run("ps", "--by", "user", "--format", "json")))
    assert now["totals"]["ended"] < now["totals"]["processes"] and now["totals"]["cpu_time"] > 0


def test_the_plain_list_is_sorted(run, polled):
    path, _ = polled
    tree = json.loads(text_of(run("ps", path, "--sort", "memory", "--limit", "5", "--format", "json", "--verbose")))
    memory = [entry["memory_usage"] for entry in tree["processes"]]
    assert len(memory) == 5 and memory == sorted(memory, reverse=True)
    for column in ("pid", "parent", "user", "state", "threads", "cpu", "start", "read", "write", "command", "arguments"):
        text_of(run("ps", path, "--sort", column))
    # Of now as well, and an option's value is no recording.
    assert "more are not shown" in text_of(run("ps", "--sort", "cpu", "--limit", "2"))


def test_a_recording_that_is_being_made_tells_who_ended(tacho, run, home, tmp_path):
    recorder = subprocess.Popen([tacho, "run", "--quiet", "--interval", "50ms", "--output", tmp_path / "x", "--",
                                 "sh", "-c", "sleep 0.27182; sleep 60"], env=home, stdin=subprocess.DEVNULL)
    try:
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            done = run("ps", tmp_path / "x.tacho", "--exited", "--find", "sleep 0.27182", "--format", "json")
            if done.returncode == 0 and of_command(json.loads(done.stdout)["processes"], "sleep 0.27182"):
                break
            time.sleep(0.1)
        else:
            pytest.fail("its end was never told: " + done.stderr.decode())
        assert run("ps", tmp_path / "x.tacho", "--by", "command").returncode == 0
        assert recorder.poll() is None
    finally:
        recorder.terminate()
        recorder.wait(LIMIT)


@pytest.mark.parametrize("arguments, example", [
    (["--exited", "--sort", "weight"], "--sort arguments"), (["--sort", "weight"], "--sort arguments"),
    (["--by", "colour"], "--by command"), (["--diff", "-5m"], "--diff -10m -5m"), (["--diff"], "--diff -10m -5m"),
    (["--exited", "--at", "-5m"], "--from -10m"), (["--from", "-5m"], "--exited --from -10m"),
    (["--exited", "--limit", "0"], "--limit 100"), (["--exited", "--by", "user"], "--by command"),
    (["12", "--exited"], "--exited --find 12"), (["--reverse"], "--sort memory --reverse"),
    (["--by", "user", "--sort", "end"], "--sort user")])
def test_wrong_usage_is_told_with_an_example(run, polled, arguments, example):
    done = run("ps", polled[0], *arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert example in done.stderr.decode()


def test_lines_fit_the_terminal_and_names_are_harmless(tacho, home, polled):
    path, done = polled
    times = ["--diff", f"@{done['first']}", f"@{done['second']}"]
    for width in (80, 120):
        for view in (["--exited"], ["--exited", "--sort", "read"], ["--by", "command"], ["--sort", "start"], times):
            command = " ".join(["stty cols", str(width), "rows 24; exec", '"$0" ps', str(path), *view, "--no-pager"])
            terminal = Terminal(["sh", "-c", command, tacho], {**home, "TERM": "xterm", "NO_COLOR": "1"})
            assert os.waitstatus_to_exitcode(terminal.end()) == 0, terminal.output
            lines = terminal.output.decode().splitlines()
            assert max(map(len, lines)) <= width, (view, max(lines, key=len))
            assert without_control_bytes("\n".join(lines).encode())


@pytest.fixture(scope="module")
def told(tacho, tmp_path_factory):
    """The same, told by the kernel."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    path, done = recorded(tacho, tmp_path_factory.mktemp("told"), "bpf")
    if json.loads((path / "recording.json").read_text())["process_source"] != "bpf":
        pytest.skip("this kernel takes no BPF from us")
    return path, done


@pytest.mark.system
def test_the_kernel_tells_how_they_ended(run, told):
    path, _ = told
    listed = json.loads(text_of(run("ps", path, "--exited", *ALL)))
    assert listed["missed"]["count"] == 0
    (fails,), (killed,), (quiet,) = (of_command(listed["processes"], word) for word in ("ended-so-fails", "ended-so-is-killed", "ended-so-is-quiet"))
    assert (fails["exit_code"], fails["signal"]) == (7, None)
    assert (killed["exit_code"], killed["signal_name"]) == (None, "SIGKILL")
    assert (quiet["exit_code"], quiet["end_is_exact"], quiet["core_dumped"]) == (0, True, False)
    text = text_of(run("ps", path, "--exited", "--sort", "how", "--limit", "2"))
    assert "SIGKILL" in text and "; none were missed" in text
    by_user = json.loads(text_of(run("ps", path, "--by", "user", "--format", "json")))
    assert by_user["missed"]["count"] == 0
