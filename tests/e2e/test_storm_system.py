# SPDX-License-Identifier: Apache-2.0
"""More processes than can be taken, and recorders that are killed: counted, and gone without a trace."""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import pytest

from recorder import facts_of, inside, needs_root, pids_group, table_of, wait_until

pytestmark = needs_root

STORM = pathlib.Path(__file__).with_name("storm.py")
MANY = 20_000
# The kernel's ring (1 MiB), what waits (4 MiB), and the rows of a tick, beside a recorder's own 7 MiB.
MOST_MEMORY = 32 << 20


@pytest.fixture
def bounded():
    """A control group in which no more than two hundred tasks can be at once."""
    with pids_group() as group:
        (group / "pids.max").write_text("200")
        yield group


@pytest.mark.parametrize("state", ["running", "stopped"])
def test_of_a_storm_every_birth_and_end_is_recorded_or_counted(run, tacho, home, tmp_path, bounded, state):
    done = subprocess.run([*inside(bounded), "unshare", "--pid", "--fork", "--mount-proc", "--kill-child",
                           sys.executable, STORM, tacho, tmp_path / "x.tacho",
                           tmp_path / "done.json", str(MANY), state],
                          env=home, capture_output=True, timeout=300, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "done.json").read_text())
    assert told["status"] == 0
    facts = facts_of(tmp_path / "x.tacho")
    if facts["process_source"] != "bpf":
        pytest.skip("bpf cannot be used here")
    children = {row["process"] for row in table_of(tmp_path / "x.tacho", "process_info")
                if row["parent_pid"] == told["parent"]}
    ends = [row for row in table_of(tmp_path / "x.tacho", "process_exit") if row["process"] in children]
    assert {row["process"] for row in ends} == children
    exact = [row for row in ends if row["source"] == "bpf"]
    assert {row["exit_code"] for row in exact} == {3}
    lost = facts["processes_missed"]["count"]
    # A child that is known was told by its birth; one with a status by its end too. The shell that made
    # them ended in the same time.
    shell = [row for row in table_of(tmp_path / "x.tacho", "process_exit")
             if row["pid"] == told["parent"] and row["source"] == "bpf"]
    assert len(children) + len(exact) + len(shell) + lost == 2 * MANY + 1
    missed = [row for row in table_of(tmp_path / "x.tacho", "event") if row["name"] == "process.missed"]
    assert sum(row["count"] for row in missed) == lost
    if state == "stopped":
        assert lost > MANY, "the ring holds a few thousand"
        assert "faster" in facts["processes_missed"]["why"]
        report = run("report", tmp_path / "x.tacho").stdout.decode()
        assert f"{lost} births, execs and ends of processes" in " ".join(report.split())
    listed = run("ps", tmp_path / "x.tacho", "--exited", "--limit", "1").stdout.decode()
    assert ("none were missed" if lost == 0 else f"{lost} births") in " ".join(listed.split())
    assert told["memory"] < MOST_MEMORY
    assert run("verify", tmp_path / "x.tacho").returncode == 0


# --- nothing stays behind in the kernel ---------------------------------------------------------

def children_of(parent):
    """{pid: name}."""
    found = {}
    for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            text = entry.read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        name, fields = text[text.index("(") + 1:text.rindex(")")], text.rsplit(")", 1)[1].split()
        if int(fields[1]) == parent:
            found[int(entry.parent.name)] = name
    return found


def bpf_ids_of(pid):
    """{(kind, id)} of what the process holds: programs, maps and links."""
    held = set()
    try:
        for entry in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
            held |= set(re.findall(r"^(prog|map|link)_id:\s*(\d+)", entry.read_text(), re.MULTILINE))
    except (FileNotFoundError, ProcessLookupError):
        pass
    return held


def bpf_ids_there():
    """What bpftool finds in the kernel."""
    there = set()
    for kind in ("prog", "map", "link"):
        done = subprocess.run(["bpftool", "--json", kind, "list"], capture_output=True, timeout=60)
        if done.returncode != 0:
            pytest.skip(f"bpftool cannot list here: {done.stderr.decode()}")
        there |= {(kind, str(one["id"])) for one in json.loads(done.stdout)}
    return there


class TestKilled:
    @pytest.fixture
    def running(self, tacho, home, tmp_path):
        """`tacho run` of something that goes on until it is told."""
        process = subprocess.Popen([tacho, "run", "--quiet", "--interval", "50ms", "--output",
                                    tmp_path / "x", "--", "cat"], env=home, stdin=subprocess.PIPE,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        yield process
        process.stdin.close()
        process.wait(timeout=60)

    def recorder_of(self, running):
        def found():
            children = {name: pid for pid, name in children_of(running.pid).items()}
            return children.get("tacho") if "cat" in children else None  # the command is its own program
        return wait_until(found)

    def held_by(self, recorder):
        """Both parts have been loaded."""
        def both():
            held = bpf_ids_of(recorder)
            return held if sum(kind == "link" for kind, _ in held) >= 4 and not children_of(recorder) else None
        try:
            return wait_until(both, limit=10)
        except AssertionError:
            pytest.skip("bpf cannot be used here")

    @pytest.mark.parametrize("victim", ["recorder", "supervisor", "both"])
    def test_a_recorder_that_is_killed_leaves_no_program_no_map_no_link(self, running, victim):
        recorder = self.recorder_of(running)
        held = self.held_by(recorder)
        assert held <= bpf_ids_there()
        if victim in ("supervisor", "both"):
            running.kill()
        if victim in ("recorder", "both"):
            os.kill(recorder, signal.SIGKILL)
        running.stdin.close()  # the command ends, and with it who records it
        wait_until(lambda: not held & bpf_ids_there())

    def test_a_loader_that_is_killed_leaves_none_either(self, running):
        recorder = self.recorder_of(running)
        loader, held = None, set()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and not held:
            loader = next((pid for pid, name in children_of(recorder).items() if name == "tacho-bpf"), None)
            if loader is None:
                continue
            # Step by step, until it holds something.
            os.kill(loader, signal.SIGSTOP)
            held = bpf_ids_of(loader)
            os.kill(loader, signal.SIGKILL if held else signal.SIGCONT)
        if not held:
            pytest.skip("the loader was not met while it loaded")
        recorded = bpf_ids_of(recorder)
        wait_until(lambda: not (held - recorded - bpf_ids_of(recorder)) & bpf_ids_there())
        running.stdin.close()
        running.wait(timeout=60)
        wait_until(lambda: not (held | recorded) & bpf_ids_there())
