"""One of the examples, run as its reader would, against a server of its market's edition. What it prints has to add up."""

import json
import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
DEMO = json.loads(Path(os.environ["CLIENTS_DEMO_FILE"]).read_text())
COMMANDS = {
    "gb": [sys.executable, "-B", EXAMPLES / "britain" / "tonight.py"],
    "de": ["node", EXAMPLES / "germany" / "tonight.js"],
    "jp": [sys.executable, "-B", EXAMPLES / "japan" / "tonight.py"],
}
MARKET = os.environ["CLIENTS_EXAMPLE"]

# 12.345 kWh and 67.89p, ct or yen, at the end of a line for a half-hour or for all of them.
AMOUNTS = re.compile(r"(-?\d+\.\d+) kWh +(-?\d+\.\d+) ?(?:p|ct|yen)\b")
# A boost that cannot be had, and one that is not there to be cancelled.
REFUSALS = {"BOOST": "KT-CT-4357", "CANCEL": "KT-CT-4354"}
AWAY = {"BC_DEVICE_NOT_AT_HOME", "BC_DEVICE_DISCONNECTED"}
READY = {"SMART_CONTROL_CAPABLE", "SMART_CONTROL_IN_PROGRESS"}


@pytest.fixture(scope="module")
def printed():
    [customer] = [each for each in DEMO["customers"] if each["market"] == MARKET]
    environment = {**os.environ, "KRAKEN_URL": DEMO["url"], "KRAKEN_API_KEY": customer["apiKey"]}
    done = subprocess.run(COMMANDS[MARKET], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert [line for line in done.stdout.splitlines() if line == f"Account {customer['accountNumbers'][0]}"]
    return done.stdout.splitlines()


def test_half_hours_have_a_cost_and_add_up(printed):
    begin = next(at for at, line in enumerate(printed) if AMOUNTS.search(line))
    end = next(at for at, line in enumerate(printed) if line.startswith("  in all"))
    lines = [AMOUNTS.search(line) for line in printed[begin:end]]
    # A day has at most four hours missing, and one an hour less than others.
    assert 38 <= len(lines) <= 50 and all(lines)
    found = AMOUNTS.search(printed[end])
    energy = [Decimal(line[1]) for line in lines]
    cost = [Decimal(line[2]) for line in lines]
    assert sum(energy) == Decimal(found[1]) > 0
    # Each line is rounded by itself.
    assert abs(sum(cost) - Decimal(found[2])) <= Decimal("0.005") * (len(cost) + 1)
    assert any(price != 0 for price in cost)


def test_tonight_has_rates(printed):
    begin = next(at for at, line in enumerate(printed) if line.startswith(" Tonight"))
    rates = [line for line in printed[begin + 1 :] if re.search(r"\d (?:p|ct|yen) a kWh|\dp a kWh", line)]
    assert rates, printed[begin:]


def test_the_car_is_boosted_and_stopped_or_says_why_not(printed):
    [begin] = [at for at, line in enumerate(printed) if re.search(r", [A-Z_]+$", line)]
    state = printed[begin].rpartition(", ")[2]
    orders = [line.strip() for line in printed[begin + 1 :] if re.match(r"  (BOOST|CANCEL)\b", line)]
    assert [re.match(r"\w+", order)[0] for order in orders] == ["BOOST", "CANCEL"]
    reasons = set(re.findall(r"\bBC_\w+", orders[0]))
    if state in READY and reasons != {"BC_DEVICE_FULLY_CHARGED"}:
        # An order is on its way for a while before the car boosts, and before it stops.
        assert {order.partition(": ")[2] for order in orders} <= READY | {"BOOSTING"}, orders
    else:
        assert reasons and (state in READY or reasons & AWAY), orders
        for order in orders:
            assert REFUSALS[re.match(r"\w+", order)[0]] in order
