# SPDX-License-Identifier: Apache-2.0
"""Wrong words, foreign and damaged recordings: each gets one line that says what it is."""
import os
import pathlib
import re
import struct
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from reading import without_control_bytes  # noqa: E402


# --- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments, said", [
    (["nothing"], "there is no table nothing"),
    (["memory", "--columns", "no_such"], "no_such"),
    (["memory", "--where", "limit >"], "--where"),
    (["memory", "--where", "no_such > 1"], "no_such"),
    (["memory", "--where", "limit > 10s"], "--where: '10s' is not a size"),
    (["memory", "--from", "25:00"], "25:00"),
    (["memory", "--from", "yesterday"], "yesterday"),
    (["memory", "--every", "0"], "--every"),
    (["memory", "--every", "10 parsecs"], "10 parsecs"),
    (["memory", "--last", "-3"], "--last"),
    (["memory", "--last", "many"], "--last"),
    (["memory", "--format", "xml"], "xml"),
    (["memory", "--color", "blue"], "--color"),
    (["memory", "--rate", "--every", "1s"], "--rate"),
    (["memory", "cpu"], "'cpu'"),
    (["--bogus"], "there is no option '--bogus'"),
    (["memory", "--output"], "--output"),
])
def test_wrong_usage_names_the_argument(run, made, arguments, said):
    done = run("show", made, *arguments)
    assert (done.returncode, done.stdout) == (2, b""), done.stderr
    lines = done.stderr.decode().splitlines()
    assert lines[0].startswith("tacho show: ") and said in lines[0]
    assert lines[-1] == "Try 'tacho show --help'."


def test_the_values_of_options_are_named_with_their_option(run, made):
    for option, value in (("--from", "yesterday"), ("--to", "later"), ("--every", "soon")):
        done = run("show", made, "memory", option, value)
        assert done.returncode == 2
        assert option.encode() in done.stderr, done.stderr
        assert b"for example" in done.stderr, done.stderr


def test_every_command_has_help_and_knows_wrong_options(run):
    for command in ("run", "record", "list", "report", "show", "ps", "mark", "snapshot", "doctor",
                    "tables", "verify", "seal", "pack", "unpack"):
        for form in ("--help", "-h"):
            done = run(command, form)
            assert (done.returncode, done.stderr) == (0, b""), (command, done)
            assert done.stdout.startswith(b"Usage: tacho " + command.encode()), command
        wrong = run(command, "--no-such-option")
        assert wrong.returncode == (125 if command == "run" else 2), command
        assert b"there is no option '--no-such-option'" in wrong.stderr, command
        assert wrong.stdout == b""
    assert run("--help").stdout.startswith(b"tacho records")
    assert re.fullmatch(rb"tacho \d+\.\d+\.\d+\n", run("--version").stdout)
    assert run().returncode == 2
    unknown = run("explode\x1b[31m")
    assert unknown.returncode == 2 and without_control_bytes(unknown.stderr)


# --- recordings -----------------------------------------------------------------------------------


def every_reading(run, path):
    for command in ("report", "show", "verify", "seal"):
        yield command, run(command, path)
    yield "show", run("show", path, "cpu")
    yield "ps", run("ps", path)


@pytest.mark.parametrize("make", [
    lambda path: None,                                              # nothing there
    lambda path: path.mkdir(),                                      # an empty folder
    lambda path: path.write_bytes(b""),                             # an empty file
    lambda path: path.write_bytes(b"PAR1 no more than that"),       # a foreign file
    lambda path: (path.mkdir(), (path / "recording.json").write_text("{")),
    lambda path: (path.mkdir(), (path / "recording.json").write_text('{"format": 7}')),
    lambda path: (path.mkdir(), (path / "recording.json").write_bytes(b"\xff" * 100)),
    lambda path: (path.mkdir(), (path / "recording.json").symlink_to("/dev/zero")),
])
def test_what_is_no_recording_gets_one_line(run, tmp_path, make):
    path = tmp_path / "thing.tacho"
    make(path)
    before = sorted(tmp_path.rglob("*"))
    for command, done in every_reading(run, path):
        assert (done.returncode, done.stdout) == (3, b""), (command, done)
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert b"thing.tacho" in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_a_higher_major_version_is_said(run, golden):
    facts = golden / "recording.json"
    text = facts.read_text()
    newer = re.sub(r'("major": *)1', r"\g<1>9", text)
    if newer == text:
        newer = re.sub(r'"(\d+)\.(\d+)"', r'"9.\2"', text, count=1)
    assert newer != text
    facts.write_text(newer)
    for command, done in every_reading(run, golden):
        assert done.returncode == 3, (command, done)
        assert b"9" in done.stderr and len(done.stderr.splitlines()) == 1


def test_damage_is_told_and_the_rest_is_shown(run, golden):
    part, = (golden / "cpu").glob("part-*")
    data = bytearray(part.read_bytes())
    data[len(data) // 3] ^= 1
    part.write_bytes(data)
    done = run("show", golden, "cpu", "--format", "csv")
    assert done.returncode == 1
    assert b"cpu/part-" in done.stderr
    assert len(done.stdout.splitlines()) >= 1 + 6  # the live file's rows
    assert run("verify", golden).returncode == 1


def test_declared_sizes_are_not_believed(run, golden):
    part, = (golden / "cpu").glob("part-*")
    data = bytearray(part.read_bytes())
    data[-8:-4] = struct.pack("<I", 0xFFFFFFF0)  # the footer's length
    part.write_bytes(data)
    (golden / "system" / "live-000009.arrows").write_bytes(struct.pack("<Ii", 0xFFFFFFFF, 2**31 - 1) + b"x" * 64)
    for command, done in every_reading(run, golden):
        assert done.returncode in (0, 1, 3), (command, done)
        assert done.returncode >= 0


def test_a_recording_of_another_user_is_denied_in_one_line(run, golden, home):
    if os.geteuid() != 0:
        pytest.skip("needs root to be another user")
    os.chmod(golden.parent, 0o755)
    for parent in golden.parents:
        if not parent.stat().st_mode & 0o001:
            pytest.skip(f"{parent} cannot be entered by others")
    done = run("report", golden, user=65534, group=65534)
    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 1 and b"ermission denied" in done.stderr
