# SPDX-License-Identifier: Apache-2.0
"""dead_mount.py FOLDER COMMAND...: runs it where a file system is mounted at FOLDER that never answers.

As a server that is gone behind a network file system: here it is a FUSE whose program says nothing. To be
started in a mount namespace of its own.
"""
import ctypes
import os
import subprocess
import sys

folder, *command = sys.argv[1:]
os.makedirs(folder)
device = os.open("/dev/fuse", os.O_RDWR)
libc = ctypes.CDLL(None, use_errno=True)
options = f"fd={device},rootmode=40000,user_id=0,group_id=0".encode()
if libc.mount(b"server:/export", os.fsencode(folder), b"fuse", 0, options) != 0:
    sys.exit(f"mount: {os.strerror(ctypes.get_errno())}")
# Who asked it for something is let go when the device is closed: at our end.
sys.exit(subprocess.run(command).returncode)
