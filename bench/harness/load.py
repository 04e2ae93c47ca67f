"""Load: wrk on the core that Postgres has."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).parent.parent / "load.lua"


@dataclass
class Ran:
    """What one run gave; times in milliseconds."""

    requests: int
    seconds: float
    bytes: int
    p50: float
    p90: float
    p99: float
    failed: int

    @property
    def rate(self):
        return self.requests / self.seconds


def write_requests(path, requests):
    Path(path).write_text("".join(f"{token}\t{body}\n" for token, body in requests))


def parse(text):
    """What load.lua said at the end."""
    line = next(line for line in text.splitlines() if line.startswith("RESULT "))
    told = json.loads(line[len("RESULT "):])
    return Ran(told["requests"], told["micros"] / 1e6, told["bytes"], told["p50"] / 1000, told["p90"] / 1000,
               told["p99"] / 1000, told["bad"] + told["lost"])


def run(url, requests, core, clients, seconds, offset=0, rate=None):
    """Sends the requests of a file for so long."""
    env = {**os.environ, "BENCH_REQUESTS": str(requests), "BENCH_OFFSET": str(offset)}
    if rate:
        env["BENCH_RATE"] = str(rate)
    done = subprocess.run(
        ["taskset", "-c", str(core), "wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "30s",
         "-s", str(SCRIPT), url], env=env, capture_output=True, text=True)
    if done.returncode or "RESULT" not in done.stdout:
        raise SystemExit(f"wrk failed: {done.stdout}{done.stderr}")
    return parse(done.stdout)
