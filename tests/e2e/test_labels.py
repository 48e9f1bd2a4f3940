# SPDX-License-Identifier: Apache-2.0
"""Labels: given, taken from the job, shown, searched."""
import json
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from reading import text_of, without_control_bytes  # noqa: E402

JOB_VARIABLES = ("SLURM_", "SGE_", "JOB_ID", "PBS_", "LSB_", "GITHUB_", "CI_", "BUILDKITE_")


@pytest.fixture
def outside(home):
    """No job's variables but those that a test sets."""
    for name in [name for name in home if name.startswith(JOB_VARIABLES)]:
        del home[name]
    return home


def record(run, home, *options, **environment):
    done = run("run", "--quiet", *options, "--", "true", env={**home, **environment})
    assert done.returncode == 0, done.stderr


def listed(run, *options):
    return json.loads(text_of(run("list", "--format", "json", *options)))


def test_labels_are_in_the_list_the_report_and_the_facts(run, outside, recordings):
    record(run, outside, "--label", "stage=nightly", "--label=team=a b")
    facts = json.loads((recordings()[-1] / "recording.json").read_text())
    assert facts["labels"] == {"stage": "nightly", "team": "a b"}
    assert listed(run)[0]["labels"] == facts["labels"]
    assert "stage=nightly, team=a b" in text_of(run("list"))
    assert "labels     stage=nightly, team=a b" in text_of(run("report", "@last"))


def test_the_job_labels_by_itself_and_nothing_else_of_the_environment(run, outside, recordings):
    record(run, outside, "--label", "ci=mine", GITHUB_RUN_ID="5", GITHUB_JOB="build",
           GITHUB_TOKEN="very-secret", SLURM_JOB_ID="77")
    text = (recordings()[-1] / "recording.json").read_text()
    assert json.loads(text)["labels"] == {"ci": "mine", "github.run": "5", "github.job": "build",
                                          "slurm.job": "77"}
    assert "very-secret" not in text


def test_record_takes_labels_too(run, outside, recordings):
    done = run("record", "--duration", "0.2s", "--quiet", "--label", "stage=nightly",
               env={**outside, "CI_JOB_ID": "9"})
    assert done.returncode == 0, done.stderr
    assert json.loads((recordings()[-1] / "recording.json").read_text())["labels"] == {
        "stage": "nightly", "ci": "gitlab", "gitlab.job": "9"}


def test_where_finds_recordings_and_keeps_their_numbers(run, outside):
    record(run, outside, "--name", "nightly", GITHUB_RUN_ID="5")
    record(run, outside, "--name", "other")
    found = listed(run, "--where", 'label.ci = "github" and name = "nightly"')
    assert [each["name"] for each in found] == ["nightly"]
    shown = text_of(run("list", "--where", "label.ci is not null"))
    assert "@2" in shown and "@1" not in shown and "nightly" in shown
    none = run("list", "--where", 'label.ci = "gitlab"')
    assert none.returncode == 1 and b"no recording fits" in none.stdout
    assert len(listed(run, "--where", "exit_code = 0")) == 2


@pytest.mark.parametrize("where, said", [
    ("ci = 'github'", "there is no column ci"),
    ("label.ci =", "--where"),
    ("size > 10s", "10s"),
])
def test_a_wrong_where_is_named(run, outside, where, said):
    done = run("list", "--where", where)
    assert done.returncode == 2 and said in done.stderr.decode(), done.stderr


@pytest.mark.parametrize("label", ["nightly", "=x", "1a=x", "a b=x", "k=" + "v" * 300, "\x1b=x"])
def test_a_wrong_label_starts_nothing(run, outside, recordings, label):
    done = run("run", "--label", label, "--", "true")
    assert done.returncode == 125 and b"--label stage=nightly" in done.stderr, done.stderr
    assert without_control_bytes(done.stderr)
    assert not recordings()


def test_hostile_values_are_escaped(run, outside):
    record(run, outside, "--label", "evil=\x1b[31m\udcff\n", CI_JOB_ID="9\x1b[0m")
    for command in (["list"], ["report", "@last"], ["list", "--format", "json"]):
        done = run(*command)
        assert done.returncode == 0 and without_control_bytes(done.stdout)
        assert b"x1b[31m" in done.stdout
