# SPDX-License-Identifier: Apache-2.0
"""tacho run when recording goes wrong: the command must not notice."""
import os
import pathlib
import signal
import subprocess
import time

import pyarrow
import pytest

IS_ROOT = os.geteuid() == 0
NOBODY = 65534
COMMAND = ["sh", "-c", "cat; echo ran; exit 3"]


def wait_until(condition, limit=30):
    deadline = time.monotonic() + limit
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.002)
    return value


def processes_of(parent):
    """{pid: (process group, state)} of the children of a process."""
    found = {}
    for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == parent:
            found[int(entry.parent.name)] = (int(fields[2]), fields[0])
    return found


def recorder_of(tacho_pid):
    """The one child with a group of its own."""
    return wait_until(lambda: next((pid for pid, (group, _) in processes_of(tacho_pid).items()
                                    if group == pid), None))


def start(tacho, home, *options):
    """Runs a command that says that it is there and waits for a line."""
    return subprocess.Popen([tacho, "run", *options, "--", "sh", "-c", "echo ready; cat; exit 9"],
                            env=home, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)


def assert_unimpressed(process, begun=b""):
    output, errors = process.communicate(b"text\n", timeout=60)
    assert begun + output == b"ready\ntext\n"
    assert process.returncode == 9
    return errors


def rows_of(files):
    """Of live files, each of which a stock reader has to take whole."""
    rows = 0
    for file in files:
        with pyarrow.memory_map(str(file)) as source:
            rows += pyarrow.ipc.open_stream(source).read_all().num_rows
    return rows


def wait_for_the_first_tick(recordings):
    wait_until(lambda: recordings() and rows_of(recordings()[0].glob("system/live-*.arrows")) > 0)


def assert_readable(recording):
    files = list(recording.glob("*/live-*.arrows"))
    assert files
    assert rows_of(files) > 0


def test_the_recorder_is_killed_at_the_start(tacho, home):
    process = start(tacho, home)
    os.kill(recorder_of(process.pid), signal.SIGKILL)
    errors = assert_unimpressed(process)
    assert b"tacho: the recorder was ended by signal 9 (Killed)" in errors


def test_the_recorder_is_killed_in_the_middle(tacho, home, recordings):
    process = start(tacho, home, "--interval", "10ms")
    begun = process.stdout.readline()
    recorder = recorder_of(process.pid)
    wait_for_the_first_tick(recordings)
    os.kill(recorder, signal.SIGKILL)
    wait_until(lambda: recorder not in processes_of(process.pid))
    errors = assert_unimpressed(process, begun)
    assert b"tacho: the recorder was ended by signal 9 (Killed)" in errors
    assert_readable(recordings()[0])


def test_the_recorder_is_killed_at_the_end(tacho, home, recordings):
    process = start(tacho, home)
    begun = process.stdout.readline()
    recorder = recorder_of(process.pid)
    wait_for_the_first_tick(recordings)
    # It is held, so that the command ends before it; then tacho waits for a receipt.
    os.kill(recorder, signal.SIGSTOP)
    process.stdin.write(b"text\n")
    process.stdin.close()
    wait_until(lambda: list(processes_of(process.pid)) == [recorder])
    os.kill(recorder, signal.SIGKILL)
    process.wait(timeout=60)
    assert begun + process.stdout.read() == b"ready\ntext\n"
    assert process.returncode == 9
    assert b"tacho: the recorder was ended by signal 9 (Killed)" in process.stderr.read()
    assert_readable(recordings()[0])
    process.stdout.close()
    process.stderr.close()


def test_a_recorder_that_hangs_is_left_behind(tacho, home):
    process = start(tacho, home)
    begun = process.stdout.readline()
    recorder = recorder_of(process.pid)
    os.kill(recorder, signal.SIGSTOP)
    try:
        # communicate() also waits for the ends of the pipes, which the recorder must not hold.
        errors = assert_unimpressed(process, begun)
    finally:
        os.kill(recorder, signal.SIGKILL)
    assert b"tacho: the recorder did not answer within 5 s" in errors


def test_the_supervisor_is_killed_and_the_recording_ends_in_good_order(tacho, home, recordings):
    process = start(tacho, home)
    process.stdout.readline()
    recorder = recorder_of(process.pid)
    process.kill()
    process.wait(timeout=60)
    assert pathlib.Path(f"/proc/{recorder}").exists()
    process.stdin.close()  # the command ends, and the recorder with it
    wait_until(lambda: not pathlib.Path(f"/proc/{recorder}").exists())
    assert process.stdout.read() == b""
    assert '"end_time"' in (recordings()[0] / "recording.json").read_text()
    process.stdout.close()
    process.stderr.close()


def assert_runs_unrecorded(run, *options, **keywords):
    done = run("run", *options, "--", *COMMAND, input=b"text\n", **keywords)
    assert done.stdout == b"text\nran\n"
    assert done.returncode == 3
    assert done.stderr.startswith(b"tacho: not recording: "), done.stderr
    return done


def test_a_place_that_is_a_planted_link_is_not_followed(run, state, tmp_path):
    (tmp_path / "target").mkdir()
    state.parent.mkdir(parents=True)
    state.symlink_to(tmp_path / "target")
    assert_runs_unrecorded(run)
    assert list((tmp_path / "target").iterdir()) == []


def test_a_place_below_a_file_is_said(run, tmp_path):
    (tmp_path / "file").write_text("")
    assert_runs_unrecorded(run, "--output", tmp_path / "file" / "below")


def test_a_folder_that_is_not_empty_is_not_touched(run, tmp_path):
    folder = tmp_path / "x.tacho"
    folder.mkdir(mode=0o700)
    (folder / "something").write_text("old")
    assert_runs_unrecorded(run, "--output", folder)
    assert [path.name for path in folder.iterdir()] == ["something"]


@pytest.mark.skipif(IS_ROOT, reason="root may write everywhere; test-system mounts one read-only")
def test_a_place_without_the_right_to_write_is_said(run, state):
    state.mkdir(parents=True)
    state.chmod(0o500)
    assert_runs_unrecorded(run)


# --- with root: mounts and other users --------------------------------------------------------

needs_root = [pytest.mark.system,
              pytest.mark.skipif(not IS_ROOT, reason="needs root: mounts and other users")]


class Mount:
    """A small file system of memory at `folder`, taken away in any case."""

    def __init__(self, folder, options):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tacho-test", str(folder)],
                              capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"mount is refused here: {done.stderr.strip()}")

    def __enter__(self):
        return self.folder

    def __exit__(self, *_):
        # A recorder that still finishes holds it for a moment.
        wait_until(lambda: subprocess.run(["umount", str(self.folder)], capture_output=True)
                   .returncode == 0)


def fill(folder):
    with open(folder / "filler", "wb", buffering=0) as file:
        try:
            while file.write(b"x" * 65536):
                pass
        except OSError:
            pass


class TestWithMounts:
    pytestmark = needs_root

    def test_a_full_place(self, run, state):
        with Mount(state.parent, "size=64k"):
            state.mkdir(mode=0o700)
            fill(state.parent)
            done = run("run", "--", *COMMAND, input=b"text\n")
            assert (done.returncode, done.stdout) == (3, b"text\nran\n")
            assert b"tacho: " in done.stderr

    def test_a_place_that_gets_full_in_the_middle(self, run, state, recordings):
        with Mount(state.parent, "size=16m"):
            script = (f"dd if=/dev/zero of={state.parent}/filler bs=64k 2>/dev/null;"
                      f"sleep 0.5; rm {state.parent}/filler; echo ran; exit 3")
            done = run("run", "--interval", "10ms", "--", "sh", "-c", script)
            assert (done.returncode, done.stdout) == (3, b"ran\n")
            assert b"recording: " in done.stderr
            assert_readable(recordings()[0])

    def test_a_read_only_place(self, run, state):
        with Mount(state.parent, "size=64k") as folder:
            subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
            assert_runs_unrecorded(run)


class TestAsAnotherUser:
    pytestmark = needs_root

    @pytest.fixture
    def as_nobody(self, run, tmp_path):
        # pytest's folders are 0700 of root: the way to ours is opened for looking through.
        for folder in [tmp_path, *tmp_path.parents]:
            if folder == pathlib.Path("/tmp"):
                break
            folder.chmod(folder.stat().st_mode | 0o011)
        return lambda *arguments, **keywords: run(*arguments, user=NOBODY, group=NOBODY,
                                                  extra_groups=[], **keywords)

    def test_a_place_that_is_not_ours(self, as_nobody, state):
        state.mkdir(parents=True, mode=0o755)
        assert_runs_unrecorded(as_nobody)
        assert list(state.iterdir()) == []

    def test_a_place_of_its_own_is_recorded_into(self, as_nobody, state, recordings):
        state.parent.mkdir(parents=True, mode=0o755)
        os.chown(state.parent, NOBODY, NOBODY)
        done = as_nobody("run", "--", *COMMAND, input=b"text\n")
        assert (done.returncode, done.stdout) == (3, b"text\nran\n")
        assert b"recording: " in done.stderr
        assert recordings()[0].stat().st_mode & 0o777 == 0o700


@pytest.mark.system
@pytest.mark.skipif(not IS_ROOT, reason="needs root: a PID namespace")
def test_as_process_1_of_a_container_the_status_says_the_signal(tacho, home):
    """The kernel lets no signal end process 1, not even by itself."""
    done = subprocess.run(["unshare", "--pid", "--fork", tacho, "run", "--quiet", "--", "sh", "-c",
                           "kill -KILL $$"], env=home, capture_output=True, timeout=60)
    assert done.returncode == 128 + signal.SIGKILL, done.stderr
