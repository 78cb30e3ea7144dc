"""Attempts at the kernel, at processes outside, at sockets and ports outside, and at the limits that the sandbox has set."""

import ctypes
import glob
import os
import resource
import signal
import socket
import struct
import sys
from contextlib import suppress

if "attempt" not in globals():  # for linters: the harness stands in front of this file when it runs
    from harness import GIVEN, attempt, run

libc = ctypes.CDLL(None, use_errno=True)
X86 = os.uname().machine == "x86_64"
NUMBERS = {
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "bpf": (321, 280), "perf_event_open": (298, 241), "keyctl": (250, 219), "add_key": (248, 217),
    "request_key": (249, 218),
    "userfaultfd": (323, 282), "io_uring_setup": (425, 425), "reboot": (169, 142), "swapon": (167, 224), "acct": (163, 89),
    "quotactl": (179, 60), "syslog": (103, 116), "settimeofday": (164, 170), "clock_settime": (227, 112), "adjtimex": (159, 171),
    "fsopen": (430, 430), "open_tree": (428, 428), "move_mount": (429, 429), "clone3": (435, 435), "pivot_root": (155, 41),
    "fanotify_init": (300, 262), "memfd_secret": (447, 447), "open_by_handle_at": (304, 265),
}  # fmt: skip


def check(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def call(name: str, *arguments: object) -> int:
    return check(libc.syscall(NUMBERS[name][0 if X86 else 1], *arguments))


@attempt
def calls_that_the_filter_refuses() -> object:
    """With arguments that a kernel without the filter complains of in other words (EFAULT, EINVAL, EBADF), or takes."""
    taken = []
    for name in NUMBERS:
        ctypes.set_errno(0)
        if name in ("clone3", "pivot_root", "reboot"):  # these have tests of their own below, or would do harm
            continue
        result = libc.syscall(NUMBERS[name][0 if X86 else 1], 0, 0, 0, 0, 0)
        if result >= 0 or ctypes.get_errno() not in (1, 38):
            taken.append(f"{name}: {result} {os.strerror(ctypes.get_errno())}")
    return taken


@attempt
def load_a_module() -> object:
    path = next(iter(glob.glob("/usr/lib/modules/*/kernel/net/**/*.ko*", recursive=True)), "/usr/bin/true")
    return call("finit_module", os.open(path, os.O_RDONLY), b"", 0) == 0


@attempt
def end_the_machine() -> object:
    """LINUX_REBOOT_CMD_CAD_OFF: does nothing that hurts, where it may."""
    return call("reboot", 0xFEE1DEAD, 672274793, 0, 0) == 0


@attempt
def read_the_kernel_log() -> object:
    buffer = ctypes.create_string_buffer(4096)
    return call("syslog", 3, buffer, 4096)


@attempt
def make_a_user_namespace() -> object:
    check(libc.unshare(0x10000000))
    return "in a user namespace of my own"


@attempt
def make_a_user_namespace_by_clone() -> object:
    pid = check(libc.syscall(56 if X86 else 220, 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0))
    if pid == 0:
        os._exit(0)
    return pid


@attempt
def make_a_time_namespace() -> object:
    check(libc.unshare(0x80))
    return "clocks of my own"


@attempt
def open_sockets_of_families_that_know_no_namespace() -> object:
    """AF_ALG, AF_VSOCK, AF_BLUETOOTH, AF_TIPC, AF_RDS, AF_CAN, AF_KEY, AF_XDP."""
    opened = []
    for family in (38, 40, 31, 30, 21, 29, 15, 44):
        with suppress(OSError):
            socket.socket(
                family, socket.SOCK_RAW if family in (29, 15, 44) else socket.SOCK_SEQPACKET if family == 38 else socket.SOCK_STREAM
            )
            opened.append(family)
    with suppress(OSError):
        socket.socket(16, socket.SOCK_RAW, 21)
        opened.append("NETLINK_CRYPTO")
    return opened


# ---- processes -------------------------------------------------------------------------------------------------------


@attempt
def signal_a_process_outside() -> object:
    os.kill(int(GIVEN["pid"]), signal.SIGUSR1)
    return GIVEN["pid"]


@attempt
def see_a_process_outside() -> object:
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        with suppress(OSError), open(path) as f:
            if GIVEN["secret"] in f.read():
                return path
    return None


@attempt
def trace_a_process_outside() -> object:
    check(libc.ptrace(16, int(GIVEN["pid"]), 0, 0))
    return GIVEN["pid"]


@attempt
def trace_the_first_process() -> object:
    check(libc.ptrace(16, 1, 0, 0))
    return 1


@attempt
def read_the_memory_of_the_first_process() -> object:
    for name in ("mem", "environ", "maps", "auxv", "stack"):
        with suppress(OSError), open(f"/proc/1/{name}", "rb") as f:
            if f.read(1):
                return name
    return None


@attempt
def open_the_files_of_the_first_process() -> object:
    return os.listdir("/proc/1/fd")


@attempt
def take_a_descriptor_of_the_first_process() -> object:
    pidfd = os.pidfd_open(1)
    return [fd for fd in range(32) if libc.syscall(438, pidfd, fd, 0) >= 0]


@attempt
def end_the_first_process() -> object:
    """Sent, and of no effect: the test goes on in this lab."""
    os.kill(1, signal.SIGKILL)
    os.kill(1, signal.SIGSEGV)


@attempt
def attach_shared_memory_outside() -> object:
    check(libc.shmget(int(GIVEN["shm_key"]), 4096, 0o666))
    return GIVEN["shm_key"]


# ---- sockets and ports -----------------------------------------------------------------------------------------------


@attempt
def connect_to_the_server() -> object:
    """On every address that a machine may have for it."""
    connected = []
    for address in ["127.0.0.1", "0.0.0.0", "10.0.2.2", "192.168.0.1", "172.17.0.1", *GIVEN["addresses"].split()]:
        with suppress(OSError):
            socket.create_connection((address, int(GIVEN["port"])), 1).close()
            connected.append(address)
    return connected


@attempt
def connect_to_the_agent() -> object:
    for path in (
        GIVEN["agent_socket"],
        "/run/vethboard/agent.sock",
        "/var/run/docker.sock",
        "/run/containerd/containerd.sock",
        "/run/dbus/system_bus_socket",
    ):
        with suppress(OSError):
            socket.socket(socket.AF_UNIX).connect(path)
            return path
    return None


@attempt
def connect_to_an_abstract_socket_outside() -> object:
    socket.socket(socket.AF_UNIX).connect("\0" + GIVEN["abstract"])
    return GIVEN["abstract"]


@attempt
def connect_to_the_metadata_address() -> object:
    socket.create_connection(("169.254.169.254", 80), 1)
    return "169.254.169.254"


@attempt
def see_interfaces_outside() -> object:
    return [name for _, name in socket.if_nameindex() if name != "lo"] or os.listdir("/sys/class/net") != ["lo"]


@attempt
def move_an_interface_into_a_namespace_outside() -> object:
    """RTM_NEWLINK with IFLA_NET_NS_PID of a process outside."""
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    body = struct.pack("=BxHiII", 0, 0, socket.if_nametoindex("lo"), 0, 0) + struct.pack("=HHI", 8, 19, int(GIVEN["pid"]))
    s.send(struct.pack("=IHHII", 16 + len(body), 16, 5, 1, 0) + body)
    number = struct.unpack_from("=i", s.recv(4096), 16)[0]
    if number < 0:
        raise OSError(-number, os.strerror(-number))
    return "moved"


# ---- limits ----------------------------------------------------------------------------------------------------------


@attempt
def raise_rlimits() -> object:
    raised = []
    for which in (resource.RLIMIT_NPROC, resource.RLIMIT_NOFILE, resource.RLIMIT_CORE, resource.RLIMIT_MSGQUEUE, resource.RLIMIT_MEMLOCK):
        with suppress(OSError, ValueError):
            hard = resource.getrlimit(which)[1]
            if hard != resource.RLIM_INFINITY:
                resource.setrlimit(which, (hard + 1, hard + 1))
                raised.append(which)
    return raised


@attempt
def be_spared_by_the_oom_killer() -> object:
    with open("/proc/self/oom_score_adj", "w") as f:
        f.write("-900")
    return "-900"


@attempt
def take_the_processor() -> object:
    taken = []
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, -10)
        taken.append("nice -10")
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
        taken.append("SCHED_FIFO")
    return taken


@attempt
def set_sysctls_of_the_machine() -> object:
    set_ = []
    for name in ("kernel/panic", "kernel/pid_max", "vm/overcommit_memory", "fs/file-max", "kernel/modprobe", "net/core/rmem_max",
                 "net/netfilter/nf_conntrack_max", "kernel/hostname_of_nothing", "kernel/randomize_va_space"):  # fmt: skip
        with suppress(OSError):
            with open(f"/proc/sys/{name}") as f:
                before = f.read()
            with open(f"/proc/sys/{name}", "w") as f:
                f.write(before)
            set_.append(name)
    return set_


if __name__ == "__main__":
    sys.exit(run())
