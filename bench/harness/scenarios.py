"""What is asked. Each peer is asked in its own words for the same answer.

A portfolio of fifty accounts belongs to a customer, who asks about it with a token of their own. Charges are made by a
member of staff, log-ins by whoever has an API key.
"""

import base64
import json
import random
from dataclasses import dataclass, field

ACCOUNT = """query Account($number: String!) {
  account(accountNumber: $number) { number status brand billingName billingAddressPostcode balance }
}"""
ACCOUNT_PG = """query Account($number: String!) {
  account: accountByNumber(number: $number) { number status brand billingName billingAddressPostcode balance }
}"""

LEDGERS = """query Ledgers($number: String!) {
  account(accountNumber: $number) {
    number balance
    ledgers {
      number name balance
      transactions(first: 100) { edges { node { id postedDate title amount balanceCarriedForward } } }
    }
  }
}"""
LEDGERS_PG = """query Ledgers($number: String!) {
  account: accountByNumber(number: $number) {
    number balance
    ledgers(orderBy: [IS_MAIN_DESC, ROW_ID_ASC]) {
      number name balance
      transactions(first: 100, orderBy: [POSTED_DATE_DESC, ROW_ID_DESC]) {
        edges { node { id: rowId postedDate title amount balanceCarriedForward } }
      }
    }
  }
}"""

FIFTY = """query Fifty($number: String!) {
  portfolio(portfolioNumber: $number) {
    number
    accounts(first: 50) { edges { node {
      number balance
      users { givenName familyName email }
      ledgers { number name balance }
      transactions(first: 5) { edges { node { id postedDate title amount } } }
    } } }
  }
}"""
FIFTY_PG = """query Fifty($number: String!) {
  portfolio: portfolioByNumber(number: $number) {
    number
    accounts(first: 50, orderBy: [ROW_ID_ASC]) { edges { node {
      number balance
      users(orderBy: [ROW_ID_ASC]) { givenName familyName email }
      ledgers(orderBy: [IS_MAIN_DESC, ROW_ID_ASC]) { number name balance }
      transactions(first: 5, orderBy: [POSTED_DATE_DESC, ROW_ID_DESC]) { edges { node { id: rowId postedDate title amount } } }
    } } }
  }
}"""

CHARGE = """mutation Charge($input: CreateAccountChargeInput!) {
  createAccountCharge(input: $input) { accountCharge { netAmount salesTaxAmount grossAmount reason note } }
}"""
CHARGE_PG = """mutation Charge($input: CreateAccountChargeInput!) {
  createAccountCharge(input: $input) { accountCharge: result { netAmount salesTaxAmount grossAmount reason note } }
}"""

LOGIN = """mutation LogIn($input: ObtainJSONWebTokenInput!) {
  obtainKrakenToken(input: $input) { token refreshToken }
}"""
LOGIN_PG = """mutation LogIn($input: ObtainKrakenTokenInput!) {
  obtainKrakenToken(input: $input) { result { token refreshToken } }
}"""

# The largest published document of which every field is served. As published it has neither its fragments nor the
# pages that its connections must be asked for; both are filled in.
PUBLISHED = """query Portfolio($portfolioNumber: String!) {
  portfolio(portfolioNumber: $portfolioNumber) {
    id number createdAt updatedAt billingName collectiveBilling
    operationsTeam { ...OperationsTeamTypeFragment }
    leadAccountNumber brand name depth
    parent { ...PortfolioTypeFragment }
    ancestors(first: 10) { ...PortfolioConnectionTypeConnectionFragment }
    descendants(first: 10) { ...PortfolioConnectionTypeConnectionFragment }
    accounts(first: 10) { ...AccountConnectionTypeConnectionFragment }
  }
}
fragment OperationsTeamTypeFragment on OperationsTeamType { id name }
fragment PortfolioTypeFragment on PortfolioType { id number brand name }
fragment PortfolioConnectionTypeConnectionFragment on %s {
  totalCount edges { node { ...PortfolioTypeFragment } }
}
fragment AccountConnectionTypeConnectionFragment on %s {
  totalCount edges { node { id number status brand billingName balance } }
}"""
PUBLISHED_PG = """query Portfolio($portfolioNumber: String!) {
  portfolio: portfolioByNumber(number: $portfolioNumber) {
    id: rowId number createdAt updatedAt billingName collectiveBilling
    operationsTeam { ...OperationsTeamTypeFragment }
    leadAccountNumber brand name depth
    parent { ...PortfolioTypeFragment }
    ancestors(first: 10) { ...PortfolioConnectionTypeConnectionFragment }
    descendants(first: 10) { ...PortfolioConnectionTypeConnectionFragment }
    accounts(first: 10, orderBy: [ROW_ID_ASC]) { ...AccountConnectionTypeConnectionFragment }
  }
}
fragment OperationsTeamTypeFragment on OperationsTeam { id: rowId name }
fragment PortfolioTypeFragment on Portfolio { id: rowId number brand name }
fragment PortfolioConnectionTypeConnectionFragment on PortfolioConnection {
  totalCount edges { node { ...PortfolioTypeFragment } }
}
fragment AccountConnectionTypeConnectionFragment on AccountConnection {
  totalCount edges { node { id: rowId number status brand billingName balance } }
}"""

MONTH = """query Month($number: String!, $from: DateTime!, $to: DateTime!) {
  account(accountNumber: $number) {
    properties { electricitySupplyPoints {
      spin halfHourlyReadings(fromDatetime: $from, toDatetime: $to) { startAt endAt value }
    } }
  }
}"""
MONTH_PG = """query Month($number: String!, $from: Datetime!, $to: Datetime!) {
  account: accountByNumber(number: $number) {
    properties(orderBy: [ROW_ID_ASC]) { electricitySupplyPoints: japanesePoints(orderBy: [ROW_ID_ASC]) {
      spin halfHourlyReadings: halfHoursList(fromDatetime: $from, toDatetime: $to) { startAt endAt value }
    } }
  }
}"""

# A page holds a hundred at most, so the year is asked for by its quarters.
QUARTERS = [("q1", "2025-01-01T00:00:00+00:00", "2025-04-01T00:00:00+01:00"),
            ("q2", "2025-04-01T00:00:00+01:00", "2025-07-01T00:00:00+01:00"),
            ("q3", "2025-07-01T00:00:00+01:00", "2025-10-01T00:00:00+01:00"),
            ("q4", "2025-10-01T00:00:00+01:00", "2026-01-01T00:00:00+00:00")]
YEAR = "query Year($identifier: String!, $market: String!) {\n  supplyPoint(externalIdentifier: $identifier, marketName: $market) {\n" + "".join(
    f"""    {name}: readings(startAt: "{start}", endAt: "{end}", readingType: INTERVAL, timeGranularity: DAY, timezone: "Europe/London") {{
      importReadings(first: 100) {{ edges {{ node {{ intervalStart intervalEnd value }} }} }}
    }}
""" for name, start, end in QUARTERS) + "  }\n}"
YEAR_PG = "query Year($identifier: String!, $market: String!) {\n  supplyPoint: supplyPointByMarketNameAndIdentifier(identifier: $identifier, marketName: $market) {\n" + "".join(
    f"""    {name}: days(startAt: "{start}", endAt: "{end}", first: 100) {{ edges {{ node {{ intervalStart intervalEnd value }} }} }}
""" for name, start, end in QUARTERS) + "  }\n}"
YEAR_BY_HAND = "query Year($identifier: String!, $market: String!) {\n  supplyPoint(externalIdentifier: $identifier, marketName: $market) {\n" + "".join(
    f"""    {name}: readings(startAt: "{start}", endAt: "{end}") {{
      importReadings(first: 100) {{ edges {{ node {{ intervalStart intervalEnd value }} }} }}
    }}
""" for name, start, end in QUARTERS) + "  }\n}"

HOMES = """query Homes($number: String!) {
  portfolio(portfolioNumber: $number) {
    number
    accounts(first: 50) { edges { node {
      number
      properties { id address electricityMeterPoints {
        ... on ElectricityMeterPointType { mpan agreements { validFrom validTo } }
      } }
    } } }
  }
}"""
HOMES_BY_HAND = HOMES.replace("... on ElectricityMeterPointType { mpan agreements { validFrom validTo } }",
                              "mpan agreements { validFrom validTo }")
HOMES_PG = """query Homes($number: String!) {
  portfolio: portfolioByNumber(number: $number) {
    number
    accounts(first: 50, orderBy: [ROW_ID_ASC]) { edges { node {
      number
      properties(orderBy: [ROW_ID_ASC]) { id: rowId address electricityMeterPoints: meterPoints(orderBy: [ROW_ID_ASC]) {
        mpan agreements(orderBy: [ROW_ID_ASC]) { validFrom validTo }
      } }
    } } }
  }
}"""


@dataclass
class World:
    """The rows that requests are about, and the tokens that open them."""

    accounts: list  # (number, portfolio number)
    portfolios: list  # numbers
    charged: list  # account numbers
    keys: list  # API keys
    japanese: list  # (account number, portfolio number) of accounts with half-hours
    british: list  # (MPAN, portfolio number) of points with half-hours
    tokens: dict = field(default_factory=dict)  # portfolio number -> token of its customer
    staff: str = ""
    issuer: str = ""


@dataclass
class Scenario:
    name: str
    title: str
    clients: int
    queries: dict  # peer -> text; "" for all the others
    variables: callable  # (peer, World, Random) -> (variables, token)

    def query(self, peer):
        return self.queries.get(peer, self.queries[""])

    def requests(self, peer, world, count, seed):
        """So many requests as (token, body)."""
        chance = random.Random(f"{self.name}/{seed}")
        query = self.query(peer)
        made = []
        for _ in range(count):
            variables, token = self.variables(peer, world, chance)
            made.append((token, json.dumps({"query": query, "variables": variables}, ensure_ascii=False)))
        return made


def _account(peer, world, chance):
    number, portfolio = chance.choice(world.accounts)
    return {"number": number}, world.tokens[portfolio]


def _portfolio(name):
    def variables(peer, world, chance):
        number = chance.choice(world.portfolios)
        return {name: number}, world.tokens[number]
    return variables


def _month(peer, world, chance):
    number, portfolio = chance.choice(world.japanese)
    month = chance.randrange(1, 12)
    ends = f"2025-{month + 1:02}-01T00:00:00+09:00"
    return {"number": number, "from": f"2025-{month:02}-01T00:00:00+09:00", "to": ends}, world.tokens[portfolio]


def _year(peer, world, chance):
    mpan, portfolio = chance.choice(world.british)
    return {"identifier": mpan, "market": "GBR_ELECTRICITY"}, world.tokens[portfolio]


def _charge(peer, world, chance):
    gross = chance.randrange(500, 5000)
    return {"input": {"accountNumber": chance.choice(world.charged), "grossAmount": gross, "reason": "ADMIN_FEE",
                      "note": "Measured"}}, world.staff


def _login(peer, world, chance):
    key = chance.choice(world.keys)
    if peer == "postgraphile":
        return {"input": {"apiKey": key, "issuer": world.issuer}}, ""
    return {"input": {"APIKey": key}}, ""


PG = "postgraphile"
CONNECTIONS = ("PortfolioConnectionTypeConnection", "AccountConnectionTypeConnection")
BY_HAND = PUBLISHED % ("PortfolioConnection", "AccountConnection")
ALL = [
    Scenario("account", "1. Account by number, 6 fields", 64, {"": ACCOUNT, PG: ACCOUNT_PG}, _account),
    Scenario("ledgers", "2. Account, its ledgers, 100 transactions of each", 64, {"": LEDGERS, PG: LEDGERS_PG}, _account),
    Scenario("fifty", "3. 50 accounts with users, ledgers and the last 5 transactions", 64,
             {"": FIFTY, PG: FIFTY_PG}, _portfolio("number")),
    Scenario("charge", "4. createAccountCharge from 16 clients", 16, {"": CHARGE, PG: CHARGE_PG}, _charge),
    Scenario("login", "5. Log-in with an API key", 64, {"": LOGIN, PG: LOGIN_PG}, _login),
    Scenario("published", "6. The largest published document that is served as a whole", 64,
             {"": PUBLISHED % CONNECTIONS, "mercurius": BY_HAND, "python": BY_HAND, PG: PUBLISHED_PG},
             _portfolio("portfolioNumber")),
    Scenario("month", "7. A month of half-hours for one point", 64, {"": MONTH, PG: MONTH_PG}, _month),
    Scenario("year", "8. A year by day for one account", 64,
             {"": YEAR, PG: YEAR_PG, "mercurius": YEAR_BY_HAND, "python": YEAR_BY_HAND}, _year),
    Scenario("homes", "9. 50 accounts with properties, points and agreements", 64,
             {"": HOMES, PG: HOMES_PG, "mercurius": HOMES_BY_HAND, "python": HOMES_BY_HAND}, _portfolio("number")),
]


def claims_of(token):
    middle = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))


def comparable(data):
    """An answer without what must differ between two log-ins: secrets are replaced by what they say."""
    data = json.loads(json.dumps(data))
    session = data.get("obtainKrakenToken")
    if session is not None:
        session = session.get("result", session)
        claims = claims_of(session["token"])
        known = {name: claims[name] for name in ("sub", "gty", "email", "tokenUse", "iss")}
        return {"session": {**known, "lasts": claims["exp"] - claims["iat"], "renewed": len(session["refreshToken"]) >= 32}}
    year = data.get("supplyPoint")
    if year is not None:
        # A view has its days right below the quarter.
        return {name: found.get("importReadings", found) for name, found in year.items()}
    return data
