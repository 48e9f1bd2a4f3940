# SPDX-License-Identifier: Apache-2.0
"""tacho record where root is needed: small file systems, other users, limits."""
import os
import pathlib
import subprocess
import sys
import time

import pytest

from recorder import (NOBODY, ONLY, Recorder, event_names, facts_of, needs_root, open_way_to, pids_group,
                      rows_of, wait_until)


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


def test_a_server_that_is_gone_has_a_row_without_figures_and_stops_nothing(run, tacho, home, tmp_path):
    done = subprocess.run(["unshare", "--mount", "--propagation", "private", sys.executable,
                           pathlib.Path(__file__).with_name("dead_mount.py"), tmp_path / "net", tacho,
                           "record", "--duration", "3s", "--interval", "50ms", "--only",
                           "filesystem,memory", "--output", tmp_path / "x"],
                          env=home, capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    if done.stderr.startswith(b"mount:"):
        pytest.skip(done.stderr.decode())
    assert (done.returncode, done.stderr) == (0, b"")
    folder = tmp_path / "x.tacho"
    ticks, missed = ticks_without_missed(folder)
    assert len(ticks) + missed == ticks[-1] + 1
    memory = [tick for (tick,) in rows_of(folder, "memory", "tick")]
    assert memory == ticks, "who waits for it is not the clock"
    figures = dict(rows_of(folder, "filesystem", "mountpoint", "limit"))
    assert figures.pop(str(tmp_path / "net")) is None
    assert any(limit for limit in figures.values()), "the others go on"
    notes = [note for note in facts_of(folder)["coverage"] if note["table"] == "filesystem"]
    assert [note["why"] for note in notes] == ["they did not answer"]
    assert run("verify", folder).returncode == 0


class TestUsers:
    pytestmark = needs_root

    @pytest.fixture
    def open_way(self, tmp_path):
        open_way_to(tmp_path)

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
        with pids_group() as group:
            yield group

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
