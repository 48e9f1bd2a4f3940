# SPDX-License-Identifier: Apache-2.0
"""without_bpf.py COMMAND...: runs it as a container's seccomp profile would, where bpf(2) is refused."""
import ctypes
import os
import platform
import struct
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD_WORD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06  # of classic BPF
ALLOW, ERRNO, EPERM = 0x7FFF0000, 0x00050000, 1
BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]


def refuse_bpf():
    # The system call's number is the first word of what a filter sees.
    steps = [(LOAD_WORD, 0, 0, 0), (JUMP_IF_EQUAL, 0, 1, BPF), (RETURN, 0, 0, ERRNO | EPERM),
             (RETURN, 0, 0, ALLOW)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    libc = ctypes.CDLL(None, use_errno=True)
    description = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(program))
    for option in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
                   (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, description, 0, 0)):
        if libc.prctl(*option) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


refuse_bpf()
os.execvp(sys.argv[1], sys.argv[1:])
