"""What is needed before anything is measured: data in Postgres, the servers, and what they are asked about."""

import hashlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from .postgres import Postgres
from .processes import Service
from .scenarios import World, claims_of

BENCH = Path(__file__).parent.parent
ROOT = BENCH.parent
WORK = Path(os.environ.get("BENCH_WORK", BENCH / ".work"))
PORTS = {"ours": 18400, "postgraphile": 18401, "mercurius": 18402, "python": 18403}
TITLES = {"ours": "kraken-api", "postgraphile": "PostGraphile 5", "mercurius": "Mercurius, graphql-jit",
          "python": "Strawberry, uvicorn"}
PEERS = [name for name in PORTS if name != "ours"]
# Of each server's pool.
CONNECTIONS = 10
KEYS = 200
# Meters that have sent a year of half-hours.
MEASURED = 10_000

# Customers with a portfolio of fifty accounts, below another portfolio and with two below it; who may ask without
# limits; and statistics of all of it.
WORLD = """
create temp table landlord as
    select n, user_id from (select row_number() over (order by id) as n, account_user_id as user_id from api_keys) k
    where n <= {landlords};
create temp table estate as
    select n, user_id, 'P-BENCH-' || lpad((n * 4 + place)::text, 4, '0') as number, place
    from landlord, generate_series(0, 3) as place;
insert into portfolios (number, brand, name, billing_name, operations_team_id, created_at, updated_at)
    select e.number, (select code from brands order by code limit 1), 'Estate ' || e.n || '.' || e.place, 'Estate ' || e.n,
        (select min(id) from operations_teams), timestamptz '2025-01-01 09:00:00+00', timestamptz '2025-06-01 09:00:00+00'
    from estate e order by e.number;
update portfolios p set parent_id = above.id
    from estate e join estate o on o.n = e.n and o.place = case e.place when 1 then 0 else 1 end
        join portfolios above on above.number = o.number
    where p.number = e.number and e.place > 0;
insert into portfolio_user_roles (portfolio_id, user_id, role, created_at)
    select p.id, e.user_id, 'PORTFOLIO_OWNER', p.created_at from estate e join portfolios p on p.number = e.number;
update accounts a set portfolio_id = p.id
    from (select id, (row_number() over (order by md5(number)) - 1) / 50 + 1 as n from accounts) chosen
        join estate e on e.n = chosen.n and e.place = 1 join portfolios p on p.number = e.number
    where a.id = chosen.id;
update portfolios p set lead_account_id = (select min(a.id) from accounts a where a.portfolio_id = p.id)
    from estate e where p.number = e.number and e.place = 1;
insert into rate_overrides (subject, points, mode, set_at)
    select 'kraken|account-user:' || account_user_id, null::bigint, 'COUNT', now() from api_keys
    union all select 'address:127.0.0.1', null, 'COUNT', now()
    union all select 'kraken|support-user:' || id, null, 'COUNT', now() from support_users;
"""


def landlords_of(accounts):
    """How many customers have fifty accounts, where there are so many accounts in all."""
    return max(2, min(200, accounts // 100))


def say(what):
    print(f"[{time.strftime('%H:%M:%S')}] {what}", file=sys.stderr, flush=True)


def binary():
    """The server to measure: BENCH_BINARY, or a fresh release build."""
    given = os.environ.get("BENCH_BINARY")
    if given:
        return Path(given).resolve()
    say("building the server in release")
    cargo = os.environ.get("CARGO", "cargo")
    subprocess.run([cargo, "build", "--release", "--locked", "--bin", "kraken-api"], cwd=ROOT, check=True)
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve() / "release" / "kraken-api"


def _same(one, other):
    return one.exists() and other.exists() and one.read_bytes() == other.read_bytes()


def install_wrk():
    """The load generator, where it is missing and can be installed."""
    if shutil.which("wrk"):
        return
    root = [] if os.getuid() == 0 else ["sudo", "-n"]
    if shutil.which("apt-get") and (not root or shutil.which("sudo")):
        say("installing wrk")
        subprocess.run([*root, "apt-get", "update", "-qq"])
        subprocess.run([*root, "apt-get", "install", "-y", "-qq", "wrk"], stdout=subprocess.DEVNULL)
    if not shutil.which("wrk"):
        raise SystemExit("wrk is missing; install it with: sudo apt-get install wrk")


def install(peers):
    """The peers' libraries, as their lock files name them, in folders of their own."""
    install_wrk()
    for name in peers:
        source, home = BENCH / "peers" / name, WORK / name
        lock = "requirements.txt" if name == "python" else "package-lock.json"
        fresh = home / "installed.lock"
        home.mkdir(parents=True, exist_ok=True)
        for file in [*source.iterdir(), BENCH / "peers" / "statements.sql"]:
            if file.is_file():
                shutil.copy(file, home / file.name)
        if _same(home / lock, fresh):
            continue
        say(f"installing {TITLES[name]}")
        if name == "python":
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(home / "venv")], check=True)
            subprocess.run([str(home / "venv/bin/pip"), "install", "-q", "--disable-pip-version-check", "--require-virtualenv",
                            "-r", str(home / lock)], check=True)
        else:
            subprocess.run([os.environ.get("NPM", "npm"), "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=home,
                           check=True)
        shutil.copy(home / lock, fresh)


@dataclass
class Server:
    name: str
    service: Service
    url: str

    def post(self, body, token=""):
        """Status and bytes of the answer."""
        host, path = self.url.removeprefix("http://").split("/", 1)
        connection = http.client.HTTPConnection(host, timeout=60)
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = token
        connection.request("POST", "/" + path, body.encode(), headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, text


class Stage:
    """A database of so many accounts, and the servers over it."""

    def __init__(self, postgres: Postgres, program: Path, accounts: int, cores, log=None, months=24, place=0):
        self.postgres, self.program, self.accounts, self.cores, self.log = postgres, program, accounts, cores, log
        self.database = f"bench_{accounts}"
        self.home = WORK / f"home-{accounts}"
        # Of history; those that there are, once there is data.
        self.months = months
        self.servers, self.world = {}, None
        # Where several are up at once, each server of ours has a port of its own.
        self.ports = {**PORTS, "ours": PORTS["ours"] + 10 * place}
        self.issuer = f"http://127.0.0.1:{self.ports['ours']}/v1/graphql/"

    def _ours(self, *arguments):
        done = subprocess.run(
            [str(self.program), "--home", str(self.home), "--database-url", self.postgres.url(self.database), *arguments],
            capture_output=True, text=True, env=self._env())
        if done.returncode:
            raise SystemExit(f"kraken-api {arguments[0]}: {done.stdout}{done.stderr}")
        return done.stdout

    def _env(self):
        env = {name: value for name, value in os.environ.items() if not name.startswith(("KRAKEN_", "DATABASE_URL"))}
        if self.log:
            env["KRAKEN_LOG"] = self.log
        return {**env, "PORT": str(self.ports["ours"])}

    def seed(self):
        """Makes the data unless it is there from an earlier run."""
        if (self.home / "made.json").exists() and self.database in self.postgres.databases():
            # What PostGraphile's views look at cannot be migrated.
            self.postgres.sql("drop schema if exists bench_peer cascade", self.database)
            self._ours("migrate")
            self.months = json.loads((self.home / "made.json").read_text()).get("months", 24)
            return
        say(f"seeding {self.accounts:,} accounts")
        self.postgres.sql(f"drop database if exists {self.database}")
        self.postgres.sql(f"create database {self.database}")
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True)
        landlords = landlords_of(self.accounts)
        keys = max(landlords, min(KEYS, self.accounts // 5))
        began = time.monotonic()
        said = self._ours("seed", "--accounts", str(self.accounts), "--seed", "1", "--months", str(self.months), "--api-keys", str(keys),
                          "--measured", str(min(MEASURED, self.accounts)), "--measured-days", "365")
        took = time.monotonic() - began
        password = self._ours("staff", "add", "--email", "bench@example.com", "--name", "Bench").split()[-1]
        self.postgres.sql(WORLD.format(landlords=landlords), self.database)
        self.postgres.sql("vacuum analyze; checkpoint", self.database)
        (self.home / "made.json").write_text(json.dumps({"password": password, "said": said, "seconds": took, "months": self.months}))

    def warm(self):
        """Reads all of it once: who is measured first does not pay for what the system has in memory afterwards."""
        say(f"reading {self.accounts:,} accounts into memory")
        self.postgres.sql("create extension if not exists pg_prewarm", self.database)
        self.postgres.sql("select sum(pg_prewarm(c.oid::regclass)) from pg_class c"
                          " where c.relkind in ('r', 'i', 't') and c.relpersistence = 'p'", self.database)

    def start(self, peers):
        """Starts our server and the peers, each on the core for servers."""
        core, env = self.cores["server"], self.postgres.environment(self.database)
        self.postgres.sql((BENCH / "peers/postgraphile/views.sql").read_text(), self.database)
        logs = WORK / "logs"
        logs.mkdir(exist_ok=True)
        self._serve("ours", [self.program, "--home", self.home, "--database-url", self.postgres.url(self.database), "--connections",
                             str(CONNECTIONS), "serve", "--no-demo", "--no-work"], core, logs, self._env(), "/v1/graphql/")
        self._write_setup()
        env["BENCH_SETUP"] = str(WORK / "setup.json")
        for name in peers:
            home = WORK / name
            if name == "python":
                command = [home / "venv/bin/gunicorn", "--worker-class", "uvicorn_worker.UvicornWorker", "--workers", "1",
                           "--bind", f"127.0.0.1:{self.ports[name]}", "--log-level", "warning", "server:app"]
            else:
                command = [home / "node_modules/node/bin/node", "server.js"]
            mine = {**env, "PORT": str(self.ports[name]), "NODE_ENV": "production", "GRAPHILE_ENV": "production"}
            self._serve(name, command, core, logs, mine, "/graphql/" if name == "python" else "/graphql", home)
        self._meet()

    def _serve(self, name, command, core, logs, env, path, cwd=None):
        service = Service(command, core, logs / f"{name}-{self.accounts}.log", env, cwd)
        server = Server(name, service, f"http://127.0.0.1:{self.ports[name]}{path}")
        self.servers[name] = server
        probe = json.dumps({"query": "{ __typename }"})
        for _ in range(1200):
            if not service.alive():
                raise SystemExit(f"{TITLES[name]} did not start; see {service.log}")
            try:
                if server.post(probe)[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise SystemExit(f"{TITLES[name]} did not answer in two minutes; see {service.log}")

    def _write_setup(self):
        """What the peers need to check and to issue the same tokens as our server."""
        kid, private = self.postgres.sql(
            "select kid || '|' || private_pem from signing_keys where retired_at is null order by id desc limit 1",
            self.database).split("|", 1)
        public = subprocess.run(["openssl", "rsa", "-pubout"], input=private + "\n", capture_output=True, text=True, check=True)
        setup = {"kid": kid, "privateKey": private + "\n", "publicKey": public.stdout, "issuer": self.issuer,
                 "connections": CONNECTIONS}
        path = WORK / "setup.json"
        path.touch(0o600)
        path.write_text(json.dumps(setup))

    def log_in(self, **credentials):
        body = json.dumps({"query": "mutation($i: ObtainJSONWebTokenInput!) { obtainKrakenToken(input: $i) { token } }",
                           "variables": {"i": credentials}})
        _, text = self.servers["ours"].post(body)
        answer = json.loads(text)
        if "errors" in answer:
            raise SystemExit(f"a log-in was refused: {answer['errors']}")
        return answer["data"]["obtainKrakenToken"]["token"]

    def _meet(self):
        """Logs everybody in who asks for something."""
        made = json.loads((self.home / "made.json").read_text())
        keys = [each["apiKey"] for each in json.loads((self.home / "seed.json").read_text())["customers"]]
        owned = self.postgres.rows(
            "select r.user_id, p.number from portfolios p join portfolio_user_roles r on r.portfolio_id = p.id"
            " where p.lead_account_id is not null and p.number like 'P-BENCH-%' order by p.number", self.database)
        accounts = self.postgres.rows(
            "select a.number, p.number from accounts a join portfolios p on p.id = a.portfolio_id"
            " where p.lead_account_id is not null and p.number like 'P-BENCH-%' order by a.id", self.database)
        charged = self.postgres.sql("select number from accounts where market = 'gb' order by md5(number) limit 2000",
                                    self.database).split()
        japanese, british = (self.postgres.rows(
            f"select {column}, p.number from accounts a join portfolios p on p.id = a.portfolio_id"
            " join supply_periods s on s.account_id = a.id join supply_points sp on sp.id = s.supply_point_id"
            " where p.lead_account_id is not null and p.number like 'P-BENCH-%'"
            f" and sp.market = '{market}' and exists (select from interval_days i where i.supply_point_id = sp.id"
            " and i.day = '2025-01-15') order by sp.id", self.database)
            for market, column in (("jp", "a.number"), ("gb", "sp.identifier")))
        by_user = {}
        owner_of = dict(self.postgres.rows("select encode(key_hash, 'hex'), account_user_id from api_keys", self.database))
        wanted = {user for user, _ in owned}
        for key in keys:
            user = owner_of[hashlib.sha256(key.encode()).hexdigest()]
            if user in wanted:
                by_user[user] = self.log_in(APIKey=key)
        tokens = {number: by_user[user] for user, number in owned}
        staff = self.log_in(email="bench@example.com", password=made["password"])
        assert claims_of(staff)["sub"].startswith("kraken|support-user:")
        self.world = World(accounts=[tuple(row) for row in accounts], portfolios=[number for _, number in owned],
                           charged=charged, keys=keys, tokens=tokens,
                           japanese=[tuple(row) for row in japanese], british=[tuple(row) for row in british], staff=staff,
                           issuer=self.issuer)

    def stop(self):
        for server in self.servers.values():
            server.service.stop()
        self.servers = {}
