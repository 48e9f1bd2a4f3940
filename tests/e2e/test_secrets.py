# SPDX-License-Identifier: Apache-2.0
"""Secrets in command lines and environments are in nothing that tacho writes: no byte, no value.

Thirty command lines and thirty environment variables bear secrets: of the command, of its children, and
of a process that has nothing to do with it. Beside every secret stands a word that must be found.
"""
import itertools
import json
import os
import subprocess
import sys
import types
import zipfile

import pyarrow
import pyarrow.parquet
import pytest

from recorder import journal_of, wait_until

MARK = "Hunter2q"
RANDOM = "Zx9Kq2Lm8Wp4Rt6Yv1Bn3Hs5Jd7Fg0Ac"
NUMBERS = itertools.count(10)


def secret():
    return MARK + str(next(NUMBERS))


# The program's name and what follows it.
LINES = [
    ["tool", "--password=" + secret()],
    ["tool", "--password", secret()],
    ["tool", "--auth-token", secret()],
    ["tool", "--client-secret=" + secret()],
    ["tool", "DB_PASS=" + secret()],
    ["tool", RANDOM],
    ["tool", "ghp_" + RANDOM],
    ["tool", "--passphrase", "three words " + secret()],
    ["curl", "-H", "Authorization: Bearer " + secret()],
    ["curl", "-H", "Proxy-Authorization: Basic " + secret()],
    ["curl", "--header=PRIVATE-TOKEN: " + secret()],
    ["curl", "-u", "me:" + secret()],
    ["curl", "-sSu", "me:" + secret()],
    ["curl", "--user", "me:" + secret()],
    ["curl", "https://me:" + secret() + "@example.org/path"],
    ["curl", "https://example.org/?token=" + secret() + "&page=1"],
    ["curl", "--cookie", "session=" + secret()],
    ["curl", "--data", '{"user": "me", "password": "' + secret() + '"}'],
    ["psql", "postgres://me:" + secret() + "@host/base"],
    ["psql", "host=db user=me password=" + secret()],
    ["mysql", "-p" + secret(), "base"],
    ["sudo", "mysql", "-u", "me", "-p" + secret()],
    ["sshpass", "-p", secret(), "ssh", "host"],
    ["redis-cli", "-a", secret()],
    ["mount", "-o", "username=me,password=" + secret()],
    ["docker", "run", "--env=API_TOKEN=" + secret()],
    ["docker", "login", "-u", "me", "-p", secret()],
    ["git", "-c", "http.extraheader=AUTHORIZATION: basic " + secret()],
    ["aws", "configure", "set", "aws_secret_access_key", secret()],
    ["bash", "true; tool --password " + secret() + " --more"],
]
VARIABLES = [
    "PASSWORD", "DB_PASSWORD", "PGPASSWORD", "MYSQL_PWD", "REDISCLI_AUTH", "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN", "AZURE_CLIENT_SECRET", "GOOGLE_APPLICATION_CREDENTIALS_JSON", "GITHUB_TOKEN",
    "GH_TOKEN", "GITLAB_TOKEN", "CI_JOB_TOKEN", "CI_REGISTRY_PASSWORD", "BUILDKITE_AGENT_ACCESS_TOKEN",
    "NPM_TOKEN", "PYPI_TOKEN", "DOCKER_PASSWORD", "SLACK_WEBHOOK", "STRIPE_KEY", "OPENAI_API_KEY", "HF_TOKEN",
    "VAULT_TOKEN", "KUBE_TOKEN", "ANSIBLE_VAULT_PASSWORD", "RESTIC_PASSWORD", "BORG_PASSPHRASE", "SSHPASS",
    "DATABASE_URL", "MACHINE_NAMED_LIKE_NOTHING"]
assert len(LINES) == len(VARIABLES) == 30

PARTS = (MARK, RANDOM[:12])
ENVIRONMENT = {name: secret() for name in VARIABLES} | {"SLURM_JOB_ID": "4711"}

# argv: a file with lines. Each is a shell of that name that sleeps; the rest of its line is its.
COMMAND = """
import json, subprocess, sys
lines = json.load(open(sys.argv[1]))
children = [subprocess.Popen([line[0], "-c", "sleep 1.2; : kept", f"kept-{number}", *line[1:]],
                             executable="/bin/sh") for number, line in enumerate(lines)]
[child.wait() for child in children]
"""


@pytest.fixture(scope="module")
def made(tacho, tmp_path_factory):
    """A recording of all of it, live, and what commands wrote meanwhile."""
    folder = tmp_path_factory.mktemp("secrets")
    home = {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_STATE_HOME": str(folder / "state"),
            "XDG_RUNTIME_DIR": str(folder), "TZ": "UTC", "LANG": "C.UTF-8"}
    (folder / "lines.json").write_text(json.dumps(LINES))
    written = {}

    def run(name, *words, environment=home):
        done = subprocess.run([tacho, *map(str, words)], env=environment, capture_output=True, timeout=60,
                              stdin=subprocess.DEVNULL, cwd=folder)
        assert done.returncode == 0, (words, done.stderr)
        written[name] = done.stdout + done.stderr
        return done

    other = subprocess.Popen(["mysql", "-c", "sleep 60; : kept", "kept-other", "-p" + secret()],
                             executable="/bin/sh", env=home | ENVIRONMENT, start_new_session=True)
    recorder = subprocess.Popen([tacho, "record", "--interval", "100ms", "--output", folder / "wide.parquet",
                                 "--write-interval", "300ms"], env=home | ENVIRONMENT,
                                stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        wait_until((folder / "wide.parquet").exists)
        running = subprocess.Popen(
            [tacho, "run", "--interval", "100ms", "--output", folder / "x", "--", sys.executable, "-c", COMMAND,
             folder / "lines.json", "--token", secret()],
            env=home | ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        wait_until(lambda: list(folder.glob("x.tacho/process_info/live-*")))
        run("ps of now", "ps", "--verbose", "--format", "json")
        run("snapshot", "snapshot", "--format", "json")
        output, errors = running.communicate(timeout=60)
        assert running.returncode == 0, errors
        written["the receipt"] = output + errors
        recorder.send_signal(15)
        recorder.communicate(timeout=60)
    finally:
        other.kill()
        other.wait()
        if recorder.poll() is None:
            recorder.kill()
            recorder.communicate()
    return types.SimpleNamespace(folder=folder, recording=folder / "x.tacho", run=run, written=written)


def values_of(table):
    """Every text of a table, its metadata included."""
    yield str(table.schema)
    for column in table.columns:
        if pyarrow.types.is_string(column.type) or pyarrow.types.is_large_string(column.type):
            yield from (value for value in column.to_pylist() if value is not None)


def texts_of(path):
    if path.suffix == ".parquet":
        yield from values_of(pyarrow.parquet.read_table(path))
    elif path.suffix == ".arrow" or path.name.startswith("live-"):
        yield from values_of(journal_of(path))


def check(folder):
    """No part of a secret in any byte or value below the folder; gives all values."""
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name == "lines.json":
            continue
        data = path.read_bytes()
        for part in PARTS:
            assert part.encode() not in data, (path, part)
        for text in texts_of(path):
            for part in PARTS:
                assert part not in text, (path, text)
            found.append(text)
    return found


def kept_words(texts):
    return {number for number in range(30) for text in texts if f"kept-{number} " in text + " "}


def test_no_secret_is_in_a_recording_that_grows_nor_in_a_sealed_one(made):
    live = check(made.recording)
    assert kept_words(live) == set(range(30)), "every line was recorded"
    assert any("kept-other" in text for text in live)
    assert b"4711" in (made.recording / "recording.json").read_bytes(), "its environment was looked at"
    made.run("seal", "seal", made.recording)
    assert not list(made.recording.glob("*/live-*"))
    assert kept_words(check(made.recording)) == set(range(30))


def test_no_secret_is_in_what_is_made_of_it(made):
    made.run("pack", "pack", made.recording, "-o", made.folder / "x.zip")
    with zipfile.ZipFile(made.folder / "x.zip") as packed:
        packed.extractall(made.folder / "unpacked")
    (made.folder / "exported").mkdir()
    for table in ("process_info", "process", "event"):
        for kind in ("csv", "parquet", "arrow"):
            made.run("export", "export", made.recording, "--table", table, "-o",
                     made.folder / "exported" / f"{table}.{kind}")
    made.run("export", "export", made.recording, "-o", made.folder / "exported/wide.csv")
    texts = check(made.folder)
    assert kept_words(texts) == set(range(30))
    assert "kept-29" in (made.folder / "exported/process_info.csv").read_text()


def test_no_secret_is_shown(made):
    made.run("show", "show", made.recording, "process_info", "--format", "csv")
    made.run("report", "report", made.recording)
    made.run("ps", "ps", made.recording, "--exited")
    made.run("ps as json", "ps", made.recording, "--verbose", "--format", "json")
    made.run("list", "list")
    for name, data in made.written.items():
        for part in PARTS:
            assert part.encode() not in data, (name, data)
    assert b"kept-29" in made.written["show"]
    assert b"kept-other" in made.written["ps of now"], made.written["ps of now"][:2000]
