# SPDX-License-Identifier: Apache-2.0
"""tacho by the name of the system tracer: its commands and flags. Promises S1-049 to
S1-056, S1-069 and S1-081."""

import datetime
import json
import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from wide_file import LIMIT, rows_of, wait_for, wide_columns  # noqa: E402


@pytest.fixture
def tracer(tacho, home, tmp_path):
    """tracer("run", ...) -> CompletedProcess: tacho by that name, in a folder of its own."""
    link = tmp_path / "bin" / "system_tracer"
    link.parent.mkdir()
    link.symlink_to(tacho)

    def call(*arguments, **keywords):
        return subprocess.run(
            [link, *map(str, arguments)],
            capture_output=True,
            env=home,
            cwd=tmp_path,
            timeout=LIMIT,
            stdin=subprocess.DEVNULL,
            **keywords,
        )

    call.path = link
    return call


def test_snapshot_is_one_json_object_of_the_same_columns(run, tracer):
    done = run("snapshot", "--wide")
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout)
    assert list(row) == wide_columns()
    assert 0 <= row["cpu_0_utilization"] <= 100 and row["net_bytes_sent_per_sec"] >= 0
    local = datetime.datetime.fromisoformat(row["timestamp"])
    assert local.tzinfo is None
    done = tracer("snapshot", "--no-gpu", "--no-docker", "--utc")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["timestamp"].endswith("+00:00")


def test_system_tracer_takes_its_documented_flags(tracer, tmp_path):
    done = tracer(
        "run",
        "--output",
        "x.parquet",
        "--sample-interval",
        "0.2",
        "--write-interval",
        "0.5",
        "--duration",
        "1",
        "--no-gpu",
        "--no-docker",
        "--utc",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == b"x.parquet\n"
    assert 5 <= len(rows_of(tmp_path / "x.parquet")) <= 7
    quiet = tracer("run", "--quiet", "--duration", "0.1")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, b"", b"")
    assert len(rows_of(tmp_path / "system_monitor.parquet")) == 2


def test_system_tracer_keeps_its_name_in_the_process_list(tracer, home, tmp_path):
    process = subprocess.Popen(
        [tracer.path, "run", "--output", "x.csv"],
        env=home,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for((tmp_path / "x.csv").exists)
        assert pathlib.Path(f"/proc/{process.pid}/comm").read_text() == "system_tracer\n"
    finally:
        process.terminate()
        assert process.wait(LIMIT) == 0


def test_proctree_prints_the_tree_below_a_pid(tracer):
    done = tracer("proctree", os.getpid())
    assert done.returncode == 0, done.stderr
    tree = json.loads(done.stdout)
    assert tree["root_pid"] == os.getpid() and tree["verbose"] is False
    names = {process["pid"]: process for process in tree["processes"]}
    assert set(names[os.getpid()]) == {"pid", "ppid", "name", "threads"}
    assert tree["totals"]["total_processes"] == len(names)
    assert sum(entry["processes"] for entry in tree["aggregated_by_command"]) == len(names)
    verbose = json.loads(tracer("proctree", os.getpid(), "--verbose").stdout)
    assert verbose["verbose"] is True and "user" in verbose["processes"][0]
    gone = tracer("proctree", 2**22 + 1)
    assert gone.returncode == 1 and b"there is no process" in gone.stderr


@pytest.mark.parametrize(
    "arguments, says",
    [
        ((), b"run, snapshot or proctree"),
        (("record",), b"there is no command 'record'"),
        (("run", "--output", "x.txt"), b"ends in .parquet or .csv"),
        (("run", "--sample-interval", "0"), b"must be more than 0"),
        (("run", "--sample-interval", "x"), b"sample-interval"),
        (("run", "--what"), b"there is no option '--what'"),
        (("proctree",), b"takes one PID"),
        (("proctree", "init"), b"takes one PID"),
    ],
)
def test_wrong_usage_of_system_tracer_is_told(arguments, says, tracer):
    done = tracer(*arguments)
    assert done.returncode == 2
    assert says in done.stderr
