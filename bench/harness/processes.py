"""What processes cost, read from /proc: CPU seconds and memory of a process and all below it."""

import os
import subprocess
import threading
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def busy(seconds=3):
    """The share of all cores' time in which they do something, from now on for so long."""
    before = Path("/proc/stat").read_text()
    time.sleep(seconds)
    return share_busy(before, Path("/proc/stat").read_text())


def share_busy(before, after):
    """The same, between two texts of /proc/stat. Waiting for a disk is doing nothing."""
    def ticks(text):
        fields = [int(field) for field in text.splitlines()[0].split()[1:9]]
        return sum(fields), fields[3] + fields[4]
    (all_before, idle_before), (all_after, idle_after) = ticks(before), ticks(after)
    return 1 - (idle_after - idle_before) / max(1, all_after - all_before)


def parse_stat(text):
    """Parent and CPU ticks (own, and of children that have ended) from the text of /proc/<pid>/stat."""
    # The name in parentheses may hold anything, also parentheses.
    fields = text[text.rindex(")") + 2 :].split()
    return int(fields[1]), int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14])


def parse_pss(text):
    """Bytes that a process has to itself, shared pages by their share, from /proc/<pid>/smaps_rollup."""
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _read(path):
    try:
        return Path(path).read_text()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None


def tree(root):
    """The process and everything below it: pid to (own ticks, ticks of ended children)."""
    children, ticks = {}, {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        text = _read(f"/proc/{name}/stat")
        if text is None:
            continue
        parent, own, ended = parse_stat(text)
        children.setdefault(parent, []).append(int(name))
        ticks[int(name)] = (own, ended)
    found, queue = {}, [root]
    while queue:
        pid = queue.pop()
        if pid in ticks:
            found[pid] = ticks[pid]
            queue.extend(children.get(pid, []))
    return found


def cpu_seconds(root):
    """CPU seconds of the process, of all below it, and of those of them that have ended."""
    return sum(own + ended for own, ended in tree(root).values()) / TICKS


def memory(root):
    """Bytes of memory of the process and all below it; pages that several share count once in all."""
    return sum(parse_pss(_read(f"/proc/{pid}/smaps_rollup") or "") for pid in tree(root))


class Peak:
    """Looks at the memory of a process tree once a second, and remembers the most."""

    def __init__(self, root):
        self.root, self.most = root, 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self):
        while not self._stop.wait(1.0):
            self.most = max(self.most, memory(self.root))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        self.most = max(self.most, memory(self.root))


class Service:
    """A program that runs until it is told to stop, on one core."""

    def __init__(self, command, core, log, env=None, cwd=None, user=None):
        self.log = Path(log)
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen(
                ["taskset", "-c", str(core), *map(str, command)],
                stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                env={**os.environ, **(env or {})}, cwd=cwd, user=user, start_new_session=True,
            )

    @property
    def pid(self):
        return self.process.pid

    def alive(self):
        return self.process.poll() is None

    def stop(self, sign=15):
        if self.alive():
            self.process.send_signal(sign)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
