"""Where the time of a request goes, by what the server says of its phases; and a soak."""

import json
import random
import time
from datetime import datetime

from . import load
from .processes import memory
from .stage import WORK, say

COUNT = 300
PHASES = ("parse", "validate", "plan", "signature", "database", "shape", "write", "rest")
LOG = "info,sqlx=warn,phase=trace"
# How often each kind of request comes in a soak, of a hundred.
MIX = {"account": 55, "ledgers": 20, "fifty": 5, "charge": 10, "login": 5, "published": 5}
SLICE = 30


def phases_of(lines):
    """Nanoseconds by phase, added up over the lines of a log. What resolvers wait for the database is not theirs."""
    spent, waits = {}, []
    for line in lines:
        if '"phase"' not in line:
            continue
        told = json.loads(line)
        if told.get("target") != "phase":
            continue
        name, nanos = told["name"], told["nanos"]
        ended = datetime.fromisoformat(told["timestamp"].replace("Z", "+00:00")).timestamp() * 1e9
        if name == "database":
            waits.append((ended, nanos))
        if name == "execute":
            # What was waited for before, such as the caller's points, has nothing to do with resolving.
            waiting = sum(waited for at, waited in waits if at > ended - nanos)
            spent["shape"] = spent.get("shape", 0) + nanos - waiting
            waits.clear()
            continue
        spent[name] = spent.get(name, 0) + nanos
    return spent


def _timed(stage, requests):
    log = stage.servers["ours"].service.log
    at = log.stat().st_size
    taken = 0
    for token, body in requests:
        began = time.perf_counter_ns()
        stage.servers["ours"].post(body, token)
        taken += time.perf_counter_ns() - began
    time.sleep(0.2)
    with open(log) as file:
        file.seek(at)
        return phases_of(file), taken


def split(stage, scenarios):
    """Microseconds a request by scenario and phase. Parsing and validating are of documents never seen before; all the
    rest is of documents that are known."""
    found = {}
    for scenario in scenarios:
        asked = scenario.requests("ours", stage.world, 2 * COUNT, "split")
        for token, body in asked[:COUNT]:
            stage.servers["ours"].post(body, token)
        warm, taken = _timed(stage, asked[COUNT:])
        fresh = []
        for place, (token, body) in enumerate(asked[COUNT:]):
            told = json.loads(body)
            told["query"] += f" # {place}"
            fresh.append((token, json.dumps(told)))
        cold, _ = _timed(stage, fresh)
        phases = {name: warm.get(name, 0) / COUNT / 1000 for name in PHASES}
        phases.update({name: cold.get(name, 0) / COUNT / 1000 for name in ("parse", "validate")})
        known = sum(warm.get(name, 0) for name in PHASES)
        phases["rest"] = (taken - known) / COUNT / 1000
        found[scenario.name] = phases
        say(f"{scenario.name}: " + ", ".join(f"{name} {micros:.0f}" for name, micros in phases.items()) + " microseconds")
    return found


def mixed(stage, scenarios, count=4000):
    """Requests of all kinds, shuffled."""
    asked = []
    for scenario in scenarios:
        asked += scenario.requests("ours", stage.world, count * MIX.get(scenario.name, 0) // 100, "soak")
    random.Random("soak").shuffle(asked)
    path = WORK / "requests-soak.txt"
    load.write_requests(path, asked)
    return path


def soak(stage, scenarios, minutes, share=0.7, clients=32):
    """Mixed requests at a share of what the server can do, and how it looks after every half minute."""
    path, server = mixed(stage, scenarios), stage.servers["ours"]
    core = stage.cores["database"]
    load.run(server.url, path, core, clients, 5)
    most = load.run(server.url, path, core, clients, 20).rate
    rate = share * most
    say(f"soak: {most:.0f} requests a second at most, {rate:.0f} wanted, for {minutes} minutes")
    slices = []
    for place in range(minutes * 60 // SLICE):
        ran = load.run(server.url, path, core, clients, SLICE, 331 * place, rate)
        connections = int(stage.postgres.sql(f"select count(*) from pg_stat_activity where datname = '{stage.database}'"))
        slices.append({"minute": (place + 1) * SLICE / 60, "rate": ran.rate, "p50": ran.p50, "p99": ran.p99,
                       "memory": memory(server.service.pid), "connections": connections, "failed": ran.failed})
        say(f"soak: {slices[-1]['minute']:5.1f} min  {ran.rate:8.1f}/s  p99 {ran.p99:7.2f} ms  "
            f"{slices[-1]['memory'] / 2**20:.1f} MB  {connections} connections  {ran.failed} failed")
    return {"most": most, "rate": rate, "slices": slices}
