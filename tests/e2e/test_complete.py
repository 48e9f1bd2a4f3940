# SPDX-License-Identifier: Apache-2.0
"""Completion: what the program offers, and what the shells make of it."""
import pathlib
import shutil
import subprocess

import pytest

from conftest import LIMIT

SCRIPTS = pathlib.Path(__file__).parents[2] / "packaging/completions"


@pytest.fixture
def offered(tacho, home):
    def offered_for(*words):
        done = subprocess.run([tacho, "complete", "--", *words], env=home, check=True, timeout=LIMIT,
                              capture_output=True, text=True)
        return [line.split("\t")[0] for line in done.stdout.splitlines()]
    return offered_for


def test_commands_options_and_their_values(offered):
    assert {"run", "record", "show", "doctor"} <= set(offered(""))
    assert offered("sho") == ["show"]
    assert "--timeout" in offered("run", "--t")
    assert "csv" in offered("show", "@last", "--format", "")
    assert offered("show", "--format=cs") == ["--format=csv"]
    assert {"bpf", "proc"} <= set(offered("record", "--processes", ""))


def test_tables_columns_and_settings(offered):
    assert offered("record", "--only", "cpu,mem") == ["cpu,memory"]
    assert offered("show", "@last", "mem") == ["memory"]
    assert "free" in offered("show", "@last", "memory", "--columns", "f")
    assert "filesystem.interval=" in offered("record", "--set", "files")


def test_recordings_by_name(tacho, home, offered):
    subprocess.run([tacho, "run", "--quiet", "--name", "nightly", "--", "true"], env=home, check=True,
                   timeout=LIMIT)
    assert offered("report", "@") == ["@last", ":files"]
    assert [name for name in offered("show", "night") if name.startswith("nightly-")]
    assert "@last" in offered("mark", "text", "--in", "")


def test_a_command_of_others_is_left_to_the_shell(offered):
    assert offered("run", "--", "ma") == [":programs"]
    assert offered("run", "--", "make", "--t") == [":files"]
    assert offered("record", "--output", "") == [":files"]


def test_words_that_are_nothing_offer_nothing(offered):
    assert not offered("nonsense", "--")
    assert not offered("show", "--nonsense=")
    assert not offered("zzz")


def test_bash(tacho, home):
    script = (f"source {SCRIPTS}/tacho.bash; compopt() {{ :; }};"
              "COMP_LINE=\"$1 show @last --format=c\"; COMP_POINT=${#COMP_LINE}; _tacho;"
              "printf '%s\\n' \"${COMPREPLY[@]}\"")
    done = subprocess.run(["bash", "-c", script, "bash", tacho], env=home, check=True, timeout=LIMIT,
                          capture_output=True, text=True)
    assert done.stdout.split() == ["csv"]  # what stands before = stays


@pytest.mark.parametrize("shell, script", [("zsh", "_tacho"), ("fish", "tacho.fish")])
def test_the_script_is_one_of_its_shell(shell, script, home):
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not here")
    subprocess.run([shell, "-n", SCRIPTS / script], env=home, check=True, timeout=LIMIT)
