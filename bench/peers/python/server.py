"""Strawberry over asyncpg with data loaders, on gunicorn with uvicorn's worker: a Python shop's server by hand."""

import hashlib
import json
import os
import re
import secrets
import time
from collections import defaultdict
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated, Optional

import asyncpg
import jwt
import strawberry
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from starlette.applications import Starlette
from starlette.routing import Mount
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.types import Info

HERE = Path(__file__).parent
SETUP = json.loads(Path(os.environ["BENCH_SETUP"]).read_text())
PUBLIC = load_pem_public_key(SETUP["publicKey"].encode())
PRIVATE = load_pem_private_key(SETUP["privateKey"].encode(), None)
STATEMENTS = {}
for block in re.split(r"^-- name: ", (HERE / "statements.sql").read_text(), flags=re.M)[1:]:
    name, _, text = block.partition("\n")
    STATEMENTS[name.strip()] = text
POOL = None


async def ask(name, *values, on=None):
    return await (on or POOL).fetch(STATEMENTS[name], *values)


def grouped(rows, by):
    groups = defaultdict(list)
    for row in rows:
        groups[row[by]].append(row)
    return groups


class Loaders:
    """One of each a request; those with arguments are kept by them."""

    def __init__(self, user):
        self.user = user
        self.balances = DataLoader(self._balances)
        self.ledgers = DataLoader(self._by("ledgers", "account_id"))
        self.users = DataLoader(self._by("users", "account_id"))
        self.properties = DataLoader(self._by("properties", "account_id"))
        self.metered = DataLoader(self._by("points", "property_id", ["gb", "au", "us"]))
        self.japanese = DataLoader(self._by("points", "property_id", ["jp"]))
        self.agreements = DataLoader(self._by("agreements", "supply_point_id"))
        self.above = DataLoader(self._above)
        self._paged = {}

    async def _balances(self, ids):
        known = {row["account_id"]: row["balance"] for row in await ask("balances", ids)}
        return [known.get(each, 0) for each in ids]

    async def _above(self, ids):
        groups = grouped(await ask("portfolios_above", ids, self.user), "origin")
        return [groups[each] for each in ids]

    @staticmethod
    def _by(statement, column, *more):
        async def load(ids):
            groups = grouped(await ask(statement, ids, *more), column)
            return [groups[each] for each in ids]
        return load

    def paged(self, statement, *more):
        key = (statement, *more)
        if key not in self._paged:
            self._paged[key] = DataLoader(self._by(statement, "parent", *more))
        return self._paged[key]


Row = strawberry.Private[object]


@strawberry.type
class TransactionType:
    id: strawberry.ID
    posted_date: str
    title: str
    amount: int
    balance_carried_forward: int


@strawberry.type
class TransactionEdge:
    node: TransactionType


@strawberry.type
class TransactionConnection:
    edges: list[TransactionEdge]


async def transactions_under(info, statement, parent, first):
    rows = await info.context["loaders"].paged(statement, first).load(parent)
    return TransactionConnection(edges=[
        TransactionEdge(node=TransactionType(
            id=row["id"], posted_date=row["posted_date"], title=row["title"], amount=row["amount"],
            balance_carried_forward=row["balance_carried_forward"])) for row in rows])


@strawberry.type
class LedgerType:
    id: strawberry.ID
    number: str
    name: str
    balance: int

    @strawberry.field
    async def transactions(self, info: Info, first: Optional[int] = None) -> TransactionConnection:
        return await transactions_under(info, "ledger_transactions", self.id, first)


UTC = "%Y-%m-%dT%H:%M:%S+00:00"
TOKYO = timezone(timedelta(hours=9))


def moment(at):
    return at.astimezone(timezone.utc).strftime(UTC) if at else None


def kwh(wh):
    return f"{wh / 1000:.3f}"


@strawberry.type
class AgreementType:
    id: strawberry.ID
    valid_from: str
    valid_to: Optional[str]


@strawberry.type
class MeterPointType:
    id: strawberry.ID
    mpan: str

    @strawberry.field
    async def agreements(self, info: Info) -> list[AgreementType]:
        rows = await info.context["loaders"].agreements.load(self.id)
        return [AgreementType(id=row["id"], valid_from=moment(row["valid_from"]), valid_to=moment(row["valid_to"]))
                for row in rows]


@strawberry.type
class HalfHourType:
    start_at: str
    end_at: str
    value: str


@strawberry.type
class JapanesePointType:
    id: strawberry.ID
    spin: str

    @strawberry.field
    async def half_hourly_readings(self, from_datetime: datetime, to_datetime: datetime) -> list[HalfHourType]:
        rows = await ask("half_hours", [self.id], from_datetime, to_datetime)
        half_hour = timedelta(minutes=30)
        return [HalfHourType(start_at=row["start_at"].astimezone(TOKYO).isoformat(),
                             end_at=(row["start_at"] + half_hour).astimezone(TOKYO).isoformat(), value=kwh(row["wh"]))
                for row in rows]


@strawberry.type
class PropertyType:
    id: strawberry.ID
    address: str

    @strawberry.field
    async def electricity_meter_points(self, info: Info) -> list[MeterPointType]:
        rows = await info.context["loaders"].metered.load(self.id)
        return [MeterPointType(id=row["id"], mpan=row["identifier"]) for row in rows]

    @strawberry.field
    async def electricity_supply_points(self, info: Info) -> list[JapanesePointType]:
        rows = await info.context["loaders"].japanese.load(self.id)
        return [JapanesePointType(id=row["id"], spin=row["identifier"]) for row in rows]


@strawberry.type
class ReadingType:
    interval_start: str
    interval_end: str
    value: str


@strawberry.type
class ReadingEdge:
    node: ReadingType


@strawberry.type
class ReadingConnection:
    edges: list[ReadingEdge]


@strawberry.type
class ReadingsType:
    asked: strawberry.Private[tuple]

    @strawberry.field
    async def import_readings(self, first: Optional[int] = None) -> ReadingConnection:
        rows = await ask("days", *self.asked, first)
        return ReadingConnection(edges=[ReadingEdge(node=ReadingType(
            interval_start=f"{row['day']}T00:00:00+0{row['starts']}:00",
            interval_end=f"{row['next']}T00:00:00+0{row['ends']}:00", value=kwh(row["wh"]))) for row in rows])


@strawberry.type
class SupplyPointType:
    id: strawberry.ID

    @strawberry.field
    def readings(self, start_at: datetime, end_at: datetime) -> ReadingsType:
        return ReadingsType(asked=(self.id, start_at, end_at))


@strawberry.type
class AccountUserType:
    id: strawberry.ID
    given_name: str
    family_name: str
    email: str


@strawberry.type
class AccountType:
    id: strawberry.ID
    number: str
    status: str
    brand: str
    billing_name: str
    billing_address_postcode: str

    @strawberry.field
    async def balance(self, info: Info) -> int:
        return await info.context["loaders"].balances.load(self.id)

    @strawberry.field
    async def users(self, info: Info) -> list[AccountUserType]:
        rows = await info.context["loaders"].users.load(self.id)
        return [AccountUserType(id=row["id"], given_name=row["given_name"], family_name=row["family_name"],
                                email=row["email"]) for row in rows]

    @strawberry.field
    async def properties(self, info: Info) -> list[PropertyType]:
        rows = await info.context["loaders"].properties.load(self.id)
        return [PropertyType(id=row["id"], address=row["address"]) for row in rows]

    @strawberry.field
    async def ledgers(self, info: Info) -> list[LedgerType]:
        rows = await info.context["loaders"].ledgers.load(self.id)
        return [LedgerType(id=row["id"], number=row["number"], name=row["name"], balance=row["balance"])
                for row in rows]

    @strawberry.field
    async def transactions(self, info: Info, first: Optional[int] = None) -> TransactionConnection:
        return await transactions_under(info, "account_transactions", self.id, first)


def account_of(row):
    return AccountType(id=row["id"], number=row["number"], status=row["status"], brand=row["brand"],
                       billing_name=row["billing_name"], billing_address_postcode=row["billing_postcode"])


@strawberry.type
class OperationsTeamType:
    id: strawberry.ID
    name: str


@strawberry.type
class AccountEdge:
    node: AccountType


@strawberry.type
class AccountConnection:
    edges: list[AccountEdge]
    parent: Row

    @strawberry.field
    async def total_count(self) -> int:
        rows = await ask("portfolio_account_totals", [self.parent])
        return rows[0]["total"] if rows else 0


PortfolioConnectionLater = Annotated["PortfolioConnection", strawberry.lazy(__name__)]


@strawberry.type
class PortfolioType:
    id: strawberry.ID
    number: str
    brand: str
    name: Optional[str]
    row: Row

    @strawberry.field
    def created_at(self) -> str:
        return self.row["created_at"].isoformat()

    @strawberry.field
    def updated_at(self) -> str:
        return self.row["updated_at"].isoformat()

    @strawberry.field
    def billing_name(self) -> Optional[str]:
        return self.row["billing_name"]

    @strawberry.field
    def collective_billing(self) -> bool:
        return self.row["collective_billing"]

    @strawberry.field
    async def operations_team(self) -> Optional[OperationsTeamType]:
        rows = await ask("teams", [self.row["operations_team_id"]])
        return OperationsTeamType(id=rows[0]["id"], name=rows[0]["name"]) if rows else None

    @strawberry.field
    async def lead_account_number(self) -> Optional[str]:
        rows = await ask("lead_accounts", [self.row["lead_account_id"]])
        return rows[0]["number"] if rows else None

    @strawberry.field
    async def depth(self, info: Info) -> int:
        return len(await info.context["loaders"].above.load(self.id))

    @strawberry.field
    async def parent(self, info: Info) -> Optional["PortfolioType"]:
        rows = await info.context["loaders"].above.load(self.id)
        return portfolio_of(rows[-1]) if rows else None

    @strawberry.field
    async def ancestors(self, info: Info, first: Optional[int] = None) -> PortfolioConnectionLater:
        rows = await info.context["loaders"].above.load(self.id)
        edges = [PortfolioEdge(node=portfolio_of(row)) for row in rows[:first]]
        return PortfolioConnection(total_count=len(rows), edges=edges)

    @strawberry.field
    async def descendants(self, info: Info, first: Optional[int] = None) -> PortfolioConnectionLater:
        loaders = info.context["loaders"]
        rows = await ask("portfolios_below", [self.id], loaders.user, first)
        edges = [PortfolioEdge(node=portfolio_of(row)) for row in rows]
        return PortfolioConnection(total_count=rows[0]["total"] if rows else 0, edges=edges)

    @strawberry.field
    async def accounts(self, first: Optional[int] = None) -> AccountConnection:
        rows = await ask("portfolio_accounts", [self.id], first)
        return AccountConnection(edges=[AccountEdge(node=account_of(row)) for row in rows], parent=self.id)


@strawberry.type
class PortfolioEdge:
    node: PortfolioType


@strawberry.type
class PortfolioConnection:
    total_count: int
    edges: list[PortfolioEdge]


def portfolio_of(row):
    return PortfolioType(id=row["id"], number=row["number"], brand=row["brand"], name=row["name"], row=row)


@strawberry.type
class Query:
    @strawberry.field
    async def account(self, info: Info, account_number: str) -> Optional[AccountType]:
        rows = await ask("account", info.context["user"], account_number)
        return account_of(rows[0]) if rows else None

    @strawberry.field
    async def supply_point(self, info: Info, external_identifier: str, market_name: str) -> Optional[SupplyPointType]:
        rows = await ask("point", info.context["user"], market_name, external_identifier)
        return SupplyPointType(id=rows[0]["id"]) if rows else None

    @strawberry.field
    async def portfolio(self, info: Info, portfolio_number: str) -> Optional[PortfolioType]:
        rows = await ask("portfolio", info.context["user"], portfolio_number)
        return portfolio_of(rows[0]) if rows else None


@strawberry.input
class CreateAccountChargeInput:
    account_number: str
    gross_amount: int
    reason: str
    note: Optional[str] = None


@strawberry.input(name="ObtainJSONWebTokenInput")
class ObtainJSONWebTokenInput:
    api_key: Optional[str] = strawberry.field(name="APIKey", default=None)


@strawberry.type
class AccountChargeType:
    net_amount: int
    sales_tax_amount: int
    gross_amount: int
    reason: str
    note: Optional[str]


@strawberry.type
class CreateAccountCharge:
    account_charge: AccountChargeType


@strawberry.type
class ObtainKrakenJSONWebToken:
    token: str
    refresh_token: str


def tax_in(gross, percent):
    """VAT that is in a gross amount, halves to the even penny; as the server's market data has it."""
    whole, rest = divmod(gross * percent, 100 + percent)
    twice = 2 * rest
    return whole + (twice > 100 + percent or (twice == 100 + percent and whole % 2 == 1))


async def post_charge(on, staff, wanted):
    target = (await ask("charge_target", wanted.account_number, wanted.reason, on=on))[0]
    percent = 20 if target["account_type"] == "BUSINESS" else 5
    gross = wanted.gross_amount
    tax = 0 if target["is_tax_exempt"] else tax_in(gross, percent)
    income, taxes = target["books"]
    legs = [leg for leg in [(target["ledger_id"], -gross), (income, gross - tax), (taxes, tax)] if leg[1]]
    ids = [leg[0] for leg in legs]
    held = {row["ledger_account_id"]: row for row in await ask("lock_balances", ids, on=on)}
    sequences = [held[each]["last_sequence"] + 1 for each in ids]
    balances = [held[each]["balance"] + amount for each, amount in legs]
    posted = (await ask(
        "post_entry", target["currency"], ids, sequences, [leg[1] for leg in legs], balances, target["ledger_id"],
        sequences[0], gross, gross - tax, tax, target["display"], wanted.note, wanted.reason, on=on))[0]
    facts = {
        "transactionId": str(posted["id"]), "journalEntryId": str(posted["journal_entry_id"]), "kind": "charge",
        "entryKind": "charge", "currency": target["currency"], "amount": gross, "netAmount": gross - tax,
        "taxAmount": tax, "postedDate": posted["posted_date"], "reasonCode": wanted.reason,
    }
    await ask("tell", target["ledger_id"], json.dumps(facts), on=on)
    await ask("audit", staff, wanted.account_number, on=on)
    return AccountChargeType(net_amount=gross - tax, sales_tax_amount=tax, gross_amount=gross, reason=wanted.reason,
                             note=wanted.note)


def digest(secret):
    return hashlib.sha256(secret.encode()).digest()


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def create_account_charge(self, info: Info, input: CreateAccountChargeInput) -> CreateAccountCharge:
        staff = info.context["staff"]
        if staff is None:
            raise PermissionError("only staff may")
        async with POOL.acquire() as on, on.transaction():
            charge = await post_charge(on, staff, input)
        return CreateAccountCharge(account_charge=charge)

    @strawberry.mutation
    async def obtain_kraken_token(self, input: ObtainJSONWebTokenInput) -> ObtainKrakenJSONWebToken:
        async with POOL.acquire() as on, on.transaction():
            owner = (await ask("key_owner", digest(input.api_key), on=on))[0]
            issued = max(int(time.time()), owner["valid_from"])
            claims = {
                "sub": f"kraken|account-user:{owner['id']}", "gty": "API-KEY", "email": owner["email"],
                "tokenUse": "access", "iss": SETUP["issuer"], "iat": issued, "exp": issued + 3600, "origIat": issued,
            }
            token = jwt.encode(claims, PRIVATE, algorithm="RS256", headers={"kid": SETUP["kid"]})
            refresh = secrets.token_hex(32)
            await ask("keep_refresh_token", digest(refresh), refresh[:8], owner["id"], on=on)
        return ObtainKrakenJSONWebToken(token=token, refresh_token=refresh)


async def caller(header):
    if not header:
        return {"user": None, "staff": None}
    claims = jwt.decode(header, PUBLIC, algorithms=["RS256"], issuer=SETUP["issuer"])
    number = int(claims["sub"].partition(":")[2])
    is_staff = claims["sub"].startswith("kraken|support-user:")
    if not await ask("staff" if is_staff else "customer", number, claims["iat"]):
        raise PermissionError("the token is no longer good")
    return {"user": None if is_staff else number, "staff": number if is_staff else None}


class Endpoint(GraphQL):
    async def get_context(self, request, response=None):
        who = await caller(request.headers.get("authorization"))
        return {**who, "loaders": Loaders(who["user"])}


@asynccontextmanager
async def lifespan(_):
    global POOL
    # The port names no TCP port: it is part of the socket's name.
    POOL = await asyncpg.create_pool(host=os.environ["PGHOST"], user=os.environ["PGUSER"],
                                     database=os.environ["PGDATABASE"], min_size=1, max_size=SETUP["connections"])
    yield
    await POOL.close()


schema = strawberry.Schema(query=Query, mutation=Mutation)
app = Starlette(routes=[Mount("/graphql", Endpoint(schema, graphql_ide=None))], lifespan=lifespan)
