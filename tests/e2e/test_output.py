# SPDX-License-Identifier: Apache-2.0
"""Where it is written: pipes, full disks, terminals, colour, and names that mean something to them."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from reading import text_of, without_control_bytes  # noqa: E402
from terminal import Terminal  # noqa: E402


def test_a_closed_pipe_ends_quietly(tacho, home, made):
    reader = subprocess.Popen(["head", "-c", "10"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    done = subprocess.run([tacho, "show", made, "process", "--format", "csv"], stdout=reader.stdin,
                          stderr=subprocess.PIPE, env=home, timeout=60)
    reader.stdin.close()
    reader.wait(30)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_full_disk_is_an_error(tacho, home, made):
    with open("/dev/full", "w") as full:
        done = subprocess.run([tacho, "show", made, "process"], stdout=full, stderr=subprocess.PIPE,
                              env=home, timeout=60)
    assert done.returncode == 3
    assert b"No space left on device" in done.stderr


def test_an_output_that_cannot_be_made_is_named(run, made):
    done = run("show", made, "memory", "--output", "/no/such/folder/x.csv", "--format", "csv")
    assert (done.returncode, done.stdout) == (3, b"")
    assert b"/no/such/folder/x.csv:" in done.stderr or b"/no/such/folder/x.csv" in done.stderr


def test_hostile_names_stay_text(run, made):
    for arguments in (["report", made], ["show", made, "process_info"], ["ps", made],
                      ["show", made, "process", "--format", "csv"], ["list"],
                      ["show", made, "process_info", "--format", "json"]):
        done = run(*arguments)
        assert done.returncode == 0, done.stderr
        assert without_control_bytes(done.stdout), arguments
        done.stdout.decode()  # UTF-8 throughout
        assert b"\xe2\x80\xae" not in done.stdout  # no change of the writing's direction
    name = json.loads(text_of(run("show", made, "process_info", "--format", "json",
                                  "--where", 'arguments ~ "=evil"')))[0]["arguments"]
    assert "\\x1b" in name and "\\xff" in name


def test_colour_follows_the_variables(run, home, made):
    plain = run("report", made)
    assert b"\x1b" not in plain.stdout
    forced = run("report", made, env={**home, "FORCE_COLOR": "1"})
    assert b"\x1b[1m" in forced.stdout
    assert b"\x1b" not in run("report", made, env={**home, "FORCE_COLOR": "1", "NO_COLOR": "1"}).stdout
    assert b"\x1b[1m" in run("report", made, "--color", "always").stdout
    assert re.sub(rb"\x1b\[\d*m", b"", forced.stdout) == plain.stdout


@pytest.mark.parametrize("arguments", [
    ["report"], ["show"], ["ps"], ["show", "memory", "--last", "1"], ["show", "cpu", "--last", "4"]])
def test_a_terminal_of_80_columns_holds_every_line(tacho, home, made, tmp_path, arguments):
    command, *rest = arguments
    if command == "report":  # an event has a line of somebody else's length
        made = pathlib.Path(shutil.copytree(made, tmp_path / "marked.tacho"))
        subprocess.run([tacho, "mark", "a long text " * 20, "--in", made, "--at", "-10ms"], env=home, timeout=60,
                       check=True)
    environment = {**home, "TERM": "xterm", "PAGER": "cat"}
    script = f'stty cols 80 rows 24; exec "$0" "$@"'
    terminal = Terminal(["sh", "-c", script, tacho, command, str(made), *rest], environment)
    status = terminal.end()
    assert os.waitstatus_to_exitcode(status) == 0, terminal.output
    text = re.sub(rb"\x1b\[\d*[mK]", b"", terminal.output).decode()
    wide = [line for line in text.splitlines() if len(line) > 80 and str(made) not in line]
    assert not wide, wide


def test_without_a_pager_the_terminal_is_written(tacho, home, made):
    empty = {**home, "TERM": "xterm", "PATH": "/no/such/folder"}
    terminal = Terminal([tacho, "show", str(made)], empty)
    assert os.waitstatus_to_exitcode(terminal.end()) == 0
    assert b"memory" in terminal.output
