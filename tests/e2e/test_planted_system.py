# SPDX-License-Identifier: Apache-2.0
"""Whatever another user planted at a name that tacho is about to use, root follows and changes nothing of it.

The names are those that strace sees a real run make, so that a new one is covered without a change here.
"""
import os
import pathlib
import re
import shutil
import signal
import stat
import subprocess

import pytest

from recorder import NOBODY, needs_root, open_way_to, wait_until

pytestmark = needs_root

LIMIT = 30  # seconds: a planted pipe must hold nobody
# Of the processes that come next: names hold the id of the process that makes them.
NEXT_PIDS = 60
MAKES = re.compile(r'^(\d+) +(open|openat|creat|mkdir|mkdirat|rename|renameat|renameat2|link|linkat|symlinkat|bind|'
                   r'mknod|mknodat)\((.*)\) = (?!-1)')
# A path in a call, behind the folder's descriptor as strace -y shows it.
PATH = re.compile(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"')


class Scene:
    """A folder that all may write to, what its commands are, and somebody's files elsewhere."""

    def __init__(self, run, tacho, home, folder):
        self.run_tacho, self.tacho = run, tacho
        self.folder = folder
        self.victims = folder / "victims"
        self.arena = folder / "arena"
        self.home = home | {"XDG_STATE_HOME": str(self.arena / "state"), "XDG_RUNTIME_DIR": str(self.arena / "runtime"),
                            "TMPDIR": str(self.arena)}
        self.made = folder / "made.tacho"  # a recording with journals, to be copied
        run("run", "--interval", "50ms", "--only", "memory", "--output", self.made, "--", "true")
        # Its recorder's last deed.
        wait_until(lambda: not (self.made / ".reserve").exists())

    def begin(self, mode=0o1777):
        """Everything as it was; victims hold what root alone may read or write."""
        for path in (self.arena, self.victims):
            # A recorder outlives its command for a moment.
            wait_until(lambda: shutil.rmtree(path, ignore_errors=True) or not path.exists())
            path.mkdir()
        self.arena.chmod(mode)
        (self.victims / "file").write_text("precious\n")
        (self.victims / "folder").mkdir()
        (self.victims / "folder/inside").write_text("precious\n")
        self.before = self.look()

    def look(self):
        """Names, kinds, owners, modes, contents and times of change below the victims."""
        seen = {}
        for path in [self.victims, *sorted(self.victims.rglob("*"))]:
            status = path.lstat()
            seen[path.name] = (stat.S_IFMT(status.st_mode), status.st_mode, status.st_uid, status.st_ino,
                               status.st_mtime_ns, path.read_bytes() if path.is_file() else None)
        return seen

    def theirs(self):
        """A copy of the recording, of another user."""
        target = self.arena / "theirs.tacho"
        shutil.copytree(self.made, target)
        for path in [target, *target.rglob("*")]:
            os.chown(path, NOBODY, NOBODY)
        return target

    def run(self, *words):
        return self.run_tacho(*words, env=self.home, cwd=self.arena, timeout=LIMIT)

    def names(self, *words):
        """What a run makes below the arena. Parts with the id of a process have {pid} for it."""
        log = self.folder / "calls"
        done = subprocess.run(["strace", "-f", "-y", "-qq", "-s", "4096", "-e",
                               "trace=open,openat,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,"
                               "symlinkat,bind,mknod,mknodat", "-o", log, self.tacho, *map(str, words)],
                              env=self.home, cwd=self.arena, capture_output=True, timeout=LIMIT,
                              stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stderr
        found, pids = set(), set()
        for line in log.read_text(errors="replace").splitlines():
            pids.add(line.split()[0])
            call = MAKES.match(line)
            if call is None or (call[2].startswith("open") and "O_CREAT" not in call[3]):
                continue
            for folder, name in PATH.findall(call[3]):
                path = os.path.normpath(os.path.join(folder or self.arena, name))
                if path.startswith(f"{self.arena}/"):
                    found.add(path)
        return {re.sub(rf"(?<!\d)({'|'.join(pids)})(?!\d)", "{pid}", name) for name in found}


@pytest.fixture(scope="module", autouse=True)
def strace():
    if shutil.which("strace") is None:
        pytest.skip("strace is not here, which tells the names")


@pytest.fixture
def scene(run, tacho, home, tmp_path):
    open_way_to(tmp_path)
    return Scene(run, tacho, home, tmp_path)


ONLY = ("--only", "memory", "--processes", "proc")
QUICK = ("--duration", "30ms", "--interval", "10ms", *ONLY)
# What is done, as words, after a preparation that gives the place of what it works on.
DEEDS = {
    # Not sealed at the end, which would wait for an idle machine; parts lie in a folder of root's alone.
    "record": lambda scene: ("run", *ONLY, "--output", scene.arena / "x", "--", "true"),
    "record as usual": lambda scene: ("run", *ONLY, "--", "true"),
    "record a wide file": lambda scene: ("record", *QUICK, "--output", scene.arena / "x.parquet"),
    "record a wide CSV file": lambda scene: ("record", *QUICK, "--output", scene.arena / "x.csv"),
    "export": lambda scene: ("export", scene.made, "-o", scene.arena / "y.csv"),
    "export to Parquet": lambda scene: ("export", scene.made, "-o", scene.arena / "y.parquet"),
    "pack": lambda scene: ("pack", scene.made, "-o", scene.arena / "y.zip"),
    "pack in place of a file": lambda scene: ("pack", scene.made, "--force", "-o", scene.arena / "y.zip"),
    "report": lambda scene: ("report", scene.made, "-o", scene.arena / "y.txt"),
    "seal another user's": lambda scene: ("seal", scene.theirs()),
    "mark another user's": lambda scene: ("mark", "text", "--in", scene.theirs()),
    "look at now": lambda scene: ("snapshot",),
}


def plant(scene, kind, path):
    """Something of another user at this name."""
    victims = scene.victims
    if kind == "link to a file":
        path.symlink_to(victims / "file")
    elif kind == "link to a folder":
        path.symlink_to(victims / "folder")
    elif kind == "link to nothing":
        path.symlink_to(victims / "new")
    elif kind == "hard link":
        return os.link(victims / "file", path)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 7))
    elif kind == "folder":
        path.mkdir()
        (path / "inside").write_text("theirs\n")
    os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


KINDS = ["link to a file", "link to a folder", "link to nothing", "hard link", "pipe", "device", "folder"]


def last_pid():
    return int(pathlib.Path("/proc/loadavg").read_text().split()[-1])


@pytest.mark.parametrize("deed", DEEDS)
def test_nothing_that_is_planted_is_followed(scene, deed):
    scene.begin()
    names = scene.names(*DEEDS[deed](scene))
    assert names or deed == "look at now", "a run makes something"
    tried = 0
    for name in sorted(names):
        for kind in KINDS:
            scene.begin()
            words = DEEDS[deed](scene)
            planted = 0
            # The first ids are those of what we start ourselves.
            for pid in range(last_pid() + 1, last_pid() + NEXT_PIDS) if "{pid}" in name else [0]:
                path = pathlib.Path(name.replace("{pid}", str(pid)))
                if not path.parent.is_dir() or path.exists():
                    continue
                plant(scene, kind, path)
                planted += 1
            if planted == 0:
                break  # within a folder that the run makes itself
            tried += planted
            before = scene.look()
            done = scene.run(*words)
            assert done.returncode in (0, 1, 2, 3, 125), (name, kind, done)
            assert scene.look() == before, (name, kind, done)
    assert tried > 0 or deed == "look at now"


def swap(scene, names):
    """As another user, for ever: whatever name comes up becomes a link, or a link nothing, or is moved."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    targets = [scene.victims / "file", scene.victims / "new", scene.victims / "folder"]
    number = 0
    while True:
        try:
            there = os.listdir(scene.arena)
        except OSError:
            there = []
        for name in {*there, *names}:
            number += 1
            path = scene.arena / name
            for deed in (lambda: os.rename(path, scene.arena / f"moved-{number % 7}"),
                         lambda: os.unlink(path),
                         lambda: os.symlink(targets[number % 3], path)):
                try:
                    deed()
                except OSError:
                    pass


def test_a_hundred_races_are_lost_by_who_swaps_names(scene):
    deeds = ["record", "record a wide file", "export", "pack in place of a file", "report"]
    names = ["x.tacho", "x.parquet", ".x.parquet.new", ".x.parquet.tacho", "y.csv", "y.zip", "y.txt"]
    scene.begin(mode=0o777)
    swapper = os.fork()
    if swapper == 0:
        try:
            swap(scene, names)
        finally:
            os._exit(0)
    good = 0
    try:
        for number in range(100):
            done = scene.run(*DEEDS[deeds[number % len(deeds)]](scene))
            good += done.returncode == 0
            assert scene.look() == scene.before, (number, done)
    finally:
        os.kill(swapper, signal.SIGKILL)
        os.waitpid(swapper, 0)
    assert good > 0, "some of them went well: it was a race"


def test_a_wide_file_of_another_user_is_not_continued_where_all_can_write(scene):
    scene.begin()
    words = DEEDS["record a wide file"](scene)
    assert scene.run(*words).returncode == 0
    path = scene.arena / "x.parquet"
    os.chown(path, NOBODY, NOBODY)
    before = path.read_bytes()
    done = scene.run(*words)
    assert done.returncode == 2 and b"belongs to another user" in done.stderr, done
    assert path.read_bytes() == before
    scene.arena.chmod(0o755)
    assert scene.run(*words).returncode == 0, "in a folder of root's it is meant so"
    assert path.stat().st_uid == NOBODY and path.read_bytes() != before


@pytest.mark.parametrize("name", ["x.tacho", "runtime/tacho", "state/tacho"])
def test_no_folder_of_another_user_is_recorded_into(scene, name):
    scene.begin()
    folder = scene.arena / name
    folder.mkdir(parents=True)
    os.chown(folder, NOBODY, NOBODY)
    deed = "record as usual" if name.startswith("state") else "record"
    done = scene.run(*DEEDS[deed](scene))
    made = sorted(folder.rglob("*"))
    if name.startswith("runtime"):
        assert done.returncode == 0, "it cannot be marked, and says so in its coverage"
        assert "belongs to another user" in (scene.arena / "x.tacho/recording.json").read_text()
    assert not made, made
