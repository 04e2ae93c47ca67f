#!/usr/bin/env python3
"""Measures the server beside what somebody would pick instead. `make bench`; `bench/run.py --help` has the rest."""

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from harness import measure, report, split, stage
from harness.postgres import Postgres, half_of_memory
from harness.stage import PEERS, WORK, Stage, say


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=100_000, help="accounts for the comparison")
    parser.add_argument("--months", type=int, default=24, help="of history, where the data is not there yet")
    parser.add_argument("--sizes", default="1000,10000", help="further numbers of accounts, for our server alone; '' for none")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=8, help="of one turn of one server")
    parser.add_argument("--warm", type=int, default=3, help="seconds before the first round")
    parser.add_argument("--scenario", action="append", default=[], help="only this one; may be repeated")
    parser.add_argument("--peer", action="append", default=[], choices=PEERS, help="only this one; may be repeated")
    parser.add_argument("--alone", action="store_true", help="no peers: adds this number of accounts to what is known")
    parser.add_argument("--soak", type=int, metavar="MINUTES", help="a soak at 70 %% of the load, instead of all the rest")
    parser.add_argument("--one-core", action="store_true", help="server, Postgres and load on one core; the other may do something else")
    parser.add_argument("--buffers", help="of Postgres; half of the memory unless told otherwise")
    parser.add_argument("--split", action="store_true", help="where a request's time goes, instead of all the rest")
    parser.add_argument("--remark", help="with --report: what to know about the run that no figure shows; '' takes it away")
    parser.add_argument("--report", action="store_true", help="write docs/performance.md anew from what is known, measure nothing")
    return parser.parse_args()


def cores(on_one=False):
    usable = sorted(os.sched_getaffinity(0))
    if on_one:
        return {"server": usable[0], "database": usable[0]}
    if len(usable) < 2:
        raise SystemExit("two cores are needed: one for the servers, one for Postgres and the load")
    return {"server": usable[0], "database": usable[1]}


class Bench:
    def __init__(self, options, postgres, program):
        self.options, self.postgres, self.program = options, postgres, program
        self.scenarios = measure.chosen(options.scenario)

    def _stage(self, accounts, log=None, place=0):
        """Data of so many accounts, in memory; the server over it is not started yet."""
        options = self.options
        world = Stage(self.postgres, self.program, accounts, cores(options.one_core), log, options.months, place)
        world.seed()
        world.warm()
        return world

    def _on_stage(self, accounts, peers, work, log=None):
        world = self._stage(accounts, log)
        try:
            world.start(peers)
            return work(world)
        finally:
            world.stop()

    def figures(self, accounts, peers):
        def work(world):
            measure.compare(world, self.scenarios)
            return self._run({name: (world, name) for name in world.servers})
        found = self._on_stage(accounts, peers, work)
        show(f"{accounts:,} accounts", found, stage.TITLES)
        return {"accounts": accounts, "figures": found, "database_bytes": self._bytes(accounts)}

    def _run(self, runners):
        options = self.options
        return measure.plain(measure.run(runners, self.scenarios, options.rounds, options.seconds, options.warm))

    def _bytes(self, accounts):
        return int(self.postgres.sql(f"select pg_database_size('bench_{accounts}')"))

    def sizes(self, sizes):
        """Ours over several numbers of accounts, in turns: whatever pace the machine has, it is that of all of them."""
        worlds = {str(accounts): self._stage(accounts, place=place) for place, accounts in enumerate(sizes)}
        try:
            for world in worlds.values():
                world.start([])
                measure.compare(world, self.scenarios)
            found = self._run({size: (world, "ours") for size, world in worlds.items()})
        finally:
            for world in worlds.values():
                world.stop()
        show("ours", found, {size: f"{int(size):,} accounts" for size in worlds})
        report.keep(sizes={size: {name: by[size] for name, by in found.items()} for size in worlds},
                    histories={size: {"months": world.months, "bytes": self._bytes(size), "in_turns": len(worlds) > 1}
                               for size, world in worlds.items()})

    def split(self):
        found = self._on_stage(self.options.accounts, [], lambda world: split.split(world, self.scenarios), split.LOG)
        report.keep(split=found)

    def soak(self, minutes):
        if minutes > 50:
            raise SystemExit("tokens last an hour: 50 minutes at most")
        soaked = self._on_stage(self.options.accounts, [], lambda world: split.soak(world, self.scenarios, minutes))
        report.keep(soak={**soaked, "one_core": self.options.one_core, "accounts": self.options.accounts})

    def everything(self, peers):
        options = self.options
        facts = report.machine(self.postgres.programs)
        report.keep(machine=facts, options={"rounds": options.rounds, "seconds": options.seconds, "warm": options.warm},
                    compared={**self.figures(options.accounts, peers), "buffers": options.buffers,
                              "huge_pages": self.postgres.has_huge_pages()})
        self.split()
        others = [int(size) for size in options.sizes.split(",") if size]
        if others:
            self.sizes([*others, options.accounts])


def show(what, found, titles):
    for name, by in found.items():
        print(f"\n{name}, {what}")
        for label, f in by.items():
            print(f"  {titles[label]:24} {f['rate']:9.1f}/s  p50 {f['p50']:8.2f}  p99 {f['p99']:8.2f} ms  "
                  f"{f['memory'] / 2**20:6.1f} MB  {f['statements']:5.1f} statements ({f['of_control']:.1f} control)  "
                  f"{f['bytes']:8.0f} B  CPU {f['cpu_server']:6.3f} + {f['cpu_database']:6.3f} ms  failed {f['failed']}")


def main():
    options = arguments()
    WORK.mkdir(exist_ok=True)
    if not options.report:
        options.buffers = options.buffers or half_of_memory()
        only_ours = options.alone or options.split or options.soak
        peers = [] if only_ours else options.peer or PEERS
        program = stage.binary()
        stage.install(peers)
        postgres = Postgres(WORK / "postgres", cores(options.one_core)["database"], options.buffers)
        bench = Bench(options, postgres, program)
        try:
            postgres.start()
            if options.soak:
                bench.soak(options.soak)
            elif options.split:
                bench.split()
            elif options.alone:
                bench.sizes([options.accounts])
            else:
                bench.everything(peers)
        finally:
            postgres.stop()
    results = report.keep() if options.remark is None else report.keep(remark=options.remark)
    if "compared" in results:
        report.write(results)
        say("docs/performance.md is written")


if __name__ == "__main__":
    main()
