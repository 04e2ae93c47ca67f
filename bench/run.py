#!/usr/bin/env python3
"""Measures the server beside what somebody would pick instead. `make bench`; `bench/run.py --help` has the rest."""

import argparse
import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from harness import measure, stage
from harness.postgres import Postgres
from harness.stage import PEERS, WORK, Stage, say


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=100_000, help="accounts for the comparison")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=8, help="of one turn of one server")
    parser.add_argument("--warm", type=int, default=3, help="seconds before the first round")
    parser.add_argument("--scenario", action="append", default=[], help="only this one; may be repeated")
    parser.add_argument("--peer", action="append", default=[], choices=PEERS, help="only this one; may be repeated")
    parser.add_argument("--alone", action="store_true", help="no peers")
    return parser.parse_args()


def cores():
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        raise SystemExit("two cores are needed: one for the servers, one for Postgres and the load")
    return {"server": usable[0], "database": usable[1]}


def compare(options, postgres, program, accounts, peers, scenarios):
    """The figures over a database of so many accounts."""
    world = Stage(postgres, program, accounts, cores())
    world.seed()
    try:
        world.start(peers)
        measure.compare(world, scenarios)
        found = measure.run(world, scenarios, options.rounds, options.seconds, options.warm)
    finally:
        world.stop()
    return {"accounts": accounts, "figures": measure.plain(found),
            "database_bytes": int(postgres.sql(f"select pg_database_size('{world.database}')"))}


def main():
    options = arguments()
    peers = [] if options.alone else options.peer or PEERS
    scenarios = measure.chosen(options.scenario)
    WORK.mkdir(exist_ok=True)
    program = stage.binary()
    stage.install(peers)
    postgres = Postgres(WORK / "postgres", cores()["database"])
    try:
        postgres.start()
        result = compare(options, postgres, program, options.accounts, peers, scenarios)
    finally:
        postgres.stop()
    (WORK / "result.json").write_text(json.dumps(result, indent=1))
    for name, by in result["figures"].items():
        print(f"\n{name}")
        for peer, f in by.items():
            print(f"  {stage.TITLES[peer]:24} {f['rate']:9.1f}/s  p50 {f['p50']:8.2f}  p99 {f['p99']:8.2f} ms  "
                  f"{f['memory'] / 2**20:6.1f} MB  {f['statements']:5.1f} statements ({f['of_control']:.1f} control)  {f['bytes']:8.0f} B  "
                  f"CPU {f['cpu_server']:6.3f} + {f['cpu_database']:6.3f} ms  failed {f['failed']}")


if __name__ == "__main__":
    main()
