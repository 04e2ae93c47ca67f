"""Compares answers, counts statements, and then times the servers in turns."""

import json
import statistics
from dataclasses import asdict, dataclass, field

from . import load
from .processes import Peak, cpu_seconds
from .scenarios import ALL, comparable
from .stage import TITLES, WORK, Stage, say

REQUESTS = 2000
COMPARED = 20
COUNTED = 50
# Tables that a charge writes, and the column by which new rows of each are found.
ENTRY_TABLES = {"journal_entries": "id", "postings": "journal_entry_id", "transactions": "id", "outbox": "id", "support_audit": "id"}


@dataclass
class Figures:
    """What one server needs for one scenario; milliseconds, bytes and CPU milliseconds a request."""

    rate: float = 0.0
    p50: float = 0.0
    p99: float = 0.0
    memory: int = 0
    statements: float = 0.0
    of_control: float = 0.0
    bytes: float = 0.0
    cpu_server: float = 0.0
    cpu_database: float = 0.0
    failed: int = 0
    rates: list = field(default_factory=list)


def requests_of(stage, scenario, peer):
    path = WORK / f"requests-{scenario.name}-{stage.accounts}-{peer}.txt"
    load.write_requests(path, scenario.requests(peer, stage.world, REQUESTS, "load"))
    return path


def compare(stage: Stage, scenarios):
    """Everybody must give the same answers and write the same rows, or nothing is timed."""
    last = last_rows(stage)
    for scenario in scenarios:
        given = {}
        for name, server in stage.servers.items():
            before = rows_written(stage, last)
            answers = []
            for token, body in scenario.requests(name, stage.world, COMPARED, "compare"):
                status, text = server.post(body, token)
                answer = json.loads(text)
                if status != 200 or answer.get("errors") or not any((answer.get("data") or {}).values()):
                    raise SystemExit(f"{scenario.title}: {TITLES[name]} answers {status} {text[:2000]!r} to {body}")
                answers.append(comparable(answer["data"]))
            after = rows_written(stage, last)
            given[name] = (answers, [b - a for a, b in zip(before, after)])
        for name, (answers, written) in given.items():
            for ours, theirs in zip(given["ours"][0], answers):
                if ours != theirs:
                    show = f"ours   {json.dumps(ours)[:3000]}\ntheirs {json.dumps(theirs)[:3000]}"
                    raise SystemExit(f"{scenario.title}: {TITLES[name]} gives another answer\n{show}")
            if written != given["ours"][1]:
                raise SystemExit(f"{scenario.title}: {TITLES[name]} writes {written} rows of {list(ENTRY_TABLES)}, ours "
                                 f"{given['ours'][1]}")
        say(f"same answers: {scenario.title}")
    if any(scenario.name == "charge" for scenario in scenarios):
        stage._ours("check")
        say("the books are sound after everybody's charges")


def last_rows(stage):
    text = " union all ".join(f"select coalesce(max({column}), 0) from {table}" for table, column in ENTRY_TABLES.items())
    return dict(zip(ENTRY_TABLES, stage.postgres.sql(text, stage.database).split()))


def rows_written(stage, last):
    """How many rows each table has beyond the last that it had."""
    text = " union all ".join(f"select count(*) from {table} where {column} > {last[table]}"
                              for table, column in ENTRY_TABLES.items())
    return [int(count) for count in stage.postgres.sql(text, stage.database).split()]


def count_statements(stage: Stage, name, scenario):
    """Statements a request of this server: all of them, and those that only begin, set or end transactions."""
    postgres, server = stage.postgres, stage.servers[name]
    # Everybody comes by first: whoever is new takes out an allowance with us, and connections prepare their statements.
    known = max(COUNTED, 4 * len(stage.world.portfolios)) if name == "ours" else COUNTED
    asked = scenario.requests(name, stage.world, known + COUNTED, "count")
    for token, body in asked[:known]:
        server.post(body, token)
    postgres.sql("select pg_stat_statements_reset()")
    postgres.count_statements(True)
    for token, body in asked[known:]:
        server.post(body, token)
    postgres.count_statements(False)
    counted = postgres.sql(
        "select sum(calls) || '|' || coalesce(sum(calls) filter (where query ~* '^(begin|start|commit|rollback|end|set)'), 0)"
        f" from pg_stat_statements s join pg_database d on d.oid = s.dbid where d.datname = '{stage.database}'").split("|")
    return [int(count) / COUNTED for count in counted]


def timed(stage: Stage, scenario, name, path, seconds, offset):
    """One turn of one server."""
    server = stage.servers[name]
    cpu = lambda: (cpu_seconds(server.service.pid), cpu_seconds(stage.postgres.service.pid))
    with Peak(server.service.pid) as peak:
        before = cpu()
        ran = load.run(server.url, path, stage.cores["database"], scenario.clients, seconds, offset)
        after = cpu()
    return ran, peak.most, after[0] - before[0], after[1] - before[1]


def run(runners, scenarios, rounds, seconds, warm):
    """Figures by scenario and label: medians over the rounds. `runners` are a stage and a server's name by label."""
    found = {scenario.name: {label: Figures() for label in runners} for scenario in scenarios}
    paths = {(s.name, label): requests_of(world, s, name) for s in scenarios for label, (world, name) in runners.items()}
    for scenario in scenarios:
        for label, (world, name) in runners.items():
            figures = found[scenario.name][label]
            figures.statements, figures.of_control = count_statements(world, name, scenario)
    turns = {key: [] for key in paths}
    for scenario in scenarios:
        for label, (world, name) in runners.items():
            timed(world, scenario, name, paths[scenario.name, label], warm, 0)
        for turn in range(rounds):
            labels = list(runners)
            # Nobody always comes first.
            for label in labels[turn % len(labels):] + labels[:turn % len(labels)]:
                world, name = runners[label]
                got = timed(world, scenario, name, paths[scenario.name, label], seconds, 97 * (turn + 1))
                turns[scenario.name, label].append(got)
                say(f"{scenario.name:10} {TITLES[name]:24} {world.accounts:>9,} accounts {got[0].rate:9.1f}/s"
                    f"  p50 {got[0].p50:8.2f} ms  p99 {got[0].p99:8.2f} ms")
    for (scenario, label), got in turns.items():
        summarise(found[scenario][label], got)
    return found


def summarise(figures, turns):
    median = lambda values: statistics.median(values)
    figures.rates = [round(ran.rate, 1) for ran, *_ in turns]
    figures.rate = median([ran.rate for ran, *_ in turns])
    figures.p50 = median([ran.p50 for ran, *_ in turns])
    figures.p99 = median([ran.p99 for ran, *_ in turns])
    figures.bytes = median([ran.bytes / max(1, ran.requests) for ran, *_ in turns])
    figures.memory = max(memory for _, memory, _, _ in turns)
    figures.cpu_server = median([1000 * cpu / max(1, ran.requests) for ran, _, cpu, _ in turns])
    figures.cpu_database = median([1000 * cpu / max(1, ran.requests) for ran, _, _, cpu in turns])
    figures.failed = sum(ran.failed for ran, *_ in turns)


def chosen(names):
    return [scenario for scenario in ALL if not names or scenario.name in names]


def plain(found):
    return {scenario: {name: asdict(figures) for name, figures in by.items()} for scenario, by in found.items()}
