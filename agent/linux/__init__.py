"""What the kernel offers beyond Python's `os`, `socket` and `signal`: one typed function for each system call, and nothing about labs.

- `libc`: the C library, and how its errors become OSError;
- `mounts`: mount(2), umount2(2), pivot_root(2);
- `namespaces`: unshare(2), setns(2), descriptors of network namespaces;
- `inotify`: file events;
- `pids`: /proc/PID, and what a process sets for itself (prctl(2), keyrings);
- `files`, `sockets`, `ptys`: calls that take an open file;
- `reaper`: the end of child processes.
"""
