# SPDX-License-Identifier: Apache-2.0
"""Everything that processes do, done once (test_process_lives.py).

argv: where to write what was done, a process to kill, the secrets. Children live for several ticks
of 100 ms wherever a test wants them from every source.
"""
import ctypes
import json
import os
import signal
import struct
import subprocess
import sys
import threading
import time

answer, older, secrets = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
done = {}
libc = ctypes.CDLL(None, use_errno=True)
pids = []

def child(deed):
    pid = os.fork()
    if pid == 0:
        try:
            deed()
        finally:
            os._exit(99)
    pids.append(pid)
    return pid

def living(seconds, code):
    time.sleep(seconds)
    os._exit(code)

def kill_self(number):
    time.sleep(0.35)
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)

def hand_pid_over(deed):
    'What a descendant that is not ours to wait for tells its pid with.'
    reader, writer = os.pipe()
    child(lambda: deed(writer))
    os.close(writer)
    return int(os.read(reader, 20))

time.sleep(1)  # a source takes a moment to load

done["short"] = []
for number in range(200):
    pid = os.fork()
    if pid == 0:
        os._exit(number)
    os.waitpid(pid, 0)
    done["short"].append([pid, number])

done["codes"] = {code: child(lambda: living(0.35, code)) for code in (0, 1, 7, 255)}
done["signals"] = {int(number): child(lambda: kill_self(number))
                   for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV)}

def outlive(writer):
    if os.fork() == 0:
        os.write(writer, str(os.getpid()).encode())
        living(0.6, 11)
    os._exit(0)
done["orphan"] = hand_pid_over(outlive)

def daemonise(writer):
    os.setsid()
    if os.fork() == 0:
        if os.fork() == 0:
            os.chdir("/")
            os.write(writer, str(os.getpid()).encode())
            os.execvp("sleep", ["sleep", "0.7"])
        os._exit(0)
    os._exit(0)
done["daemon"] = hand_pid_over(daemonise)

def stay(writer):
    os.setsid()
    os.write(writer, str(os.getpid()).encode())
    os.execvp("sleep", ["sleep", "300"])
done["outlives"] = hand_pid_over(stay)
pids.remove(done["outlives"])

vforked = subprocess.Popen(["sleep", "1.41"])  # subprocess uses vfork
done["vfork"] = vforked.pid
chain = subprocess.Popen(["sh", "-c", 'sleep 0.3; exec sh -c "sleep 0.3; exec sleep 1.42"'])
done["chain"] = chain.pid
hostile = subprocess.Popen([b"sleep", b"1.43"], executable="/bin/sleep")
odd = [b"sh", b"-c", b"sleep 1.44; :", b"new\nline", b"\x1b]0;title\x07", b"\xff\xfe", b""]
odd = subprocess.Popen(odd)
done["odd"] = odd.pid
large = subprocess.Popen(["sh", "-c", "sleep 1.45; :"] + ["y" * 8192] * 16)
done["large"] = large.pid
hiding = [subprocess.Popen(["sh", "-c", "sleep 1.46; :", "tool", *secret]) for secret in secrets]

zombie = child(lambda: living(0.3, 12))
done["zombie"] = zombie

def rename():
    time.sleep(0.3)
    libc.prctl(15, b"new\x1b name\xff\n")
    living(0.5, 0)
done["renamed"] = child(rename)

def threads(writer):
    numbers = []
    def body():
        numbers.append(threading.get_native_id())
        time.sleep(0.5)
    started = [threading.Thread(target=body) for _ in range(8)]
    for thread in started:
        thread.start()
    os.write(writer, json.dumps([os.getpid(), *numbers]).encode())
    for thread in started:
        thread.join()
    os._exit(13)
reader, writer = os.pipe()
child(lambda: threads(writer))
done["threads"] = json.loads(os.read(reader, 4096))

def leader_first():
    threading.Thread(target=lambda: living(0.5, 14)).start()
    libc.syscall(60 if os.uname().machine == "x86_64" else 93, 0)  # exit of this thread alone
done["leader first"] = child(leader_first)

space = subprocess.Popen(["unshare", "--pid", "--fork", "sleep", "1.47"])
time.sleep(0.2)
try:
    done["namespace"] = int(open(f"/proc/{space.pid}/task/{space.pid}/children").read().split()[0])
except (OSError, IndexError):
    done["namespace"] = None

try:
    os.kill(older, signal.SIGKILL)
except ProcessLookupError:
    pass

# One pid, three lives.
again = child(lambda: living(0.35, 1))
done["again"] = again
os.waitpid(again, 0)
pids.remove(again)
number = ctypes.c_int32(again)
for code in (2, 3):
    # struct clone_args: exit_signal is the fifth word, set_tid and its size the ninth and tenth
    arguments = struct.pack("11Q", 0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, ctypes.addressof(number), 1, 0)
    pid = libc.syscall(435, arguments, ctypes.c_size_t(88))
    if pid == 0:
        time.sleep(0.35)
        os._exit(code)
    if pid < 0:
        done["again"] = None
        break
    os.waitpid(pid, 0)

time.sleep(0.6)  # the zombie is one for a while
for pid in pids:
    os.waitpid(pid, 0)
for process in (vforked, chain, hostile, odd, large, space, *hiding):
    process.wait()
time.sleep(0.3)
with open(answer, "w") as file:
    json.dump(done, file)
