# SPDX-License-Identifier: Apache-2.0
"""What the tests that record share: a recorder in the background, and what it has written so far."""
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import time

import pyarrow
import pyarrow.parquet
import pytest

ONLY = ("--only", "memory,cpu")
NOBODY = 65534
IS_ROOT = os.geteuid() == 0
needs_root = [pytest.mark.system,
              pytest.mark.skipif(not IS_ROOT, reason="needs root: mounts, other users, cgroups")]


def wait_until(condition, limit=60):
    deadline = time.monotonic() + limit
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.005)
    return value


def journal_of(path):
    """Read, not mapped: a mapping ends where the file ended when it was opened, commits go on."""
    return pyarrow.ipc.open_stream(path.read_bytes()).read_all()


def files_of(folder, table):
    """Sealed and live files as Arrow tables, by number."""
    for path in sorted((folder / table).glob("[lp]*-*"), key=lambda path: path.name.split("-")[1]):
        yield pyarrow.parquet.read_table(path) if path.suffix == ".parquet" else journal_of(path)


def rows_of(folder, table, *columns):
    """Rows as tuples of these columns."""
    return [row for whole in files_of(folder, table)
            for row in zip(*(whole.column(name).to_pylist() for name in columns))]


def table_of(folder, table):
    """Rows as dicts."""
    return [row for whole in files_of(folder, table) for row in whole.to_pylist()]


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


def open_way_to(folder):
    """pytest's folders are 0700 of root: the way to ours is opened for looking through."""
    for above in [folder, *folder.parents]:
        if above == pathlib.Path("/tmp"):
            break
        above.chmod(above.stat().st_mode | 0o011)


@contextlib.contextmanager
def pids_group():
    """A control group of the pids controller, version 1 or 2; taken away when its last task has gone."""
    for parent in (pathlib.Path("/sys/fs/cgroup/pids"), pathlib.Path("/sys/fs/cgroup")):
        group = parent / f"tacho-test-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        if (group / "pids.max").exists():
            break
        group.rmdir()
    else:
        pytest.skip("no pids controller can be used here")
    try:
        yield group
    finally:
        wait_until(lambda: not (group / "cgroup.procs").read_text().strip())
        group.rmdir()


def inside(group):
    """What starts a command in the control group."""
    return ["sh", "-c", f"echo $$ > {group}/cgroup.procs && exec \"$@\"", "sh"]
