# SPDX-License-Identifier: Apache-2.0
"""What the tests that drive the built programs share.

TACHO names the program (ctest sets it). Every test has a home of its own: recordings go below
`state`, nothing of the person who runs the tests is read or written. Tests that need root or are
rough carry the mark `system`; `make test` leaves them out, `make test-system` runs them.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

# A name that no terminal, spreadsheet or page must take for anything but a name.
HOSTILE = b"=evil\x1b[31m\x07\xff\n\xe2\x80\xae x"

WORK = """
import os, subprocess, time
block = bytearray(64 << 20)
for number in range(5):
    subprocess.run(["true"])
    time.sleep(0.12)
"""

GOLDEN = pathlib.Path(__file__).parents[1] / "recordings/1.0/small.tacho"

LIMIT = 60  # seconds that any one program may take: a hang is a failure, not a wait


def pytest_configure(config):
    config.addinivalue_line("markers", "system: needs root or is rough (make test-system)")


@pytest.fixture(scope="session")
def tacho():
    """The program under test."""
    path = os.environ.get("TACHO") or str(pathlib.Path(__file__).parents[2] / "build" / "tacho")
    assert os.access(path, os.X_OK), f"{path} is not there: build first, or set TACHO"
    return path


@pytest.fixture
def home(tmp_path):
    """The environment of a person who has never used tacho."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TACHO", "XDG_", "LC_")) and name not in {"LANG", "NO_COLOR"}
    }
    for name in ("STATE", "CONFIG", "CACHE", "DATA"):
        environment[f"XDG_{name}_HOME"] = str(tmp_path / name.lower())
    environment["XDG_RUNTIME_DIR"] = str(tmp_path / "runtime")
    (tmp_path / "runtime").mkdir(mode=0o700)
    environment["HOME"] = str(tmp_path)
    environment["LANG"] = "C.UTF-8"
    environment["TZ"] = "UTC"
    return environment


@pytest.fixture
def state(home):
    """Where recordings go when nobody says where."""
    return pathlib.Path(home["XDG_STATE_HOME"]) / "tacho"


@pytest.fixture
def run(tacho, home):
    """run("show", "@last") -> CompletedProcess with bytes; keywords as of subprocess.run."""

    def call(*arguments, **keywords):
        if "input" not in keywords:
            keywords.setdefault("stdin", subprocess.DEVNULL)
        keywords.setdefault("env", home)
        keywords.setdefault("timeout", LIMIT)
        return subprocess.run([tacho, *map(str, arguments)], capture_output=True, **keywords)

    return call


def start_of(recording):
    """When a recording began; one that only just begins is the newest. The folder's own times do not tell:
    it is sealed after `run` has returned."""
    facts = recording / "recording.json"
    return json.loads(facts.read_text())["start_time"] if facts.exists() else float("inf")


@pytest.fixture
def recordings(state):
    """recordings() -> the folders of all recordings made so far, oldest first."""
    return lambda: sorted(state.glob("*.tacho"), key=start_of)


@pytest.fixture(scope="session")
def made(tacho, tmp_path_factory):
    """A recording of some work, sealed, in a folder of its own. Tests do not change it."""
    folder = tmp_path_factory.mktemp("read")
    environment = {**os.environ, "XDG_STATE_HOME": str(folder / "state"), "HOME": str(folder),
                   "XDG_RUNTIME_DIR": str(folder), "TZ": "UTC", "LANG": "C.UTF-8"}
    program = os.fsencode(folder) + b"/" + HOSTILE.replace(b"\n", b"") + b".py"
    with open(program, "w") as file:
        file.write(WORK)
    done = subprocess.run([tacho, "run", "--interval", "100ms", "--output", folder / "build",
                           "--", sys.executable, program, HOSTILE],
                          env=environment, capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    sealed = subprocess.run([tacho, "seal", folder / "build.tacho"], env=environment,
                            capture_output=True, timeout=60)
    assert sealed.returncode == 0, sealed.stderr
    return folder / "build.tacho"


@pytest.fixture
def golden(tmp_path):
    """A copy of the small recording, to be damaged."""
    path = tmp_path / "small.tacho"
    shutil.copytree(GOLDEN, path)
    for folder, _, files in os.walk(path):
        os.chmod(folder, 0o700)
        for file in files:
            os.chmod(os.path.join(folder, file), 0o600)
    return path
