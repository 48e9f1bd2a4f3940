# SPDX-License-Identifier: Apache-2.0
"""scripts/setup on a machine of the Fedora family, which the tests' own need not be: dnf, rpm, sudo and
id are stand-ins that keep a list of what is installed and note what they were asked."""
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
STAND_INS = {
    "dnf": 'echo "dnf $*" >> "$NOTES"; [ -z "$REFUSES" ] || exit 1\n'
           'shift 2; printf "%s\\n" "$@" >> "$INSTALLED"',
    "rpm": 'for last; do :; done; grep -qx -- "$last" "$INSTALLED"',
    "sudo": 'echo "sudo $1" >> "$NOTES"; exec "$@"',
    "id": 'echo 1000'}
TOOLS = ["bash", "sh", "cat", "cut", "dirname", "grep", "mkdir", "sha256sum", "sort", "touch"]


@pytest.fixture
def machine(tmp_path):
    """A checkout whose .deps is complete, and a PATH of stand-ins and what else the script calls."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, body in STAND_INS.items():
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
    for name in TOOLS:
        (folder / name).symlink_to(shutil.which(name))
    python = tmp_path / ".deps/venv/bin/python3"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    for name in ("requirements", "requirements-test"):
        content = (ROOT / f"scripts/{name}.txt").read_bytes()
        (tmp_path / f".deps/venv/.installed-{name}-{hashlib.sha256(content).hexdigest()[:16]}").touch()
    digest = re.search(r"[0-9a-f]{64}", (ROOT / "scripts/requirements-nanoarrow.txt").read_text())[0]
    (tmp_path / ".deps/nanoarrow").mkdir()
    (tmp_path / f".deps/nanoarrow/.unpacked-{digest}").touch()
    (tmp_path / "installed").write_text("make\npython3\n")
    (tmp_path / "notes").touch()
    return tmp_path


def setup(machine, *arguments, refuses=""):
    environment = {"PATH": str(machine / "bin"), "NOTES": str(machine / "notes"), "REFUSES": refuses,
                   "INSTALLED": str(machine / "installed"), "CXX": shutil.which("g++") or "c++",
                   "HOME": os.environ.get("HOME", "/")}
    return subprocess.run([machine / "bin/bash", machine / "scripts/setup", *arguments], text=True,
                          env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)


def asked(machine):
    notes = (machine / "notes").read_text().splitlines()
    (machine / "notes").write_text("")
    return notes


def test_it_installs_by_dnf_what_is_missing_and_nothing_twice(machine):
    done = setup(machine, "--tests")
    assert done.returncode == 0, done.stdout + done.stderr
    notes = asked(machine)
    assert notes[0] == "sudo dnf" and len([note for note in notes if note == "sudo dnf"]) == 3
    packages = " ".join(notes).split()
    assert {"gcc-c++", "ninja-build", "json-devel", "libbpf-devel", "gtest-devel"} <= set(packages)
    assert "make" not in packages and "python3" not in packages, "they were there"
    assert "==> installing by dnf: gcc-c++" in done.stdout
    again = setup(machine, "--tests")
    assert again.returncode == 0 and again.stdout == "", again.stdout + again.stderr
    assert asked(machine) == []


def test_it_says_what_to_do_when_dnf_refuses(machine):
    done = setup(machine, refuses="yes")
    assert done.returncode == 1
    assert "dnf could not install: gcc-c++" in done.stderr and "epel-release" in done.stderr


def test_it_names_the_command_where_there_is_no_sudo(machine):
    (machine / "bin/sudo").unlink()
    done = setup(machine)
    assert done.returncode == 1 and asked(machine) == []
    assert "As root, type: dnf install gcc-c++" in done.stderr
