# SPDX-License-Identifier: Apache-2.0
"""tacho.conf: what stands in it holds, the command line is stronger, and what is wrong says where."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from conftest import LIMIT, start_of


@pytest.fixture
def configured(tacho, home):
    """Runs a command of tacho with a text as the user's tacho.conf."""
    folder = pathlib.Path(home["XDG_CONFIG_HOME"]) / "tacho"
    folder.mkdir(parents=True)

    def run_with(text, *arguments, **variables):
        (folder / "tacho.conf").write_text(text)
        return subprocess.run([tacho, *arguments], env={**home, **variables}, timeout=LIMIT,
                              capture_output=True, text=True, check=False)
    return run_with


def interval_of(home):
    newest = max(pathlib.Path(home["XDG_STATE_HOME"]).glob("tacho/*.tacho"), key=start_of)
    return json.loads((newest / "recording.json").read_text())["interval"]


def test_holds_for_run_and_record_and_yields_to_the_command_line(configured, home):
    text = "[recorder]\ninterval = 200ms\n[run]\nquiet = true\n"
    done = configured(text, "run", "--", "true")
    assert done.returncode == 0
    assert not done.stderr
    assert interval_of(home) == 200_000_000
    configured(text, "record", "--duration", "300ms")
    assert interval_of(home) == 200_000_000
    configured(text, "run", "--interval", "300ms", "--", "true", TACHO_INTERVAL="250ms")
    assert interval_of(home) == 300_000_000
    configured(text, "run", "--", "true", TACHO_INTERVAL="250ms")
    assert interval_of(home) == 250_000_000


def test_show_says_what_holds_and_where_it_comes_from(configured, home):
    shown = configured("[record]\nretain = 1d\n[run]\ninterval = 2s\n", "config", "show", "--origin",
                       TACHO_RECORD_SYNC="9s")
    assert shown.returncode == 0
    lines = {line.split("#")[0].strip(): line.split("#")[-1].strip()
             for line in shown.stdout.splitlines()}
    file = f"{home['XDG_CONFIG_HOME']}/tacho/tacho.conf"
    assert lines["retain = 1d"] == f"{file}:2"
    assert lines["interval = 2s"] == f"{file}:4"
    assert lines["sync = 9s"] == "$TACHO_RECORD_SYNC"
    assert lines["interval = 1 s"] == "built-in"
    # What is shown can be put into the file.
    plain = configured("[record]\nretain = 1d\n", "config", "show").stdout
    again = configured(plain, "config", "show")
    assert again.returncode == 0, again.stderr


@pytest.mark.system
def test_a_home_that_cannot_be_entered_is_passed_over(tacho, home, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with tempfile.TemporaryDirectory() as open_to_all:
        os.chmod(open_to_all, 0o755)
        program = shutil.copy(tacho, open_to_all)
        shown = subprocess.run([program, "config", "show", "--origin"],
                               env={**home, "XDG_CONFIG_HOME": str(closed)}, user="nobody",
                               timeout=LIMIT, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    assert f"passed over: {closed}/tacho/tacho.conf" in shown.stdout


@pytest.mark.parametrize("text, told", [
    ("[run]\nintervall = 1s\n", "tacho.conf:2: there is no setting 'intervall'"),
    ("[job]\ninterval = 1s\n", "tacho.conf:2: there is no section [job]"),
    ("[run]\ninterval = soon\n", "tacho.conf:2: interval: 'soon'"),
    ("nonsense\n", "tacho.conf:1: 'nonsense' is no setting")])
def test_what_is_wrong_starts_nothing_and_says_where(configured, text, told):
    done = configured(text, "run", "--", "echo", "started")
    assert done.returncode == 125
    assert not done.stdout
    assert told in done.stderr
