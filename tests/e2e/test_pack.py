# SPDX-License-Identifier: Apache-2.0
"""A recording as one file: tacho pack, every reading command on it, tacho unpack; hostile files."""
import filecmp
import io
import os
import pathlib
import struct
import sys
import zipfile

import pyarrow.parquet
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from reading import text_of, without_control_bytes  # noqa: E402

EVERY_READING = (["report"], ["show"], ["verify"], ["seal"], ["show", "cpu"], ["ps"],
                 ["export", "--format", "csv"], ["unpack"])


@pytest.fixture
def packed(run, made, tmp_path):
    path = tmp_path / "build.tacho.zip"
    text_of(run("pack", made, "-o", path))
    return path


def tree(folder):
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def read_each(run, path):
    for command, *rest in EVERY_READING:
        yield command, run(command, path, *rest, cwd=path.parent)


def test_pack_names_the_file_after_the_recording_and_replaces_nothing(run, made, tmp_path):
    done = run("pack", made, cwd=tmp_path)
    assert text_of(done).startswith("build.tacho.zip: ")
    path = tmp_path / "build.tacho.zip"
    assert path.stat().st_mode & 0o777 == 0o600
    bytes_of_first = path.read_bytes()
    again = run("pack", made, cwd=tmp_path)
    assert again.returncode == 3 and b"is there already" in again.stderr and b"--force" in again.stderr
    text_of(run("pack", made, "--force", cwd=tmp_path))
    assert path.read_bytes() == bytes_of_first
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".tacho")]


def test_a_mark_for_a_packed_recording_is_refused_with_what_to_do(run, packed):
    before = packed.read_bytes()
    done = run("mark", "deploy", "--in", packed)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, b"", 1)
    assert f"{packed} is a packed recording".encode() in done.stderr, done.stderr
    assert f"'tacho unpack {packed}' makes a folder of it".encode() in done.stderr
    assert packed.read_bytes() == before
    folder = packed.parent / "again.tacho"
    text_of(run("unpack", packed, "-o", folder))
    text_of(run("mark", "deploy", "--in", folder))
    assert "deploy" in text_of(run("show", folder, "event", "--format", "csv"))
    other = packed.parent / "x.csv"
    other.write_text("timestamp,x\n1,2\n")
    done = run("mark", "deploy", "--in", other)
    assert done.returncode == 1 and b"is a file of another program" in done.stderr, done.stderr


def test_every_reading_command_shows_of_the_file_what_it_shows_of_the_folder(run, made, packed):
    for words in (["show", None, "cpu", "--format", "csv"], ["show", None, "process", "--format", "csv"],
                  ["ps", None, "--format", "json"], ["ps", None, "--exited"],
                  ["export", None, "--format", "csv"], ["show", None, "event", "--format", "json"],
                  ["show", None, "memory", "--last", "3", "--format", "csv"]):
        of = [text_of(run(*[path if word is None else word for word in words])) for path in (made, packed)]
        assert of[0] == of[1] and of[0], words
    report = text_of(run("report", packed))
    assert "build.tacho.zip" in report and "in file" in report
    assert text_of(run("verify", packed)).startswith("whole")
    # By its bare name too, as in a folder where it was copied to.
    assert text_of(run("show", packed.name, cwd=packed.parent))


def test_nothing_is_written_beside_a_file_that_is_read(run, packed):
    before = tree(packed.parent)
    for words in (["report"], ["show"], ["verify"], ["ps"]):
        text_of(run(words[0], packed))
    assert tree(packed.parent) == before


def test_python_reads_it(packed, made):
    with zipfile.ZipFile(packed) as file:
        assert file.testzip() is None
        names = file.namelist()
        assert names[0] == "recording.json" and names[-1] == "digests.json"
        assert all(info.compress_type == zipfile.ZIP_STORED for info in file.infolist())
        part = next(name for name in names if name.startswith("cpu/"))
        table = pyarrow.parquet.read_table(io.BytesIO(file.read(part)))
        assert table.num_rows > 0
        # In place, without a copy: the entry is a stretch of the file.
        with file.open(part) as stretch:
            assert pyarrow.parquet.read_table(stretch).equals(table)
        assert file.read("recording.json") == (made / "recording.json").read_bytes()


def test_unpack_gives_the_folder_back(run, made, packed, tmp_path):
    target = tmp_path / "inner"
    target.mkdir()
    said = text_of(run("unpack", packed, cwd=target))
    assert said.startswith("build.tacho: ")
    assert tree(target / "build.tacho") == {name: data for name, data in tree(made).items()
                                            if not name.startswith(".")}
    for path in (target / "build.tacho").rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)
    again = run("unpack", packed, cwd=target)
    assert again.returncode == 3 and b"is there already" in again.stderr
    text_of(run("pack", target / "build.tacho", "-o", tmp_path / "again.zip"))
    assert filecmp.cmp(tmp_path / "again.zip", packed, shallow=False)
    text_of(run("verify", target / "build.tacho"))


def test_what_a_run_left_live_is_sealed_and_packed(run, recordings, tmp_path):
    run("run", "--interval", "50ms", "--", "sleep", "0.2")
    text_of(run("pack", "@last", "-o", tmp_path / "x.zip"))
    with zipfile.ZipFile(tmp_path / "x.zip") as file:
        assert not [name for name in file.namelist() if "live" in name]
    assert "whole" in text_of(run("verify", tmp_path / "x.zip"))
    assert not list(recordings()[-1].glob("*/live-*"))


def test_damage_in_it_is_told_and_the_rest_is_shown(run, packed, tmp_path):
    with zipfile.ZipFile(packed) as file:
        info = next(info for info in file.infolist() if info.filename.startswith("cpu/"))
    data = bytearray(packed.read_bytes())
    data[info.header_offset + 30 + len(info.filename) + 40] ^= 4
    packed.write_bytes(data)
    shown = run("show", packed, "memory", "--format", "csv")
    assert shown.returncode == 0 and shown.stdout
    assert run("show", packed, "cpu").returncode == 1
    verified = run("verify", packed)
    assert verified.returncode == 1 and info.filename.encode() in verified.stdout + verified.stderr
    unpacked = run("unpack", packed, "-o", tmp_path / "damaged.tacho")
    assert unpacked.returncode == 1 and b"is damaged: written as it is" in unpacked.stderr


def build(path, entries):
    with zipfile.ZipFile(path, "w") as file:
        for name, data in entries:
            file.writestr(name, data)


def link_entry():
    info = zipfile.ZipInfo("cpu/part-000001-0123456789abcdef.parquet")
    info.create_system = 3
    info.external_attr = 0o120777 << 16
    return info


def deflated():
    info = zipfile.ZipInfo("cpu/part-000001-0123456789abcdef.parquet")
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


@pytest.mark.parametrize("entry", [
    "../evil", "/tmp/tacho-evil", "cpu/../../evil", "cpu/", "evil", "cpu/live-000001.arrows",
    "cpu/part-000001-0123456789abcdef.parquet.sh", "\x1b[31m", "a" * 5000, link_entry(), deflated(),
], ids=str)
def test_entries_that_are_not_ours_are_refused_in_one_line(run, made, tmp_path, entry):
    path = tmp_path / "thing.tacho.zip"
    build(path, [("recording.json", (made / "recording.json").read_bytes()), (entry, b"0" * 100_000)])
    refused(run, path)


def refused(run, path):
    before = sorted(path.parent.rglob("*"))
    for command, done in read_each(run, path):
        assert (done.returncode, done.stdout) == (3, b""), (command, done)
        lines = done.stderr.splitlines()
        assert len(lines) == 1 and len(lines[0]) < 400, done.stderr
        assert b"thing.tacho" in lines[0] and without_control_bytes(done.stderr)
    assert sorted(path.parent.rglob("*")) == before


def directory_of(data):
    return struct.unpack_from("<I", data, len(data) - 6)[0]


HUGE = 0x7FFFFFF0


@pytest.mark.parametrize("change", [
    lambda data: data[:len(data) // 2],                                          # cut
    lambda data: data[:-1],
    lambda data: data + b"x",
    lambda data: b"PK\3\4",
    lambda data: b"",
    lambda data: struct.pack_into("<I", data, len(data) - 6, HUGE),              # a directory elsewhere
    lambda data: struct.pack_into("<I", data, len(data) - 10, 0xFFFFFFF0),       # ... or too large
    lambda data: struct.pack_into("<II", data, directory_of(data) + 20, HUGE, HUGE),
    lambda data: struct.pack_into("<I", data, directory_of(data) + 42, HUGE),
    lambda data: struct.pack_into("<I", data, directory_of(data) + 42, directory_of(data) - 4),
    lambda data: struct.pack_into("<H", data, len(data) - 12, 0xFFFF),           # "see zip64", and none
])
def test_places_and_sizes_are_not_believed(run, packed, tmp_path, change):
    folder = tmp_path / "hostile"
    folder.mkdir()
    data = bytearray(packed.read_bytes())
    changed = change(data)
    (folder / "thing.tacho.zip").write_bytes(data if changed is None else changed)
    refused(run, folder / "thing.tacho.zip")


def test_a_zip_of_something_else_is_refused(run, tmp_path):
    path = tmp_path / "thing.tacho.zip"
    build(path, [])
    refused(run, path)
    build(path, [("digests.json", b"{}")])
    refused(run, path)
    build(path, [("recording.json", b"{")])
    refused(run, path)


def test_what_is_no_file_is_refused(run, tmp_path):
    path = tmp_path / "thing.tacho.zip"
    os.mkfifo(path)
    for command, done in read_each(run, path):
        assert done.returncode == 3 and len(done.stderr.splitlines()) == 1, (command, done)


def test_a_link_that_is_named_means_its_file(run, packed, tmp_path):
    path = tmp_path / "link.zip"
    path.symlink_to(packed)
    assert text_of(run("verify", path)).startswith("whole")
    assert text_of(run("show", path)).count("sealed") > 5


def test_pack_of_a_running_recording_says_what_to_do(tacho, home, run, tmp_path, recordings):
    import subprocess
    import time
    recorder = subprocess.Popen([tacho, "record", "--interval", "50ms", "--quiet"], env=home,
                                stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while not [path for path in recordings() if list(path.glob("system/live-*"))]:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        done = run("pack", "@last", cwd=tmp_path)
        assert done.returncode == 3 and b"pack it when it has ended" in done.stderr, done
        assert not list(tmp_path.glob("*.zip")) and not list(tmp_path.glob(".tacho-new*"))
    finally:
        recorder.terminate()
        recorder.wait(30)
    text_of(run("pack", "@last", cwd=tmp_path))
    assert list(tmp_path.glob("*.tacho.zip"))
