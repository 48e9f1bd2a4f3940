# SPDX-License-Identifier: Apache-2.0
"""Every call of the recorder that changes something on the disk fails, one after the other, once
and from there on: no crash, nothing that was committed is lost, and what is lost is said."""
import errno
import json
import pathlib
import subprocess

import pyarrow
import pytest

ROOT = pathlib.Path(__file__).parents[1] / "fixtures" / "debian-vm"
TABLES = ("system", "memory", "self")
MOST_CALLS = 2000  # a run makes about 150; more would be a loop that does not end
TICKS = {0, 1, 2, 3}


@pytest.fixture
def build(tacho):
    folder = pathlib.Path(tacho).resolve().parent
    assert (folder / "libtacho_faults.so").exists(), "build first"
    return folder


def record(build, home, folder, number=0, times=0, error=errno.ENOSPC):
    """(the finished process, calls that were counted, the call that failed)"""
    report = folder.parent / "report"
    report.unlink(missing_ok=True)
    environment = home | {
        "LD_PRELOAD": str(build / "libtacho_faults.so"), "TACHO_FAULT_FOLDER": str(folder),
        "TACHO_FAULT_AT": str(number), "TACHO_FAULT_TIMES": str(times),
        "TACHO_FAULT_ERROR": str(error), "TACHO_FAULT_REPORT": str(report)}
    done = subprocess.run([build / "tacho_three_ticks", folder, ROOT], env=environment, timeout=60,
                          capture_output=True, text=True)
    calls, failed = report.read_text().splitlines()
    return done, int(calls), failed


def read(folder, table, columns=("tick",)):
    rows = []
    for path in sorted((folder / table).glob("live-*")):
        with pyarrow.memory_map(str(path)) as source:
            whole = pyarrow.ipc.open_stream(source).read_all()
        rows += zip(*(whole.column(name).to_pylist() for name in columns))
    return rows


def check(folder, done, failed, is_lasting):
    said = f"{failed}: exit {done.returncode}, {done.stdout}{done.stderr}"
    assert done.returncode in (0, 1), said
    if done.stdout == "":
        assert done.returncode == 1 and done.stderr.startswith("cannot "), said
        assert not list(folder.glob("*/live-*")), "it refused, and recorded all the same: " + said
        return
    lost, missing = int(done.stdout), 0
    assert (lost > 0) == (done.returncode == 1), said
    json.loads((folder / "recording.json").read_text())
    for table in TABLES:
        ticks = [tick for (tick,) in read(folder, table)]
        if table == "self":  # a row for each component
            ticks = sorted(set(ticks))
        assert ticks == sorted(set(ticks)), f"{table} has {ticks}: " + said
        assert set(ticks) <= TICKS, said
        # What is lost is the newest: nothing committed goes, nothing is passed over.
        assert set(ticks) == set(range(len(ticks))), f"{table} has {ticks}: " + said
        missing += len(TICKS) - len(ticks)
    assert lost >= missing, said
    if not is_lasting:
        assert lost == 0, "it works again, and all the same rows are lost: " + said
    names = {name for (name,) in read(folder, "event", ("name",))}
    is_told = bool(names & {"disk.full", "write.failed"}) or lost > 0 or "disk.full" in done.stderr \
        or "write.failed" in done.stderr
    # The reserve is a precaution: without it recording goes on as well.
    assert is_told or ".reserve" in failed, said


def run_through(build, home, tmp_path, error, times):
    number, places = 0, ""
    while True:
        number += 1
        assert number < MOST_CALLS
        folder = tmp_path / f"{number}.tacho"
        done, calls, failed = record(build, home, folder, number, times, error)
        if failed == "":
            assert number > calls > 50, "the calls were not seen"
            assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr
            assert "live-000002" in places and ".reserve" in places and "fdatasync" in places
            return
        places += failed + "\n"
        check(folder, done, failed, is_lasting=times == 0)


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EROFS],
                         ids=lambda number: errno.errorcode[number])
@pytest.mark.parametrize("times", [1, 0], ids=["once", "for_ever"])
def test_every_call_fails(build, home, tmp_path, error, times):
    run_through(build, home, tmp_path, error, times)


def test_every_write_is_short(build, home, tmp_path):
    whole, calls, _ = record(build, home, tmp_path / "whole.tacho")
    assert whole.returncode == 0, whole.stderr
    for number in range(1, calls + 1):
        folder = tmp_path / f"{number}.tacho"
        done, _, failed = record(build, home, folder, number, 1, "short")
        assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", ""), failed
        for table in TABLES:
            assert {tick for (tick,) in read(folder, table)} == TICKS, failed
