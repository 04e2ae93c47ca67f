"""What a Japanese household used yesterday and what it cost, tonight's rates, and the plan for the car.

Needs Python 3.10, `pip install aiohttp`, and KRAKEN_URL and KRAKEN_API_KEY in the environment.
"""

import asyncio
import os
from datetime import datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import aiohttp

URL = os.environ["KRAKEN_URL"]
TOKYO = ZoneInfo("Asia/Tokyo")
# What an account without any device is refused with.
NO_DEVICE = "KT-CT-4301"

LOG_IN = """
    mutation LogIn($key: String!) { obtainKrakenToken(input: { APIKey: $key }) { token } }
"""
ACCOUNTS = """
    query Accounts { viewer { accounts { number } } }
"""
USAGE = """
    query Usage($account: String!, $from: DateTime!, $to: DateTime!) {
      account(accountNumber: $account) {
        properties {
          address
          electricitySupplyPoints {
            spin
            meters { serialNumber }
            halfHourlyReadings(fromDatetime: $from, toDatetime: $to) { startAt endAt value version costEstimate }
            agreements(onlyActive: true) {
              product {
                ... on ElectricitySteppedProduct {
                  displayName standingChargePricePerDay
                  consumptionCharges { stepStart stepEnd pricePerUnitIncTax timeOfUse }
                  fuelCostAdjustment { pricePerUnitIncTax } renewableEnergyLevy { pricePerUnitIncTax }
                }
                ... on ElectricitySingleStepProduct {
                  displayName standingChargePricePerDay
                  consumptionCharges { pricePerUnitIncTax timeOfUse }
                  fuelCostAdjustment { pricePerUnitIncTax } renewableEnergyLevy { pricePerUnitIncTax }
                }
              }
            }
          }
        }
      }
    }
"""
DEVICES = """
    query Devices($account: String!) {
      devices(accountNumber: $account) { id name deviceType status { current currentState } }
    }
"""
PLAN = """
    query Plan($device: String!) { flexPlannedDispatches(deviceId: $device) { start end type energyAddedKwh } }
"""
BOOST = """
    mutation Boost($device: String!, $action: UpdateBoostChargeAction!) {
      updateBoostCharge(input: { deviceId: $device, action: $action }) { id status { currentState } }
    }
"""


class Refused(Exception):
    """The first error of an answer."""

    def __init__(self, error):
        super().__init__(error["message"])
        self.code = error["extensions"]["errorCode"]
        self.reasons = error["extensions"].get("boostChargeRefusalReasons", [])


async def ask(session, document, token=None, **variables):
    headers = {"Authorization": token} if token else {}
    async with session.post(URL, json={"query": document, "variables": variables}, headers=headers) as response:
        answer = await response.json()
    if answer.get("errors"):
        raise Refused(answer["errors"][0])
    return answer["data"]


def local(text):
    return datetime.fromisoformat(text).astimezone(TOKYO)


def show_usage(readings):
    """Yesterday, or the newest day before it that has arrived: half-hours come in the evening of the next day."""
    if not readings:
        print("  no half-hours")
        return
    newest = max(local(reading["startAt"]).date() for reading in readings)
    total, cost = Decimal(0), Decimal(0)
    for reading in readings:
        if local(reading["startAt"]).date() < newest:
            continue
        value, price = Decimal(reading["value"]), Decimal(reading["costEstimate"])
        total, cost = total + value, cost + price
        print(f"  {local(reading['startAt']):%m/%d %H:%M}  {value:7.3f} kWh  {price:7.2f} yen  {reading['version']}")
    print(f"  in all       {total:7.3f} kWh  {cost:7.2f} yen")


def show_rates(product):
    print(f" Tonight, {product['displayName']}:")
    for charge in product["consumptionCharges"]:
        step = f"{charge['stepStart']} to {charge['stepEnd'] or '…'} kWh" if "stepStart" in charge else "all"
        print(f"  {step:14} {charge['pricePerUnitIncTax']} yen a kWh {charge['timeOfUse'] or ''}".rstrip())
    fuel, levy = product["fuelCostAdjustment"], product["renewableEnergyLevy"]
    print(f"  fuel {fuel['pricePerUnitIncTax']} yen, levy {levy['pricePerUnitIncTax']} yen a kWh")


async def cars(session, token, account):
    try:
        found = (await ask(session, DEVICES, token, account=account))["devices"]
    except Refused as refused:
        if refused.code == NO_DEVICE:
            return []
        raise
    return [device for device in found if device["deviceType"] == "ELECTRIC_VEHICLES"]


async def show_car(session, token, car):
    print(f"{car['name']}, {car['status']['currentState']}")
    for dispatch in (await ask(session, PLAN, token, device=car["id"]))["flexPlannedDispatches"]:
        start, end = local(dispatch["start"]), local(dispatch["end"])
        print(f"  planned {start:%m/%d %H:%M} to {end:%H:%M}  {dispatch['energyAddedKwh']} kWh")
    for action in ("BOOST", "CANCEL"):
        try:
            after = (await ask(session, BOOST, token, device=car["id"], action=action))["updateBoostCharge"]
            print(f"  {action}: {after['status']['currentState']}")
        except Refused as refused:  # Away, not plugged in, or full.
            print(f"  {action} refused:", refused.code, refused, *refused.reasons)


async def main():
    midnight = datetime.combine(datetime.now(TOKYO).date(), time(), TOKYO)
    span = {"from": (midnight - timedelta(days=7)).isoformat(), "to": midnight.isoformat()}
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        given = await ask(session, LOG_IN, key=os.environ["KRAKEN_API_KEY"])
        token = given["obtainKrakenToken"]["token"]
        for account in (await ask(session, ACCOUNTS, token))["viewer"]["accounts"]:
            print(f"Account {account['number']}")
            found = await ask(session, USAGE, token, account=account["number"], **span)
            for home in found["account"]["properties"]:
                print(home["address"])
                for point in home["electricitySupplyPoints"]:
                    meters = ", ".join(meter["serialNumber"] for meter in point["meters"])
                    print(f"Point {point['spin']}, meter {meters}:")
                    show_usage(point["halfHourlyReadings"])
                    for agreement in point["agreements"]:
                        show_rates(agreement["product"])
            for car in await cars(session, token, account["number"]):
                await show_car(session, token, car)


if __name__ == "__main__":
    asyncio.run(main())
