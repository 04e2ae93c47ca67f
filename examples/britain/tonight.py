"""What a British household used yesterday and what it cost, tonight's rates, and the plan for the car.

Needs Python 3.10, `pip install "gql[requests]"`, and KRAKEN_URL and KRAKEN_API_KEY in the environment.
"""

import os
from datetime import datetime, time, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

from gql import Client, GraphQLRequest
from gql.transport.exceptions import TransportQueryError
from gql.transport.requests import RequestsHTTPTransport

URL = os.environ["KRAKEN_URL"]
LONDON = ZoneInfo("Europe/London")

LOG_IN = """
    mutation LogIn($key: String!) { obtainKrakenToken(input: { APIKey: $key }) { token } }
"""
ACCOUNTS = """
    query Accounts { viewer { accounts { number } } }
"""
METERS = """
    query Meters($account: String!) {
      account(accountNumber: $account) {
        properties {
          address
          electricityMeterPoints {
            mpan
            direction
            meters(includeInactive: false) { nodeId serialNumber }
            agreements { tariff { ... on TariffType { displayName tariffCode } } }
          }
        }
      }
    }
"""
CONSUMPTION = """
    query Consumption($meter: ID!, $start: DateTime!) {
      node(id: $meter) {
        ... on ElectricityMeterType {
          consumption(startAt: $start, grouping: HALF_HOUR, timezone: "Europe/London", first: 50) {
            edges { node { startAt endAt value } }
          }
        }
      }
    }
"""
RATES = """
    query Rates($account: String!, $mpan: String!, $start: DateTime!, $end: DateTime!) {
      applicableRates(accountNumber: $account, mpxn: $mpan, startAt: $start, endAt: $end, first: 100) {
        edges { node { value validFrom validTo } }
      }
    }
"""
DEVICES = """
    query Devices($account: String!) {
      devices(accountNumber: $account) { id name deviceType status { current currentState } }
    }
"""
PLAN = """
    query Plan($device: String!) {
      flexPlannedDispatches(deviceId: $device) { start end type energyAddedKwh }
    }
"""
BOOST = """
    mutation Boost($device: String!, $action: UpdateBoostChargeAction!) {
      updateBoostCharge(input: { deviceId: $device, action: $action }) { id status { currentState } }
    }
"""
# What an account without any device is refused with.
NO_DEVICE = "KT-CT-4301"


def client(token=None):
    headers = {"Authorization": token} if token else {}
    return Client(transport=RequestsHTTPTransport(url=URL, headers=headers, timeout=30))


def ask(session, document, **variables):
    return session.execute(GraphQLRequest(document, variable_values=variables))


def nodes(connection):
    return [edge["node"] for edge in connection["edges"]]


def moment(text):
    return datetime.fromisoformat(text).astimezone(LONDON)


def midnight(days_ago):
    return datetime.combine(datetime.now(LONDON).date() - timedelta(days=days_ago), time(), LONDON)


def utc(when):
    return when.astimezone(timezone.utc).isoformat()


def rates_between(session, account, mpan, start, end):
    found = ask(session, RATES, account=account, mpan=mpan, start=utc(start), end=utc(end))
    return nodes(found["applicableRates"])


def rate_at(rates, when):
    """The rate of an instant, in pence a kWh without VAT."""
    for rate in rates:
        if moment(rate["validFrom"]) <= when and (rate["validTo"] is None or when < moment(rate["validTo"])):
            return Decimal(rate["value"])
    raise LookupError(f"there is no rate for {when}")


def newest_day(session, meter):
    """Yesterday, or the newest day before it that has arrived: half-hours come the next morning, some of them later."""
    for days_ago in range(1, 8):
        start, end = midnight(days_ago), midnight(days_ago - 1)
        found = ask(session, CONSUMPTION, meter=meter["nodeId"], start=utc(start))
        measured = [node for node in nodes(found["node"]["consumption"]) if moment(node["startAt"]) < end]
        if measured:
            return start, end, measured
    return None


def show_usage(session, account, mpan, meter):
    newest = newest_day(session, meter)
    if newest is None:
        print("  no half-hours")
        return
    start, end, measured = newest
    rates = rates_between(session, account, mpan, start, end)
    total, cost = Decimal(0), Decimal(0)
    for node in measured:
        when, value = moment(node["startAt"]), Decimal(node["value"])
        price = value * rate_at(rates, when)
        total, cost = total + value, cost + price
        print(f"  {when:%d %b %H:%M}  {value:7.3f} kWh  {price:7.2f}p")
    print(f"  in all        {total:7.3f} kWh  {cost:7.2f}p without VAT")


def show_tonight(session, account, mpan):
    evening = midnight(0) + timedelta(hours=16)
    for rate in rates_between(session, account, mpan, evening, evening + timedelta(hours=16)):
        print(f"  from {max(moment(rate['validFrom']), evening):%d %b %H:%M}  {Decimal(rate['value']):.4f}p a kWh without VAT")


def cars(session, account):
    try:
        found = ask(session, DEVICES, account=account)["devices"]
    except TransportQueryError as refused:
        if refused.errors[0]["extensions"]["errorCode"] == NO_DEVICE:
            return []
        raise
    return [device for device in found if device["deviceType"] == "ELECTRIC_VEHICLES"]


def show_car(session, car):
    print(f"{car['name']}, {car['status']['currentState']}")
    for dispatch in ask(session, PLAN, device=car["id"])["flexPlannedDispatches"]:
        start, end = moment(dispatch["start"]), moment(dispatch["end"])
        print(f"  planned {start:%d %b %H:%M} to {end:%H:%M}  {dispatch['energyAddedKwh']} kWh")
    for action in ("BOOST", "CANCEL"):
        try:
            after = ask(session, BOOST, device=car["id"], action=action)["updateBoostCharge"]
            print(f"  {action}: {after['status']['currentState']}")
        except TransportQueryError as refused:  # Away, not plugged in, or full.
            extensions = refused.errors[0]["extensions"]
            reasons = extensions.get("boostChargeRefusalReasons", [])
            print(f"  {action} refused:", extensions["errorCode"], refused.errors[0]["message"], *reasons)


def main():
    with client() as session:
        token = ask(session, LOG_IN, key=os.environ["KRAKEN_API_KEY"])["obtainKrakenToken"]["token"]
    with client(token) as session:
        for account in [account["number"] for account in ask(session, ACCOUNTS)["viewer"]["accounts"]]:
            print(f"Account {account}")
            for home in ask(session, METERS, account=account)["account"]["properties"]:
                print(home["address"])
                for point in home["electricityMeterPoints"]:
                    tariffs = [agreement["tariff"]["displayName"] for agreement in point["agreements"]]
                    print(f"MPAN {point['mpan']} ({point['direction']}), {', '.join(tariffs)}")
                    for meter in point["meters"]:
                        print(f" Meter {meter['serialNumber']}:")
                        show_usage(session, account, point["mpan"], meter)
                    print(" Tonight:")
                    show_tonight(session, account, point["mpan"])
            for car in cars(session, account):
                show_car(session, car)


if __name__ == "__main__":
    main()
