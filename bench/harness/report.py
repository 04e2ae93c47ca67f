"""docs/performance.md and its plots, from what was measured."""

import json
import os
import platform
import subprocess
from pathlib import Path

from . import plot, processes
from .postgres import meminfo
from .scenarios import ALL
from .split import MIX, PHASES
from .stage import BENCH, CONNECTIONS, PEERS, ROOT, TITLES, WORK

RESULTS = WORK / "results.json"
DOCS = ROOT / "docs"
SCENARIO = {scenario.name: scenario for scenario in ALL}


def keep(**parts):
    """Adds to what is known; databases of other sizes stay."""
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name, value in parts.items():
        if name in ("sizes", "histories"):
            known.setdefault(name, {}).update(value)
        else:
            known[name] = value
    RESULTS.write_text(json.dumps(known, indent=1))
    return known


def machine(programs):
    """Facts that the figures depend on."""
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    postgres = subprocess.run([str(programs / "postgres"), "--version"], capture_output=True, text=True).stdout.strip()
    return {"processor": model, "cores": os.cpu_count(), "memory_gb": round(meminfo("MemTotal") / 2**20),
            "system": f"{platform.system()} {platform.release()}", "postgres": "PostgreSQL " + postgres.split()[2],
            "busy_before": processes.busy()}


def versions():
    """The peers' libraries as their lock files pin them."""
    def npm(peer, *names):
        packages = json.loads((BENCH / "peers" / peer / "package-lock.json").read_text())["packages"]
        return ", ".join(f"{name} {packages['node_modules/' + name]['version']}" for name in names)
    pinned = dict(line.split("==") for line in (BENCH / "peers/python/requirements.txt").read_text().split())
    python = ", ".join(f"{name} {pinned[name]}" for name in ("strawberry-graphql", "asyncpg", "uvicorn", "gunicorn"))
    return {"postgraphile": npm("postgraphile", "postgraphile", "node"),
            "mercurius": npm("mercurius", "mercurius", "graphql-jit", "fastify", "pg", "node"), "python": python}


def number(value):
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def scenario_table(by):
    ours = by["ours"]
    rows = []
    for name, f in by.items():
        rows.append([
            TITLES[name], number(f["rate"]), number(f["rate"] / ours["rate"]) if name != "ours" else "1",
            number(f["p50"]), number(f["p99"]), number(f["memory"] / 2**20),
            f"{f['statements']:.0f} ({f['of_control']:.0f})", number(f["bytes"]), number(f["cpu_server"]),
            number(f["cpu_database"]), str(f["failed"])])
    return table(["", "requests/s", "of ours", "p50 ms", "p99 ms", "MB", "statements", "bytes", "CPU ms, server",
                  "CPU ms, Postgres", "failed"], rows)


MOST_JUDGED = 100_000


def aims(compared, sizes):
    """What was aimed at: sentence, figure, whether it is reached."""
    found = []
    for name, by in compared.items():
        ours = by["ours"]
        for peer in PEERS:
            if peer in by:
                wanted = 10 if peer == "python" else 2 if peer == "postgraphile" and name in ("ledgers", "fifty") else 1
                ratio = ours["rate"] / by[peer]["rate"]
                found.append((f"{SCENARIO[name].title}: {wanted}x the rate of {TITLES[peer]}" if wanted > 1 else
                              f"{SCENARIO[name].title}: ahead of {TITLES[peer]}", f"{number(ratio)}x", ratio >= wanted))
        if name in ("ledgers", "fifty") and "postgraphile" in by:
            ratio = ours["p99"] / by["postgraphile"]["p99"]
            found.append((f"{SCENARIO[name].title}: half the p99 of PostGraphile", f"{number(ratio)}x", ratio <= 0.5))
        if SCENARIO[name].clients == 64:
            memory = ours["memory"] / 2**20
            found.append((f"{SCENARIO[name].title}: under 100 MB at 64 clients", f"{number(memory)} MB", memory < 100))
    # Beyond the comparison's size, data and memory are no longer of one kind: those sizes are shown, not judged.
    known = sorted(int(size) for size in sizes if int(size) <= MOST_JUDGED)
    if len(known) > 1:
        for name in sizes[str(known[0])]:
            if name in sizes[str(known[-1])]:
                ratio = sizes[str(known[-1])][name]["rate"] / sizes[str(known[0])][name]["rate"]
                found.append((f"{SCENARIO[name].title}: flat from {known[0]:,} to {known[-1]:,} accounts",
                              f"{number(ratio)}x the rate", ratio >= 0.8))
    return found


def sizes_of(results):
    """Our figures by number of accounts, and by scenario."""
    sizes = {size: dict(by) for size, by in results.get("sizes", {}).items()}
    compared = results.get("compared")
    if compared:
        # Those that took turns with the other sizes say more.
        sizes.setdefault(str(compared["accounts"]), {name: by["ours"] for name, by in compared["figures"].items()})
    return sizes


def write(results):
    DOCS.mkdir(exist_ok=True)
    compared = results["compared"]
    figures, sizes = compared["figures"], sizes_of(results)
    parts = [opening(results)]
    servers = list(next(iter(figures.values())))
    picture = plot.bars(f"Requests a second over {compared['accounts']:,} accounts, one core (logarithmic)",
                        [SCENARIO[name].title.split(".")[0] + ". " + name for name in figures], [TITLES[s] for s in servers],
                        [[max(0.1, by[server]["rate"]) for by in figures.values()] for server in servers])
    (DOCS / "performance-peers.svg").write_text(picture)
    parts.append("## Beside the others\n\n![Requests a second](performance-peers.svg)")
    for name, by in figures.items():
        parts.append(f"### {SCENARIO[name].title}\n\n{SCENARIO[name].clients} clients.\n\n{scenario_table(by)}")
    parts.append("## What was aimed at\n\n" + verdict(aims(figures, sizes)))
    if len(sizes) > 1:
        parts.append(growth(sizes, results.get("histories", {})))
    if "split" in results:
        parts.append(split_part(results["split"]))
    if "soak" in results:
        parts.append(soak_part(results["soak"]))
    parts.append(limits(figures))
    (DOCS / "performance.md").write_text("\n\n".join(parts) + "\n")


def verdict(found):
    missed = [(aim, figure) for aim, figure, reached in found if not reached]
    said = f"{len(found) - len(missed)} of {len(found)} aims are reached."
    if not missed:
        return said
    return said + " These are not:\n\n" + table(["Aim", "Measured"], [[aim, figure] for aim, figure in missed])


def opening(results):
    facts, peers, compared = results["machine"], versions(), results["compared"]
    options = results["options"]
    busy = facts["busy_before"] > 0.1
    remark = f"\n{results['remark']}\n" if results.get("remark") else ""
    noise = ("\n**Something else was running: the rates say little, the CPU columns and the statements more.**\n" if busy else "")
    return f"""# Performance

Written by `make bench` from what it measured; do not edit. {facts['processor']}, {facts['cores']} cores, {facts['memory_gb']} GB,
{facts['system']}, {facts['postgres']}. Before the run it was busy for {facts['busy_before']:.0%} of the time.
{noise}{remark}
One Postgres holds {compared['accounts']:,} accounts as `kraken-api seed` makes them ({compared['database_bytes'] / 1e9:.1f} GB), for everybody. Servers share one
core; Postgres and the load generator (wrk) share another. The servers take turns of {options['seconds']} seconds
({options['rounds']} each, after {options['warm']} seconds to warm up), and the medians count. Each has {CONNECTIONS} connections to Postgres over its Unix socket. Postgres has {compared.get('buffers', '1GB')} of buffers{', in huge pages' if compared.get('huge_pages') else ''}, and all
data is read into memory first. Nothing is timed before
all of them have given the same answers and, for charges, written as many rows of the same tables, and `kraken-api
check` has proved the books after them. Memory is the proportional set size of all processes of a server at its peak;
statements are those that Postgres counts, in brackets those of them that begin, set or end transactions.

| | Libraries | What it does |
|---|---|---|
| {TITLES['ours']} | this server, `serve --no-work` | verifies the token, looks up whether it still counts, keeps the caller's allowance, reads one snapshot, checks access in every statement |
| {TITLES['postgraphile']} | {peers['postgraphile']} | amber preset over views; verifies the token, checks access in the view that the query begins with, writes by functions in PL/pgSQL |
| {TITLES['mercurius']} | {peers['mercurius']} | resolvers and loaders by hand, prepared statements; verifies the token, looks up whether it still counts, checks access where the query begins |
| {TITLES['python']} | {peers['python']} | resolvers and data loaders by hand, prepared statements; the same checks |

Reads are made by customers who each hold a portfolio of fifty accounts, with their own tokens, of accounts and
portfolios drawn at random; charges by a member of staff; log-ins by API keys. Jobs and webhooks are another server's
here (`--no-work`), so that what they do is in nobody's figures. The published document comes without its fragments
and without pages for its connections; both are filled in. A month of half-hours is read as Japanese clients read it, up
to 1,488 of them in one answer; a year by day in four quarters, because a page holds a hundred.

To measure again, on a machine that does nothing else, with Python 3, npm and wrk:

```sh
make bench                        # compares all; 1,000, 10,000 and 100,000 accounts; writes this file
bench/run.py --accounts 1000000 --months 4 --alone --rounds 3   # adds a size by hand; 90 GB of disk with all 24 months
make bench-soak MINUTES=30        # adds the soak
```"""


def growth(sizes, histories):
    known = sorted(int(size) for size in sizes)
    everywhere = [name for name in SCENARIO if all(name in sizes[str(size)] for size in known)]
    names = [name for name in SCENARIO if sum(name in sizes[str(size)] for size in known) > 1]
    series = [(name, [sizes[str(size)][name]["rate"] / sizes[str(known[0])][name]["rate"] * 100 for size in known]) for name in everywhere]
    (DOCS / "performance-sizes.svg").write_text(
        plot.lines("Our requests a second by number of accounts, in percent of those with the fewest", "percent", known, series, True))
    told = {size: {name: f"{number(f['rate'])} ({number(f['p99'])})" for name, f in sizes[str(size)].items()} for size in known}
    rows = [[SCENARIO[name].title] + [told[size].get(name, "–") for size in known] for name in names]
    short = [f"{size:,} accounts have {histories[str(size)]['months']} months of history instead of 24 "
             f"({histories[str(size)]['bytes'] / 1e9:.1f} GB)" for size in known if histories.get(str(size), {}).get("months", 24) < 24]
    said = f" Of those, {'; '.join(short)}." if short else ""
    in_turns = [size for size in known if histories.get(str(size), {}).get("in_turns")]
    turns = "; " + ", ".join(f"{size:,}" for size in in_turns) + " accounts took turns" if in_turns else ""
    return ("## How cost grows\n\n![Rates by number of accounts](performance-sizes.svg)\n\nOurs: requests a second, and p99 in "
            f"milliseconds in brackets{turns}.{said}\n\n" + table(["", *(f"{size:,} accounts" for size in known)], rows))


def split_part(split):
    rows = [[SCENARIO[name].title] + [number(phases[phase]) for phase in PHASES] for name, phases in split.items()]
    return ("## Where a request's time goes\n\nMicroseconds of one request at a time, by the server's own clock "
            "(`KRAKEN_LOG=info,phase=trace`). Parsing and validating are of documents that were never seen before; known ones cost "
            "nothing there. `database` is from sending a statement to having read its rows, `signature` the check of the token, "
            "`shape` what resolvers do besides waiting, `rest` HTTP, connections, the log and the client itself.\n\n" + table(["", *PHASES], rows))


def soak_part(soak):
    slices = soak["slices"]
    minutes = [each["minute"] for each in slices]
    for name, unit, read in (("p99", "ms", lambda s: s["p99"]), ("memory", "MB", lambda s: s["memory"] / 2**20),
                             ("connections", "", lambda s: s["connections"])):
        (DOCS / f"performance-soak-{name}.svg").write_text(
            plot.lines(f"Soak at 70 % of the load: {name} by minute", unit, minutes, [(name, [read(s) for s in slices])]))
    mix = ", ".join(f"{share} % {name}" for name, share in MIX.items())
    place = ", server, Postgres and load on one core while the other did something else" if soak.get("one_core") else ""
    half = len(slices) // 2
    mean = lambda rows, key: sum(row[key] for row in rows) / max(1, len(rows))
    rows = [[when, number(mean(part, "rate")), number(mean(part, "p50")), number(mean(part, "p99")), number(mean(part, "memory") / 2**20),
             number(mean(part, "connections")), str(sum(row["failed"] for row in part))]
            for when, part in (("First half", slices[:half]), ("Second half", slices[half:]))]
    return (f"## Soak\n\n{minutes[-1]:g} minutes over {soak['accounts']:,} accounts at {number(soak['rate'])} requests a second, 70 % of the most that the same mix reached "
            f"({number(soak['most'])}){place}: {mix}.\n\n![p99](performance-soak-p99.svg)\n![Memory](performance-soak-memory.svg)\n"
            "![Connections](performance-soak-connections.svg)\n\n"
            + table(["", "requests/s", "p50 ms", "p99 ms", "MB", "connections", "failed"], rows))


def limits(figures):
    rows = []
    for name, by in figures.items():
        ours = by["ours"]
        best = min((by[peer]["cpu_server"] + by[peer]["cpu_database"], TITLES[peer]) for peer in by)
        total = ours["cpu_server"] + ours["cpu_database"]
        rows.append([SCENARIO[name].title, number(1000 / max(ours["cpu_server"], 0.001)), number(1000 / max(ours["cpu_database"], 0.001)),
                     number(total), f"{number(best[0])} ({best[1]})"])
    return ("## What the limit is\n\nA query cannot cost less than one round trip to Postgres for each of its levels and the writing of "
            "its bytes. What is above that here: the token's owner is looked up (one round trip, which makes a session end at once when "
            "it is ended, and which begins the snapshot and closes the one before it), totals of pages are statements of their own, "
            "and every statement checks access. The rate that the CPU time of one core would allow, if that core did "
            "nothing else, and the CPU time of a request in both, beside whoever needs least:\n\n"
            + table(["", "server's core, requests/s", "Postgres' core, requests/s", "CPU ms of ours", "least CPU ms"], rows)
            + tenfold(figures) + CHARGE)


CHARGE = """

Most of what Postgres does for a charge is locking, posting and committing, which everybody has to do: three postings with their
foreign keys, the indexes of a transaction, and the proof that the entry sums to zero. What ours asks for on top of that: whether
the token was handed back, what the roles of staff allow, and whether anybody wants to be told of it. What it saves is round trips:
five in all, of which two hold balances locked. Everybody posts in stripes of the books that go by the connection. Locking and
posting in one statement instead of two is no way out: wherever two callers meet on a balance, Postgres then sets the statement up
a second time.

Half of what the server spends on a log-in is the signature of the token (RS256), which everybody makes with the processor's own
instructions for it. What fifty accounts ask for lies scattered over the tables, and the statements are as many with
100,000 accounts as with 1,000. With small pages most of the difference was misses of the TLB; what huge pages leave of it we put
down to the processor's caches, and have not proved."""


def tenfold(figures):
    """What ten times the Python stack would take, where it is not reached."""
    rows = []
    for name, by in figures.items():
        ours, python = by["ours"], by.get("python")
        if python and ours["rate"] < 10 * python["rate"]:
            wanted = 10 * python["rate"]
            rows.append([SCENARIO[name].title, number(wanted), number(1000 / wanted), number(ours["cpu_database"]), number(ours["cpu_server"])])
    if not rows:
        return ""
    return ("\n\nTen times the Python stack is not reached where Postgres does most of the work, which is the same for everybody: neither "
            "Postgres' core, which carries the load generator as well, nor the server's may then spend more on a request than the third "
            "column says, and so much is spent:\n\n"
            + table(["", "10x, requests/s", "CPU ms a core may spend", "CPU ms, Postgres", "CPU ms, server"], rows))
