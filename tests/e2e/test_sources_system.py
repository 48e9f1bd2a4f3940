# SPDX-License-Identifier: Apache-2.0
"""Where a source of processes is refused, the next one serves, and the recording says why."""
import os
import pathlib
import subprocess
import sys

import pytest

from recorder import NOBODY, facts_of, inside, needs_root, open_way_to, pids_group, table_of

pytestmark = needs_root

WITHOUT_BPF = pathlib.Path(__file__).with_name("without_bpf.py")
# It lives for some ticks, so that a source has time to load; then twenty processes do not.
WORK = "sleep 1; i=0; while [ $i -lt 20 ]; do (exit 5); i=$((i+1)); done; sleep 0.5; exit 7"


def unshared(*options, then):
    """A command in namespaces of its own; `then` is a shell's text that ends in `exec \"$@\"`."""
    return ["unshare", *options, "sh", "-c", then, "sh"]


def in_own_mounts(then):
    return unshared("--mount", "--propagation", "private", then=then + ' && exec "$@"')


@pytest.fixture
def record(tacho, home, tmp_path):
    """record(before) runs WORK in a recording of tacho that is started by `before`."""

    def call(before, *options, work=WORK, status=7, **keywords):
        done = subprocess.run([*map(str, before), tacho, "run", "--quiet", "--interval", "50ms",
                               "--output", tmp_path / "x", *options, "--", "sh", "-c", work],
                              env=home, capture_output=True, timeout=60, stdin=subprocess.DEVNULL,
                              **keywords)
        if done.returncode != status and not (tmp_path / "x.tacho").exists():
            pytest.skip(f"not to be had here: {done.stderr.decode()}")
        assert (done.returncode, done.stderr) == (status, b"")
        verified = subprocess.run([tacho, "verify", tmp_path / "x.tacho"], env=home,
                                  capture_output=True, timeout=60)
        assert verified.returncode == 0, verified.stderr
        return tmp_path / "x.tacho"

    return call


def refusals_of(recording):
    """{source: why}; the coverage statement says the same."""
    events = [row["body"].split(": ", 1) for row in table_of(recording, "event")
              if row["name"] == "process.source.refused"]
    refused = dict(events)
    noted = {note["what"].removeprefix("processes from "): note["why"]
             for note in facts_of(recording)["coverage"]}
    assert refused.items() <= noted.items()
    return refused


def ends_with_5(recording):
    return [row for row in table_of(recording, "process_exit") if row["exit_code"] == 5]


def test_a_profile_that_forbids_bpf_leaves_taskstats(record):
    recording = record([sys.executable, WITHOUT_BPF])
    refused = refusals_of(recording)
    assert list(refused) == ["bpf"] and "Operation not permitted" in refused["bpf"]
    facts = facts_of(recording)
    assert facts["process_source"] == "taskstats"
    assert facts["processes_missed"] == {"count": 0}
    ends = ends_with_5(recording)
    assert len(ends) == 20
    assert {end["source"] for end in ends} == {"taskstats"}
    assert all(end["cpu_time_user"] is not None for end in ends)


@pytest.mark.parametrize("hide, says", [
    ("mount -t tmpfs none /sys/kernel/btf", "hidden here"),
    ("mount -t tmpfs none /sys/kernel", "hidden here"),
    ("mount -t tmpfs none /sys", "mount -t sysfs sysfs /sys"),
], ids=["btf hidden", "kernel hidden", "no sysfs"])
def test_type_information_that_is_not_there_is_said_with_what_to_do(record, hide, says):
    recording = record(in_own_mounts(hide))
    refused = refusals_of(recording)
    assert says in refused["bpf"], refused
    assert facts_of(recording)["process_source"] == "taskstats"
    assert len(ends_with_5(recording)) == 20


def test_an_ordinary_user_is_told_which_right_is_missing(record, tmp_path):
    open_way_to(tmp_path)
    os.chown(tmp_path, NOBODY, NOBODY)
    os.chown(tmp_path / "runtime", NOBODY, NOBODY)
    recording = record([], user=NOBODY, group=NOBODY, extra_groups=[])
    refused = refusals_of(recording)
    assert "CAP_BPF and CAP_PERFMON" in refused["bpf"]
    assert "taskstats" in refused
    facts = facts_of(recording)
    if "connector" in refused:  # before Linux 6.6
        assert facts["process_source"] == "proc"
        assert facts["processes_missed"]["count"] == "unknown"
    else:
        assert facts["process_source"] == "connector"
        assert len(ends_with_5(recording)) == 20


def test_in_a_new_pid_namespace_bpf_speaks_of_its_pids(record):
    recording = record(["unshare", "--pid", "--fork", "--mount-proc"])
    facts = facts_of(recording)
    if facts["process_source"] != "bpf":
        pytest.skip(f"bpf cannot be used here: {refusals_of(recording)}")
    ends = ends_with_5(recording)
    assert len(ends) == 20 and {end["source"] for end in ends} == {"bpf"}
    assert max(row["pid"] for row in table_of(recording, "process_info")) < 1000
    # Nobody of outside is in it.
    pids = {row["pid"] for row in table_of(recording, "process")}
    assert 1 in pids and os.getpid() not in pids


@pytest.mark.parametrize("source", ["taskstats", "connector"])
def test_in_a_new_pid_namespace_sources_of_the_whole_machine_refuse(record, source):
    recording = record(["unshare", "--pid", "--fork", "--mount-proc"], f"--processes={source}")
    assert "namespace" in refusals_of(recording)[source]
    facts = facts_of(recording)
    assert facts["process_source"] == "proc"
    assert facts["processes_missed"]["count"] == "unknown"
    assert "every tick" in facts["processes_missed"]["why"]


def test_where_proc_hides_others_their_lives_are_told_and_the_rest_is_said(record, tmp_path):
    open_way_to(tmp_path)
    os.chown(tmp_path, NOBODY, NOBODY)
    os.chown(tmp_path / "runtime", NOBODY, NOBODY)
    # A new instance of proc: the option is of it alone.
    hide = in_own_mounts("mount -t proc -o hidepid=invisible proc /proc")
    as_nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    recording = record([*hide, *as_nobody])
    notes = [note for note in facts_of(recording)["coverage"] if "hidepid" in note["why"]]
    assert [note["what"] for note in notes] == ["processes of other users"]
    info = {row["process"]: row for row in table_of(recording, "process_info")}
    seen = {row["process"] for row in table_of(recording, "process")}
    assert seen and all(info[number]["user_id"] == NOBODY for number in seen)
    if facts_of(recording)["process_source"] == "connector":
        assert len(ends_with_5(recording)) == 20


class TestFewTasks:
    @pytest.fixture
    def pids(self):
        with pids_group() as group:
            yield group

    @pytest.mark.parametrize("most", range(2, 14))
    def test_with_so_many_tasks_the_command_runs_or_the_refusal_says_why(self, run, tacho, home, tmp_path,
                                                                         pids, most):
        """From too few for the command to as many as a recorder takes, one by one."""
        (pids / "pids.max").write_text(str(most))
        done = subprocess.run([*inside(pids), tacho, "run", "--quiet", "--interval", "50ms",
                               "--output", tmp_path / "x", "--", "sleep", "0.3"],
                              env=home, capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            assert b"Resource temporarily unavailable" in done.stderr, done
        elif not (tmp_path / "x.tacho").exists():
            assert done.stderr, "unrecorded, and not a word of it"
        else:
            assert run("verify", tmp_path / "x.tacho").returncode == 0
            if facts_of(tmp_path / "x.tacho")["process_source"] == "proc":
                assert refusals_of(tmp_path / "x.tacho")


def test_a_recording_says_of_how_many_it_does_not_know_the_last_moments(record):
    # A zombie for 1.4 s: what it used at its end is complete when it is waited for.
    recording = record([], "--processes=bpf", work=f"exec {sys.executable} -c '"
                       "import os, time; pid = os.fork(); os._exit(5) if pid == 0 else time.sleep(1.6); "
                       "os.waitpid(pid, 0); os._exit(7)'")
    assert len(ends_with_5(recording)) == 1
    said = [note["what"] for note in facts_of(recording)["coverage"] if note["table"] == "process_exit"]
    assert any(what.startswith("the last moments of ") and what.endswith(" that ended") for what in said), said
