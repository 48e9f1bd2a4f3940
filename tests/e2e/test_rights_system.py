# SPDX-License-Identifier: Apache-2.0
"""What tacho's processes may do is what docs/SECURITY.md says; what another user may do to them is nothing."""
import ctypes
import os
import pathlib
import re
import shutil
import signal
import stat
import struct
import subprocess
import time

import pytest

from recorder import NOBODY, needs_root, open_way_to, wait_until
from rights import NAMES, Watch, attack, descendants, documented, mask_of, sets_of

pytestmark = needs_root

SOMEBODY = 61000  # an ordinary user, whom nobody else is
SERVICE = pathlib.Path(__file__).parents[2] / "packaging/tacho.service.in"
SETS = ("Prm", "Eff", "Inh", "Amb")


@pytest.fixture
def place(tmp_path):
    """A folder that anybody may look into, as /tmp."""
    open_way_to(tmp_path)
    folder = tmp_path / "place"
    folder.mkdir()
    folder.chmod(0o755)
    return folder


def environment_in(home, place):
    return home | {"XDG_STATE_HOME": str(place / "state"), "XDG_RUNTIME_DIR": str(place), "HOME": str(place)}


def as_user(user, capabilities=()):
    """For preexec_fn: the user with these capabilities alone, ambient as a service has them."""
    libc = ctypes.CDLL(None, use_errno=True)
    # PR_SET_KEEPCAPS, PR_CAPBSET_DROP, PR_CAP_AMBIENT with PR_CAP_AMBIENT_RAISE
    def become():
        if capabilities:
            for number, name in enumerate(NAMES):
                if name not in capabilities:
                    libc.prctl(24, number, 0, 0, 0)
        libc.prctl(8, 1, 0, 0, 0)
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        mask = mask_of(capabilities)
        low, high = mask & 0xffffffff, mask >> 32
        assert libc.capset(struct.pack("Ii", 0x20080522, 0), struct.pack("6I", *[low] * 3, *[high] * 3)) == 0
        for name in capabilities:
            assert libc.prctl(47, 2, NAMES.index(name), 0, 0) == 0, name
    return become


WHO = {
    "root": {},
    "root, under sudo": {"sudo": True},
    "another user": {"user": SOMEBODY},
    "service": {"user": SOMEBODY,
                "capabilities": re.search(r"^AmbientCapabilities=(.*)$", SERVICE.read_text(), re.M)[1]
                .lower().replace("cap_", "").split()},
}


class TestCapabilities:
    @pytest.fixture(params=WHO)
    def who(self, request):
        return request.param

    @pytest.fixture
    def start(self, tacho, home, place, who):
        """start(word...) -> a Watch over the process, in a folder of the user."""
        options = WHO[who]
        environment = environment_in(home, place)
        if options.get("sudo"):
            environment |= {"SUDO_UID": str(SOMEBODY), "SUDO_GID": str(SOMEBODY)}
        if len(options) > 0:
            os.chown(place, SOMEBODY, SOMEBODY)
        begin = as_user(options["user"], options.get("capabilities", ())) if "user" in options else None
        running = []

        def call(*words):
            process = subprocess.Popen([tacho, *map(str, words)], env=environment, preexec_fn=begin,
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE)
            running.append(process)
            with Watch(process.pid) as watch:
                _, errors = process.communicate(timeout=60)
            assert process.returncode == 0, errors
            return watch
        yield call
        for process in running:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def check(self, watch, who, *roles):
        expected = documented(ours=sets_of("self")["Prm"])
        assert set(roles) <= watch.roles(), "it was not seen"
        for role, sets in watch.seen.values():
            wanted = expected[role][who]
            assert wanted is not None, (role, who)
            inherits = who == "service" and role == "recorder"
            for name in SETS:
                assert sets[name] == (wanted if name in ("Prm", "Eff") or inherits else set()), (role, name)

    def test_of_a_recorder_that_seals(self, start, place, who):
        watch = start("record", "--interval", "50ms", "--rotate", "300ms", "--sync", "100ms", "--duration", "1s",
                      "--only", "process", "--output", place / "x")
        # Without a right the loader says so and ends, before anybody can look.
        loader = () if who == "another user" else ("tacho-bpf",)
        self.check(watch, who, "recorder", "sealer", *loader)

    def test_of_a_command_that_is_recorded(self, start, place, who):
        if who == "service":
            pytest.skip("a service records the machine alone")
        self.check(start("run", "--output", place / "x", "--", "sleep", "2"), who, "supervisor", "recorder")

    def test_of_who_reads(self, start, place, who):
        if who == "service":
            pytest.skip("nobody reads as the service")
        lines = "".join(f"2026-11-27 05:{n // 60 % 60:02}:{n % 60:02},{n}\n" for n in range(3600)) * 60
        (place / "x.csv").write_text("time,value\n" + lines)
        (place / "x.csv").chmod(0o644)
        self.check(start("report", place / "x.csv"), who, "reader", "reader of a foreign file")


def test_the_document_lists_what_the_unit_gives(home):
    ours = set(NAMES)
    assert documented(ours)["recorder"]["service"] == set(WHO["service"]["capabilities"])
    bounding = re.search(r"^CapabilityBoundingSet=(.*)$", SERVICE.read_text(), re.M)[1]
    assert bounding.lower().replace("cap_", "").split() == WHO["service"]["capabilities"]


def test_a_loader_with_capabilities_on_its_file_has_these_two(tacho, home, place):
    programs = place / "programs"
    programs.mkdir()
    for program in ("tacho", "tacho-reader", "tacho-bpf"):
        shutil.copy2(pathlib.Path(tacho).with_name(program), programs)
    # VFS_CAP_REVISION_2 with the effective bit; bpf and perfmon
    value = struct.pack("<5I", 0x02000001, 0, 0, mask_of(("bpf", "perfmon")) >> 32, 0)
    try:
        os.setxattr(programs / "tacho-bpf", "security.capability", value)
    except OSError as error:
        pytest.skip(f"this file system has no capabilities of files: {error}")
    os.chown(place, SOMEBODY, SOMEBODY)
    process = subprocess.Popen([programs / "tacho", "record", "--interval", "50ms", "--duration", "700ms", "--only",
                                "process", "--output", place / "x"], env=environment_in(home, place),
                               preexec_fn=as_user(SOMEBODY), stdout=subprocess.DEVNULL)
    with Watch(process.pid) as watch:
        assert process.wait(timeout=60) == 0
    loaders = [sets["Eff"] for role, sets in watch.seen.values() if role == "tacho-bpf"]
    assert loaders and all(found == {"bpf", "perfmon"} for found in loaders), watch.seen
    assert not any(sets["Prm"] for role, sets in watch.seen.values() if role == "recorder")


class TestAnotherUser:
    """Everything is tried as nobody while tacho records, and afterwards."""

    @pytest.fixture(params=[0, SOMEBODY], ids=["of root", "of a user"])
    def owner(self, request, place):
        os.chown(place, request.param, request.param)
        return request.param

    @pytest.fixture
    def start(self, tacho, home, place, owner):
        running = []
        environment = environment_in(home, place)
        # A file: a sealer that outlives its recorder would keep a pipe open.
        errors = open(place.parent / "errors", "wb")

        def call(*words):
            # The umask is the careless one: the modes are tacho's own.
            process = subprocess.Popen([tacho, *map(str, words)], env=environment, user=owner, group=owner,
                                       extra_groups=[], umask=0, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=errors)
            running.append(process)
            return process
        yield call
        for process in running:
            if process.poll() is None:
                process.kill()
            process.wait(timeout=60)
        errors.close()

    def made(self, place):
        """All that tacho made, and what sockets with a name of their own its processes have."""
        return [str(path) for path in sorted(place.rglob("*"))]

    def check_files(self, place, owner, least):
        paths = self.made(place)
        assert len(paths) >= least, paths
        for path in paths:
            mode = os.lstat(path).st_mode
            assert stat.S_IMODE(mode) == (0o700 if stat.S_ISDIR(mode) else 0o600), path
        assert attack(NOBODY, paths=paths) == []
        # Even where somebody opened the folders.
        folders = [path for path in paths if os.path.isdir(path)]
        for folder in folders:
            os.chmod(folder, 0o755)
        files = [path for path in paths if path not in folders]
        assert attack(NOBODY, paths=files) == []
        for folder in folders:
            os.chmod(folder, 0o700)
        # Who may, can: the attempts are real.
        assert {(path, "read") for path in files if not stat.S_ISSOCK(os.lstat(path).st_mode)} <= {
            tuple(done) for done in attack(owner, paths=files)}

    def test_can_do_nothing_to_what_runs(self, start, place, owner):
        processes = [start("record", "--interval", "50ms", "--sync", "50ms", "--output", place / "one"),
                     start("record", "--interval", "50ms", "--write-interval", "100ms", "--output",
                           place / "two.parquet"),
                     start("record", "--interval", "50ms", "--rotate", "200ms", "--sync", "50ms", "--only", "memory"),
                     start("run", "--interval", "50ms", "--", "sleep", "60")]
        wait_until(lambda: (place / "two.parquet").exists() and len(list(place.glob("tacho/*.sock"))) >= 3
                   and list(place.glob("state/tacho/record-*/memory/part-*")) and
                   list(place.glob("state/tacho/sleep-*/memory/live-*")))
        time.sleep(0.1)
        ours = [pid for process in processes for pid in descendants(process.pid) if self.stop_ours(pid)]
        assert len(ours) >= 5
        try:
            assert attack(NOBODY, pids=ours) == []
            with subprocess.Popen(["sleep", "60"]) as other:
                assert len(attack(0, pids=[other.pid])) > 15, "the attempts are real, and the last ends it"
            self.check_no_other_way_in(ours)
            self.check_files(place, owner, 60)
            connects = [whom for whom, what in attack(owner, paths=map(str, place.glob("tacho/*.sock"))) if what == "connect"]
            assert len(connects) >= 3, "sockets that listen"
        finally:
            for pid in ours:
                os.kill(pid, signal.SIGCONT)

    def stop_ours(self, pid):
        """Nothing of it changes while it is looked at. False for what is not tacho's, or has just ended."""
        try:
            if not pathlib.Path(f"/proc/{pid}/comm").read_text().startswith("tacho"):
                return False
            os.kill(pid, signal.SIGSTOP)
        except (FileNotFoundError, ProcessLookupError):
            return False
        wait_until(lambda: re.search(r"^State:\s+[TZ]", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M))
        return True

    def check_no_other_way_in(self, pids):
        """Shared memory, queues, sockets without a file, and networks."""
        inodes = set()
        for pid in pids:
            for path in pathlib.Path(f"/proc/{pid}/fd").iterdir():
                target = os.readlink(path)
                if target.startswith("socket:["):
                    inodes.add(target[8:-1])
                else:
                    assert not target.startswith(("/dev/shm", "/dev/mqueue")), target
            shared = [line for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines()
                      if line.split()[1][3] == "s" and ("/dev/shm" in line or "SYSV" in line)]
            assert not shared
        for kind in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6", "packet"):
            path = pathlib.Path(f"/proc/net/{kind}")
            lines = path.read_text().splitlines()[1:] if path.exists() else []
            assert not [line for line in lines if inodes & set(line.split())], kind
        unix = [line.split() for line in pathlib.Path("/proc/net/unix").read_text().splitlines()[1:]]
        assert not [words for words in unix if words[6] in inodes and len(words) > 7 and words[7].startswith("@")]

    def test_can_do_nothing_to_what_short_lived_processes_are(self, start, place, owner):
        """Sealers, loaders and readers, by looking again and again while they live."""
        process = start("record", "--interval", "50ms", "--rotate", "200ms", "--sync", "50ms", "--duration", "1s",
                        "--only", "memory,process", "--output", place / "one")
        with Watch(process.pid, look=lambda pid: attack(NOBODY, pids=[pid])) as watch:
            process.wait(timeout=60)
        assert {"recorder", "sealer"} <= watch.roles()
        assert owner != 0 or "tacho-bpf" in watch.roles()
        assert not [done for _, done in watch.seen.values() if done]

    def test_can_do_nothing_to_what_was_made(self, start, place, owner):
        def end(*words):
            assert start(*words).wait(timeout=60) == 0, (words, (place.parent / "errors").read_bytes())
        end("run", "--interval", "50ms", "--output", place / "x", "--", "sleep", "0.3")
        end("seal", place / "x.tacho")
        end("mark", "late", "--in", place / "x.tacho")
        end("pack", place / "x.tacho", "-o", place / "x.zip")
        for kind in ("csv", "parquet", "arrow"):
            end("export", place / "x.tacho", "-o", place / f"wide.{kind}")
            end("export", place / "x.tacho", "--table", "memory", "-o", place / f"memory.{kind}")
        end("report", place / "x.tacho", "-o", place / "report.txt")
        end("ps")
        end("snapshot")
        self.check_files(place, owner, 30)
        assert not list(pathlib.Path("/tmp").glob("tacho-now-*"))
