# SPDX-License-Identifier: Apache-2.0
"""tacho record from outside: how it ends, what it makes, marks, rotation, retention, wrong options."""
import json
import os
import pathlib
import signal
import stat
import subprocess
import time

import pyarrow
import pyarrow.parquet
import pytest

IS_ROOT = os.geteuid() == 0
ONLY = ("--only", "memory,cpu")


def wait_until(condition, limit=60):
    deadline = time.monotonic() + limit
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.005)
    return value


def journal_of(path):
    """Read, not mapped: a mapping ends where the file ended when it was opened, commits go on."""
    return pyarrow.ipc.open_stream(path.read_bytes()).read_all()


def rows_of(folder, table, *columns):
    """Rows of sealed and live files, by number."""
    rows = []
    for path in sorted((folder / table).glob("[lp]*-*"), key=lambda path: path.name.split("-")[1]):
        if path.suffix == ".parquet":
            whole = pyarrow.parquet.read_table(path)
        else:
            whole = journal_of(path)
        rows += zip(*(whole.column(name).to_pylist() for name in columns))
    return rows


def event_names(folder):
    return [name for (name,) in rows_of(folder, "event", "name")]


def facts_of(folder):
    return json.loads((folder / "recording.json").read_text())


class Recorder:
    """A recorder that runs in the background; it is ended by its id in any case."""

    def __init__(self, tacho, home, folder, *options, **keywords):
        self.folder = folder
        self.process = subprocess.Popen(
            [tacho, "record", "--interval", "10ms", "--sync", "100ms", *ONLY,
             "--output", str(folder), *options],
            env=home, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            **keywords)

    def __enter__(self):
        wait_until(lambda: self.last_tick() >= 2 or self.process.poll() is not None)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate(timeout=60)

    def last_tick(self):
        live = sorted((self.folder / "system").glob("live-*"))
        if not live:
            return -1
        ticks = journal_of(live[-1]).column("tick")
        return ticks[-1].as_py() if len(ticks) else -1

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        output, errors = self.process.communicate(timeout=60)
        return self.process.returncode, output, errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP],
                         ids=lambda number: number.name)
def test_a_signal_ends_it_whole_and_sealed(run, tacho, home, tmp_path, number):
    with Recorder(tacho, home, tmp_path / "x.tacho") as recorder:
        status, output, errors = recorder.end(number)
    assert (status, output, errors) == (0, f"{tmp_path}/x.tacho\n".encode(), b"")
    assert not list(recorder.folder.glob("*/live-*"))
    assert not list(recorder.folder.rglob(".*")), "nothing is left lying about"
    assert not list(pathlib.Path(home["XDG_RUNTIME_DIR"]).rglob("*.sock"))
    facts = facts_of(recorder.folder)
    assert facts["end_time"] > facts["start_time"]
    ticks = [tick for (tick,) in rows_of(recorder.folder, "system", "tick")]
    assert ticks == sorted(set(ticks)) and len(ticks) >= 3
    assert run("verify", recorder.folder).returncode == 0


def test_it_ends_by_itself_after_its_duration(run, recordings):
    done = run("record", "--interval", "100ms", "--duration", "250ms", "--quiet", *ONLY)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    (recording,) = recordings()
    assert stat.S_IMODE(recording.stat().st_mode) == 0o700
    for path in recording.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    assert sorted(path.name for path in recording.iterdir()) == [
        "cpu", "event", "memory", "recording.json", "self", "system"]


def test_rotation_seals_while_it_records(run, tacho, home, tmp_path):
    with Recorder(tacho, home, tmp_path / "x.tacho", "--rotate", "100ms") as recorder:
        wait_until(lambda: len(list(recorder.folder.glob("memory/part-*"))) >= 2)
        assert run("verify", recorder.folder).returncode == 0, "while it grows"
        status, _, errors = recorder.end()
    assert (status, errors) == (0, b"")
    numbers = [path.name.split("-")[1] for path in sorted(recorder.folder.glob("memory/part-*"))]
    assert numbers == [f"{number:06}" for number in range(1, len(numbers) + 1)]
    system, memory = (rows_of(recorder.folder, table, "tick") for table in ("system", "memory"))
    assert system == memory == sorted(set(system))
    assert "seal.failed" not in event_names(recorder.folder)
    assert run("verify", recorder.folder).returncode == 0


def test_a_sealing_program_that_fails_is_said_and_loses_nothing(run, tacho, home, tmp_path):
    alone = tmp_path / "tacho"
    alone.write_bytes(pathlib.Path(tacho).read_bytes())
    alone.chmod(0o755)
    (tmp_path / "tacho-reader").write_text("#!/bin/sh\nexit 7\n")
    (tmp_path / "tacho-reader").chmod(0o755)
    with Recorder(str(alone), home, tmp_path / "x.tacho", "--rotate", "100ms") as recorder:
        wait_until(lambda: "seal.failed" in event_names(recorder.folder))
        status, _, errors = recorder.end()
    assert status == 0
    assert b"seal.failed" in errors, "what the end met has no tick left to tell it"
    ticks = [tick for (tick,) in rows_of(recorder.folder, "system", "tick")]
    assert ticks == sorted(set(ticks))
    assert run("verify", recorder.folder).returncode == 0


def test_a_mark_goes_to_the_recorder_and_afterwards_into_a_file(run, tacho, home, tmp_path):
    with Recorder(tacho, home, tmp_path / "x.tacho") as recorder:
        assert run("mark", "while it runs").returncode == 0
        assert run("mark", "a phase", "--at", "-1s", "--until", "now").returncode == 0
        wait_until(lambda: len([name for name in event_names(recorder.folder) if name == "mark"]) == 2)
        recorder.end()
    done = run("mark", "nobody is there")
    assert done.returncode == 1 and b"--in RECORDING" in done.stderr
    done = run("mark", "afterwards", "--in", recorder.folder)
    assert (done.returncode, done.stderr) == (0, b"")
    done = run("mark", "too late", "--in", recorder.folder, "--at", "2099-01-01")
    assert done.returncode == 1 and b"the recording goes from" in done.stderr
    assert run("seal", "--quiet", recorder.folder).returncode == 0
    bodies = [body for (body,) in rows_of(recorder.folder, "event", "body")]
    assert [body for body in bodies if body in ("while it runs", "a phase", "afterwards")] == [
        "while it runs", "a phase", "afterwards"]
    assert run("verify", recorder.folder).returncode == 0


def test_retain_keeps_a_series_within_its_bytes(run, recordings):
    for _ in range(3):
        assert run("record", "--duration", "100ms", "--interval", "10ms", "--name", "mine", *ONLY,
                   "--retain", "none").returncode == 0
    assert run("record", "--duration", "20ms", "--name", "other", *ONLY).returncode == 0
    assert len(recordings()) == 4
    newest = recordings()[2]
    done = run("record", "--duration", "100ms", "--interval", "10ms", "--name", "mine", *ONLY,
               "--retain", "7d,1KiB")
    assert done.returncode == 0
    left = {path.name.split("-")[0] for path in recordings()}
    assert left == {"mine", "other"}
    assert not newest.exists() and len(recordings()) == 2
    assert run("verify", done.stdout.decode().strip()).returncode == 0


def test_two_recorders_aiming_at_one_folder(run, tacho, home, tmp_path):
    with Recorder(tacho, home, tmp_path / "x.tacho") as recorder:
        done = run("record", "--duration", "1s", "--output", recorder.folder)
        assert done.returncode == 1
        assert done.stderr == f"tacho record: another tacho is recording into {recorder.folder}\n".encode()
        status, _, errors = recorder.end()
    assert (status, errors) == (0, b"")
    assert run("verify", recorder.folder).returncode == 0


@pytest.mark.parametrize("options, words", [
    (["--only", "memory,nonsense"], ["nonsense", "memory"]),
    (["--without", "nonsense"], ["nonsense", "memory"]),
    (["--set", "nonsense.interval=1s"], ["nonsense"]),
    (["--set", "memory.nonsense=1"], ["nonsense"]),
    (["--set", "memory"], ["table.option=value"]),
    (["--interval", "5ms"], ["10ms"]),
    (["--interval", "soon"], ["--interval", "soon"]),
    (["--duration", "0"], ["--duration"]),
    (["--retain", "7"], ["--retain", "7d,2GiB"]),
    (["--nonsense"], ["--nonsense"]),
    (["make"], ["tacho run -- make"]),
])
def test_a_wrong_option_is_named_and_makes_nothing(run, recordings, tmp_path, options, words):
    done = run("record", "--duration", "10ms", *options)
    assert done.returncode == 2, done
    assert done.stdout == b""
    for word in words:
        assert word in done.stderr.decode(), done.stderr
    assert recordings() == []


def test_a_place_that_others_can_write_is_refused(run, state):
    state.mkdir(parents=True)
    state.chmod(0o777)
    done = run("record", "--duration", "10ms", *ONLY)
    assert done.returncode == 1
    assert b"others can write into" in done.stderr
    assert list(state.iterdir()) == []


# --- with root: small file systems, other users, limits ---------------------------------------

needs_root = [pytest.mark.system,
              pytest.mark.skipif(not IS_ROOT, reason="needs root: mounts, other users, cgroups")]
NOBODY = 65534


class Mount:
    """A small file system of memory at `folder`, taken away in any case."""

    def __init__(self, folder, size):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tacho-test",
                               str(folder)], capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"mount is refused here: {done.stderr.strip()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        wait_until(lambda: subprocess.run(["umount", str(self.folder)], capture_output=True)
                   .returncode == 0)


def fill(path):
    with open(path, "wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError:
            pass


def ticks_without_missed(folder):
    """All ticks of `system`, and those that `tick.missed` speaks for."""
    ticks = [tick for (tick,) in rows_of(folder, "system", "tick")]
    missed = sum(count for name, count in rows_of(folder, "event", "name", "count")
                 if name == "tick.missed")
    return ticks, missed


class TestSmallFileSystems:
    """A disk that becomes read-only is in test_faults.py: the kernel remounts none so that is busy."""

    pytestmark = needs_root

    @pytest.mark.parametrize("size", ["3m", "6m"])
    def test_it_goes_on_in_memory_while_the_disk_is_full(self, run, tacho, home, tmp_path, size):
        with Mount(tmp_path / "small", size) as mount:
            with Recorder(tacho, home, mount.folder / "x.tacho") as recorder:
                folder = recorder.folder
                # Again and again: its reserve is what it gives up first.
                filler = [mount.folder / f"filler-{number}" for number in range(20)]

                def is_full():
                    fill(next(path for path in filler if not path.exists()))
                    time.sleep(0.3)
                    return not (folder / ".reserve").exists() and stands_still()

                def stands_still():
                    before = recorder.last_tick()
                    time.sleep(0.3)
                    return recorder.last_tick() == before

                wait_until(is_full)
                stopped_at = recorder.last_tick()
                for path in filler:
                    path.unlink(missing_ok=True)
                wait_until(lambda: recorder.last_tick() > stopped_at + 5)
                status, _, errors = recorder.end()
            assert (status, errors) == (0, b"")
            names = event_names(folder)
            assert "disk.full" in names and "write.resumed" in names, names
            ticks, missed = ticks_without_missed(folder)
            assert ticks == sorted(set(ticks))
            assert len(ticks) + missed == ticks[-1] + 1, "a tick is lost"
            assert run("verify", folder).returncode == 0

    def test_it_ends_and_says_so_when_the_disk_stays_full(self, run, tacho, home, tmp_path):
        with Mount(tmp_path / "small", "3m") as mount:
            with Recorder(tacho, home, mount.folder / "x.tacho") as recorder:
                folder = recorder.folder
                for number in range(8):
                    fill(mount.folder / f"filler-{number}")
                    time.sleep(0.4)
                status, _, errors = recorder.end()
            assert status == 1
            assert b"rows could not be written and are lost" in errors
            ticks = [tick for (tick,) in rows_of(folder, "system", "tick")]
            assert ticks == sorted(set(ticks)) and len(ticks) >= 3
            assert run("verify", folder).returncode == 0


class TestUsers:
    pytestmark = needs_root

    @pytest.fixture
    def open_way(self, tmp_path):
        # pytest's folders are 0700 of root: the way to ours is opened for looking through.
        for folder in [tmp_path, *tmp_path.parents]:
            if folder == pathlib.Path("/tmp"):
                break
            folder.chmod(folder.stat().st_mode | 0o011)

    def test_under_sudo_everything_belongs_to_the_caller(self, run, home, tmp_path, open_way):
        place = tmp_path / "theirs"
        place.mkdir(mode=0o700)
        os.chown(place, NOBODY, NOBODY)
        done = run("record", "--duration", "300ms", "--interval", "10ms", "--rotate", "100ms", "--sync",
                   "50ms", *ONLY, "--output", place / "x.tacho",
                   env=home | {"SUDO_UID": str(NOBODY), "SUDO_GID": str(NOBODY)})
        assert done.returncode == 0, done.stderr
        assert list(place.glob("x.tacho/memory/part-*"))
        for path in [place / "x.tacho", *(place / "x.tacho").rglob("*")]:
            assert (path.stat().st_uid, path.stat().st_gid) == (NOBODY, NOBODY), path
        assert run("verify", place / "x.tacho").returncode == 0

    def test_under_sudo_the_caller_cannot_make_root_write_where_they_could_not(
            self, run, home, tmp_path, open_way):
        roots = tmp_path / "roots"
        roots.mkdir(mode=0o700)
        done = run("record", "--duration", "50ms", *ONLY, "--output", roots / "x.tacho",
                   env=home | {"SUDO_UID": str(NOBODY), "SUDO_GID": str(NOBODY)})
        assert done.returncode == 1, done
        assert list(roots.iterdir()) == []

    def test_as_an_ordinary_user_it_is_whole_and_says_what_it_could_not_see(
            self, run, home, tmp_path, open_way):
        place = tmp_path / "theirs"
        place.mkdir(mode=0o700)
        os.chown(place, NOBODY, NOBODY)
        done = run("record", "--duration", "1200ms", "--interval", "100ms",
                   "--output", place / "x.tacho", user=NOBODY, group=NOBODY, extra_groups=[],
                   env=home | {"XDG_RUNTIME_DIR": str(place), "XDG_STATE_HOME": str(place),
                               "HOME": str(place)})
        assert done.returncode == 0, done.stderr
        assert run("verify", place / "x.tacho").returncode == 0
        assert rows_of(place / "x.tacho", "process", "pid")
        notes = facts_of(place / "x.tacho")["coverage"]
        assert any(note["kind"] in ("denied", "limited") and note["table"] == "process"
                   for note in notes), notes


class TestLimits:
    pytestmark = needs_root

    @pytest.fixture
    def pids(self):
        """A control group of the pids controller, version 1 or 2."""
        name = f"tacho-test-{os.getpid()}"
        for parent in (pathlib.Path("/sys/fs/cgroup/pids"), pathlib.Path("/sys/fs/cgroup")):
            group = parent / name
            try:
                group.mkdir()
            except OSError:
                continue
            if (group / "pids.max").exists():
                break
            group.rmdir()
        else:
            pytest.skip("no pids controller can be used here")
        yield group
        wait_until(lambda: not (group / "cgroup.procs").read_text().strip())
        group.rmdir()

    def test_without_a_process_left_it_records_on_and_says_that_nothing_is_sealed(
            self, run, tacho, home, tmp_path, pids):
        with Recorder(tacho, home, tmp_path / "x.tacho", "--rotate", "200ms") as recorder:
            (pids / "cgroup.procs").write_text(str(recorder.process.pid))
            (pids / "pids.max").write_text("1")
            wait_until(lambda: any(
                name == "seal.failed" and "cannot start the sealing process" in body
                for name, body in rows_of(recorder.folder, "event", "name", "body")))
            reached = recorder.last_tick()
            wait_until(lambda: recorder.last_tick() > reached + 10)
            (pids / "pids.max").write_text("max")
            status, _, errors = recorder.end()
        assert (status, errors) == (0, b"")
        ticks, missed = ticks_without_missed(recorder.folder)
        assert len(ticks) + missed == ticks[-1] + 1
        assert not list(recorder.folder.glob("*/live-*")), "at the end all is sealed"
        assert run("verify", recorder.folder).returncode == 0
