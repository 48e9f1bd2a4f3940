# SPDX-License-Identifier: Apache-2.0
"""The examples of the README as they stand there."""
import json
import pathlib
import re
import sys

import duckdb
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from reading import text_of  # noqa: E402

ROOT = pathlib.Path(__file__).parents[2]

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(sql|python)\n(.*?)```", README, re.S)


def test_the_readme_has_examples():
    assert [kind for kind, _ in BLOCKS].count("sql") >= 3
    assert [kind for kind, _ in BLOCKS].count("python") >= 2


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_an_example_of_the_readme_runs_as_it_stands(made, run, monkeypatch, capsys, number):
    monkeypatch.chdir(made.parent)
    kind, code = BLOCKS[number]
    if "x.parquet" in code:
        assert run("export", made, "-o", "x.parquet").returncode == 0
    if kind == "python":
        exec(compile(code, "README.md", "exec"), {})
        # What is read while it grows is not there in a sealed recording.
        assert capsys.readouterr().out or "live-" in code
    else:
        assert duckdb.sql(code).fetchall()


def test_the_readme_fills_processes_forward_as_tacho_does(run, made, monkeypatch):
    rows = json.loads(text_of(run("show", made, "process", "--format", "json")))
    monkeypatch.chdir(made.parent)
    code, = (code for kind, code in BLOCKS if kind == "sql" and "asof join" in code)
    filled = sorted((tick, pid, memory or 0) for tick, _, pid, _, memory, _ in duckdb.sql(code).fetchall())
    assert filled == sorted((row["tick"], row["pid"], row["memory_usage"] or 0) for row in rows)


def test_the_commands_of_the_readme_exist(run):
    for command in re.findall(r"^\| `tacho (\w+)", README, re.M):
        assert run(command, "--help").returncode == 0, command
