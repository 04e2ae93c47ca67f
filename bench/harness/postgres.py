"""A Postgres of our own: nothing that runs on the machine already is touched."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from .processes import Service

# What the server gives its private Postgres, with room for more data, and the counting of statements.
SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{socket}'
max_connections = 200
shared_buffers = {buffers}
effective_cache_size = 4GB
maintenance_work_mem = 256MB
work_mem = 8MB
random_page_cost = 1.1
jit = off
max_parallel_workers_per_gather = 0
max_parallel_maintenance_workers = 0
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
checkpoint_timeout = 30min
timezone = 'UTC'
log_timezone = 'UTC'
shared_preload_libraries = 'pg_stat_statements'
pg_stat_statements.track = none
pg_stat_statements.max = 5000
"""


def meminfo(name):
    """A line of /proc/meminfo, most of which are kB; 0 for one that is not there."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith(name + ":")), 0)


def find_programs():
    """The folder with Postgres' programs: the newest below /usr/lib/postgresql, or wherever PATH finds them."""
    roots = Path("/usr/lib/postgresql")
    versions = [p for p in roots.glob("*/bin") if (p / "initdb").exists()]
    if versions:
        return max(versions, key=lambda p: int(p.parent.name))
    initdb = shutil.which("initdb")
    if initdb is None:
        raise SystemExit("Postgres' programs are missing; scripts/prepare.sh installs them")
    return Path(os.path.realpath(initdb)).parent


HUGE_PAGES = Path("/proc/sys/vm/nr_hugepages")


def megabytes(size):
    """Of a size as Postgres writes it: 13GB, 512MB."""
    number, unit = int(size[:-2]), size[-2:].upper()
    return number * 1024 if unit == "GB" else number


def half_of_memory():
    """As Postgres writes it: whole gigabytes, one at least."""
    return f"{max(1, meminfo('MemTotal') // 2**21)}GB"


def reserve_huge_pages(buffers):
    """Pages of 2 MB for Postgres' memory, where we may: with small ones it waits for addresses once its data is large. Answers
    how many there were before, or nothing."""
    try:
        before = int(HUGE_PAGES.read_text())
        # A twelfth beyond the buffers is for what else Postgres shares.
        wanted = megabytes(buffers) * 13 // 12 // 2
        for _ in range(10):
            if int(HUGE_PAGES.read_text()) >= wanted:
                break
            # What is kept of files stands in the way of whole pages, most of all what is not written yet.
            os.sync()
            Path("/proc/sys/vm/drop_caches").write_text("3")
            Path("/proc/sys/vm/compact_memory").write_text("1")
            HUGE_PAGES.write_text(str(wanted))
        if int(HUGE_PAGES.read_text()) < wanted:
            # Too few would only be taken from everybody.
            HUGE_PAGES.write_text(str(before))
        return before
    except (OSError, ValueError):
        return None


class Postgres:
    """Starts on one core; `home` keeps the data between runs."""

    def __init__(self, home, core, buffers):
        self.programs = find_programs()
        # Postgres refuses to run as root.
        self.user = "postgres" if os.getuid() == 0 else None
        self.home, self.core, self.buffers = Path(home), core, buffers
        self.data = self.home / "data"
        self.socket = Path(tempfile.mkdtemp(prefix="kraken-bench-"))
        self._own(self.socket)
        self.service = None
        self.pages_before = None

    def _own(self, path):
        if self.user:
            owner = pwd.getpwnam(self.user)
            os.chown(path, owner.pw_uid, owner.pw_gid)

    def start(self):
        self.home.mkdir(parents=True, exist_ok=True)
        self._own(self.home)
        if not (self.data / "PG_VERSION").exists():
            self._run("initdb", "-D", self.data, "-U", "postgres", "--no-locale", "-E", "UTF8", "-A", "trust")
            with open(self.data / "postgresql.conf", "a") as conf:
                conf.write("\ninclude = 'bench.conf'\n")
        settings = SETTINGS.format(socket=self.socket, buffers=self.buffers)
        (self.data / "bench.conf").write_text(settings)
        (self.data / "bench.conf").chmod(0o644)
        self.pages_before = reserve_huge_pages(self.buffers)
        self.service = Service([self.programs / "postgres", "-D", self.data], self.core,
                               self.home.parent / "postgres.log", user=self.user)
        for _ in range(600):
            if not self.service.alive():
                raise SystemExit(f"Postgres did not start; see {self.service.log}")
            if self.sql("select 1", quiet=True) == "1":
                self.sql("create extension if not exists pg_stat_statements")
                return self
            time.sleep(0.1)
        raise SystemExit("Postgres did not start in a minute")

    def _run(self, program, *arguments):
        done = subprocess.run([str(self.programs / program), *map(str, arguments)], user=self.user,
                              capture_output=True, text=True, cwd="/")
        if done.returncode:
            raise SystemExit(f"{program}: {done.stderr}")

    def sql(self, text, database="postgres", quiet=False):
        """What a script answers: rows by lines, columns by |."""
        done = subprocess.run(
            [str(self.programs / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", str(self.socket),
             "-U", "postgres", "-d", database, "-f", "-"], input=text, capture_output=True, text=True)
        if done.returncode:
            if quiet:
                return None
            raise SystemExit(f"psql: {done.stderr}")
        return done.stdout.strip()

    def rows(self, text, database):
        return [line.split("|") for line in self.sql(text, database).splitlines()]

    def databases(self):
        return self.sql("select datname from pg_database").split()

    def url(self, database):
        return f"postgres://postgres@localhost/{database}?host={self.socket}"

    def environment(self, database):
        return {"PGHOST": str(self.socket), "PGUSER": "postgres", "PGDATABASE": database}

    def count_statements(self, on, database="postgres"):
        self.sql(f"alter system set pg_stat_statements.track = {'top' if on else 'none'}; select pg_reload_conf()")
        time.sleep(0.3)

    def has_huge_pages(self):
        """Whether its memory is in huge pages."""
        reserved = self.sql("show shared_memory_size_in_huge_pages", quiet=True) or ""
        free, total = (meminfo(name) for name in ("HugePages_Free", "HugePages_Total"))
        held = total - free + meminfo("HugePages_Rsvd")
        return reserved.isdigit() and 0 < int(reserved) <= held

    def stop(self):
        if self.service:
            self.service.stop(2)
        if self.pages_before is not None:
            HUGE_PAGES.write_text(str(self.pages_before))
        shutil.rmtree(self.socket, ignore_errors=True)
