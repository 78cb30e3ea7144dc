"""A PostgreSQL of the tests' own: from Debian's package, in a directory of its own, on a Unix socket, as a user without privileges."""

import pwd
import shutil
import subprocess
import tempfile
from itertools import count
from pathlib import Path

import psycopg

USER = "postgres" if any(e.pw_name == "postgres" for e in pwd.getpwall()) else "nobody"


def _bin() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    assert found, "apt-get install postgresql (script/packages-test.txt)"
    return found[-1]


class Cluster:
    """Started when it is made; `stop` ends it and deletes it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="vb-pg-"))
        shutil.chown(self.folder, USER)
        self._numbers = count(1)
        self._run("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-locale", "-N")
        with (self.folder / "data" / "postgresql.conf").open("a") as f:
            # fsync is PostgreSQL's own affair: nothing here cuts the power, and a process that is killed leaves its pages to the kernel
            f.write(f"listen_addresses = ''\nunix_socket_directories = '{self.folder}'\nmax_connections = 40\nfsync = off\n")
        self.start()

    def _run(self, program: str, *args: str) -> None:
        argv = [str(_bin() / program), "-D", str(self.folder / "data"), *args]
        done = subprocess.run(argv, user=USER, group=USER, extra_groups=[], cwd=self.folder, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        self._run("pg_ctl", "-w", "-l", str(self.folder / "log"), "start")

    def shut_down(self) -> None:
        """At once, as a crash: what was committed has to be recovered."""
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    def database(self) -> str:
        """The address of a fresh one."""
        name = f"t{next(self._numbers)}"
        with psycopg.connect(host=str(self.folder), user="postgres", dbname="postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def stop(self) -> None:
        self.shut_down()
        shutil.rmtree(self.folder)
