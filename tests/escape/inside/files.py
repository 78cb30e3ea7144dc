"""Attempts at the machine's files. The secret is a file that every user of the machine may read."""

import ctypes
import glob
import os
import subprocess
import sys
from contextlib import suppress

if "attempt" not in globals():  # for linters: the harness stands in front of this file when it runs
    from harness import GIVEN, attempt, run

libc = ctypes.CDLL(None, use_errno=True)


def check(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def secret_below(root: str) -> str | None:
    """The secret, if the machine's root can be seen there."""
    with suppress(OSError), open(root.rstrip("/") + GIVEN["secret_path"]) as f:
        if (text := f.read()) == GIVEN["secret"]:
            return text
    return None


def first(found: "list[str | None]") -> str | None:
    return next(filter(None, found), None)


@attempt
def read_by_its_path() -> object:
    return secret_below("/")


@attempt
def read_by_roots_of_processes() -> object:
    return first([secret_below(root) for root in glob.glob("/proc/*/root") + glob.glob("/proc/*/task/*/root")])


@attempt
def read_by_folders_of_processes() -> object:
    return first([secret_below(f"{cwd}/{'../' * n}") for cwd in glob.glob("/proc/*/cwd") for n in (0, 8)])


@attempt
def read_by_open_files() -> object:
    """A descriptor of a folder outside, left open by who started us."""
    found = []
    for fd in [int(name) for name in os.listdir("/proc/self/fd")] + list(range(64)):
        with suppress(OSError):
            inner = os.open("../" * 8 + GIVEN["secret_path"].lstrip("/"), os.O_RDONLY, dir_fd=fd)
            found.append(os.read(inner, 100).decode())
    for link in glob.glob("/proc/*/fd/*"):
        found.append(secret_below(link))
    return GIVEN["secret"] if GIVEN["secret"] in found else None


@attempt
def read_after_chroot_twice() -> object:
    """The classic: a working directory outside of the new root."""
    os.mkdir("/tmp/jail")
    os.chroot("/tmp/jail")
    for _ in range(64):
        os.chdir("..")
    os.chroot(".")
    return secret_below("/")


@attempt
def read_by_file_handle() -> object:
    """open_by_handle_at(2) of inode 2, the root of the file system that /usr lies on."""

    class Handle(ctypes.Structure):
        _fields_ = [("bytes", ctypes.c_uint), ("type", ctypes.c_int), ("data", ctypes.c_uint * 2)]

    below = os.open("/usr", os.O_RDONLY | os.O_DIRECTORY)
    fd = check(libc.open_by_handle_at(below, ctypes.byref(Handle(8, 1, (ctypes.c_uint * 2)(2, 0))), os.O_RDONLY))
    return os.listdir(fd)


@attempt
def read_by_joining_the_first_process() -> object:
    for kind in ("mnt", "user", "pid", "net"):
        fd = os.open(f"/proc/1/ns/{kind}", os.O_RDONLY)
        check(libc.setns(fd, 0))
    return secret_below("/")


@attempt
def read_by_moving_the_root() -> object:
    os.makedirs("/tmp/newroot/old", exist_ok=True)
    check(libc.mount(b"/tmp/newroot", b"/tmp/newroot", None, 4096, None))
    check(libc.syscall(155 if os.uname().machine == "x86_64" else 41, b"/tmp/newroot", b"/tmp/newroot/old"))
    return os.listdir("/old")


@attempt
def mount_the_disk() -> object:
    for device in ("/dev/vda", "/dev/sda1", "/dev/nvme0n1p1"):
        for kind in (b"ext4", b"xfs", b"btrfs"):
            if libc.mount(device.encode(), b"/mnt", kind, 1, None) == 0:
                return os.listdir("/mnt")
    return None


@attempt
def make_the_disk_and_read_it() -> object:
    for number in GIVEN["disk_numbers"].split():
        major, minor = map(int, number.split(":"))
        os.mknod("/tmp/disk", 0o600 | 0o060000, os.makedev(major, minor))
        with open("/tmp/disk", "rb") as f:
            return f.read(16)
    return None


@attempt
def make_kmsg_and_read_it() -> object:
    os.mknod("/tmp/kmsg", 0o600 | 0o020000, os.makedev(1, 11))
    return os.read(os.open("/tmp/kmsg", os.O_RDONLY | os.O_NONBLOCK), 100)


@attempt
def unmount_until_something_shows() -> object:
    """Below the mounts of a sandbox lies what they cover."""
    with open("/proc/self/mountinfo") as f:
        points = [line.split()[4] for line in f]
    gone = [point for point in points if point.startswith(("/proc/", "/usr", "/dev", "/etc")) and libc.umount2(point.encode(), 2) == 0]
    return gone or secret_below("/")


@attempt
def write_to_programs() -> object:
    for flags in (32 | 4096, 32, 4096 | 32 | 16384):
        libc.mount(b"none", b"/usr", None, flags, None)
    with open("/usr/bin/vethboard-was-here", "w"):
        return "written"


@attempt
def write_to_programs_through_an_overlay_of_themselves() -> object:
    os.makedirs("/tmp/ro", exist_ok=True)
    check(libc.mount(b"/usr/bin", b"/tmp/ro", None, 4096 | 16384, None))
    with open("/tmp/ro/vethboard-was-here", "w"):
        return "written"


@attempt
def read_shadow() -> object:
    with open("/etc/shadow") as f:
        return f.read()


@attempt
def read_vethboard_itself() -> object:
    return [p for p in (GIVEN["checkout"], GIVEN["state"], GIVEN["run"], "/run/docker.sock") if os.path.exists(p)]


@attempt
def find_what_another_lab_wrote() -> object:
    """Its marker lies in its /tmp, /root, /run, /dev/shm and /var/tmp."""
    done = subprocess.run(["find", "/", "-name", GIVEN["marker"]], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return done.stdout


@attempt
def follow_a_link_from_a_shared_place() -> object:
    """Nothing that can be written here may lie where the machine would read it."""
    places = []
    with open("/proc/self/mountinfo") as f:
        for line in f:
            fields = line.split()
            kind = fields[fields.index("-") + 1]
            if kind not in ("tmpfs", "proc", "sysfs", "devpts", "devtmpfs", "nsfs", "mqueue") and os.access(fields[4], os.W_OK):
                places.append(fields[4])
    return places


@attempt
def write_anything_of_the_kernel() -> object:
    """Every file of /proc and /sys that opens for writing, but for the lab's own processes, network and interfaces."""
    found = []
    for top in ("/proc", "/sys"):
        for folder, folders, names in os.walk(top):
            folders[:] = [f for f in folders if not (folder == "/proc" and (f.isdigit() or f in ("self", "thread-self", "net")))]
            folders[:] = [f for f in folders if os.path.join(folder, f) not in ("/proc/sys/net", "/sys/devices/virtual/net")]
            for name in names:
                path = os.path.join(folder, name)
                if os.path.islink(path):
                    continue
                with suppress(OSError):
                    os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
                    found.append(path)
    return found


@attempt
def set_core_pattern() -> object:
    for path in ("/proc/sys/kernel/core_pattern", "/proc/1/root/proc/sys/kernel/core_pattern"):
        with suppress(OSError), open(path, "w") as f:
            f.write("|/tmp/mine")
    with open("/proc/sys/kernel/core_pattern") as f:
        return "/tmp/mine" in f.read()


@attempt
def set_a_cgroup_release_agent() -> object:
    for kind, options in ((b"cgroup", b"pids"), (b"cgroup", b"memory"), (b"cgroup", b"none,name=mine"), (b"cgroup2", None)):
        os.makedirs("/tmp/cg", exist_ok=True)
        if libc.mount(b"cgroup", b"/tmp/cg", kind, 0, options) == 0:
            return os.listdir("/tmp/cg")
    return None


@attempt
def mount_file_systems_of_the_kernel() -> object:
    os.makedirs("/tmp/k", exist_ok=True)
    kinds = (
        b"debugfs",
        b"tracefs",
        b"securityfs",
        b"configfs",
        b"bpf",
        b"fusectl",
        b"pstore",
        b"efivarfs",
        b"devtmpfs",
        b"proc",
        b"hugetlbfs",
    )
    return [kind for kind in kinds if libc.mount(b"none", b"/tmp/k", kind, 0, None) == 0]


@attempt
def register_a_binary_format() -> object:
    """Of the machine: since Linux 6.7 each user namespace has a table of its own."""
    os.makedirs("/tmp/binfmt", exist_ok=True)
    check(libc.mount(b"none", b"/tmp/binfmt", b"binfmt_misc", 0, None))
    with open("/tmp/binfmt/register", "w") as f:
        f.write(":vethboard-escape:M::XYZZY::/bin/true:F")
    return False  # the test looks whether the machine has it


if __name__ == "__main__":
    sys.exit(run())
