// What a German household used on the newest day that was measured and what it cost, tonight's rates, and the plan for the
// car.
//
// Needs Node 20, `npm install`, and KRAKEN_URL and KRAKEN_API_KEY in the environment.

import { ClientError, GraphQLClient, gql } from "graphql-request";

const ZONE = "Europe/Berlin";
const DAY = 86_400_000;
// What an account without any device is refused with.
const NO_DEVICE = "KT-CT-4301";

const LOG_IN = gql`
  mutation LogIn($key: String!) { obtainKrakenToken(input: { APIKey: $key }) { token } }
`;
const ACCOUNTS = gql`
  query Accounts { viewer { accounts { number } } }
`;
const METERS = gql`
  query Meters($account: String!) {
    account(accountNumber: $account) {
      allProperties {
        id
        address
        electricityMalos {
          maloNumber
          meloNumber
          meter { number meterType }
          agreements {
            isActive
            product { fullName isTimeOfUse }
            unitRateInformation {
              ... on SimpleProductUnitRateInformation { latestGrossUnitRateCentsPerKwh }
              ... on TimeOfUseProductUnitRateInformation {
                rates {
                  timeslotName
                  latestGrossUnitRateCentsPerKwh
                  timeslotActivationRules { activeFromTime activeToTime }
                }
              }
            }
          }
        }
      }
    }
  }
`;
const USAGE = gql`
  query Usage($account: String!, $property: ID!, $from: DateTime!, $to: DateTime!) {
    account(accountNumber: $account) {
      property(id: $property) {
        measurements(
          startAt: $from, endAt: $to, timezone: "Europe/Berlin", first: 100
          utilityFilters: [{ electricityFilters: { readingFrequencyType: THIRTY_MIN_INTERVAL, readingDirection: CONSUMPTION } }]
        ) {
          edges { node {
            value unit
            ... on IntervalMeasurementType { startAt endAt }
            metaData { statistics { type costInclTax { estimatedAmount costCurrency } } }
          } }
        }
      }
    }
  }
`;
const DEVICES = gql`
  query Devices($account: String!) {
    devices(accountNumber: $account) { id name deviceType status { current currentState } }
  }
`;
const PLAN = gql`
  query Plan($device: String!) { flexPlannedDispatches(deviceId: $device) { start end type energyAddedKwh } }
`;
const BOOST = gql`
  mutation Boost($device: String!, $action: UpdateBoostChargeAction!) {
    updateBoostCharge(input: { deviceId: $device, action: $action }) { id status { currentState } }
  }
`;

const parts = { timeZone: ZONE, day: "2-digit", month: "2-digit", hour: "2-digit", minute: "2-digit" };
const written = (text) => new Date(text).toLocaleString("de-DE", parts);
const clock = (text) => new Date(text).toLocaleTimeString("de-DE", { timeZone: ZONE, timeStyle: "short" });
const day = (moment) => new Intl.DateTimeFormat("sv-SE", { timeZone: ZONE }).format(moment);

/** The moment at which a day began in Germany: an hour or two before it did in UTC. */
function midnight(date) {
  const utc = Date.parse(`${date}T00:00:00Z`);
  return [2, 1].map((hours) => new Date(utc - hours * 3_600_000)).find((moment) => day(moment) === date);
}

/** Yesterday, or the newest day before it that has arrived: half-hours come two days later, some of them later still. */
async function newestDay(client, account, property) {
  for (let daysAgo = 1; daysAgo < 8; daysAgo++) {
    // Noon is on the same day, whatever the clocks do.
    const noon = Date.parse(`${day(Date.now())}T12:00:00Z`) - daysAgo * DAY;
    const variables = { account, property, from: midnight(day(noon)), to: midnight(day(noon + DAY)) };
    const found = await client.request(USAGE, variables);
    const { edges } = found.account.property.measurements;
    if (edges.length > 0) return edges.map(({ node }) => node);
  }
  return [];
}

async function showUsage(client, account, property) {
  let total = 0;
  let cost = 0;
  for (const { startAt, value, metaData } of await newestDay(client, account, property)) {
    const price = metaData.statistics.find((statistic) => statistic.type === "CONSUMPTION_COST");
    const cents = Number(price.costInclTax.estimatedAmount);
    total += Number(value);
    cost += cents;
    console.log(`  ${written(startAt)}  ${Number(value).toFixed(3)} kWh  ${cents.toFixed(2)} ct`);
  }
  console.log(total > 0 ? `  in all        ${total.toFixed(3)} kWh  ${cost.toFixed(2)} ct` : "  no half-hours");
}

function showRates({ product, unitRateInformation }) {
  console.log(` Tonight, ${product.fullName}:`);
  const rates = unitRateInformation.rates ?? [unitRateInformation];
  for (const { timeslotName, timeslotActivationRules, latestGrossUnitRateCentsPerKwh } of rates) {
    const times = timeslotActivationRules?.map((rule) => `${rule.activeFromTime} to ${rule.activeToTime}`).join(", ");
    console.log(`  ${latestGrossUnitRateCentsPerKwh} ct a kWh${timeslotName ? `, ${timeslotName} ${times}` : ""}`);
  }
}

const refusal = (error) => (error instanceof ClientError ? error.response.errors?.[0] : undefined);

async function cars(client, account) {
  try {
    const { devices } = await client.request(DEVICES, { account });
    return devices.filter((device) => device.deviceType === "ELECTRIC_VEHICLES");
  } catch (error) {
    if (refusal(error)?.extensions.errorCode === NO_DEVICE) return [];
    throw error;
  }
}

async function showCar(client, car) {
  console.log(`${car.name}, ${car.status.currentState}`);
  const { flexPlannedDispatches } = await client.request(PLAN, { device: car.id });
  for (const { start, end, energyAddedKwh } of flexPlannedDispatches) {
    console.log(`  planned ${written(start)} to ${clock(end)}  ${energyAddedKwh} kWh`);
  }
  for (const action of ["BOOST", "CANCEL"]) {
    try {
      const { updateBoostCharge } = await client.request(BOOST, { device: car.id, action });
      console.log(`  ${action}: ${updateBoostCharge.status.currentState}`);
    } catch (error) {
      // Away, not plugged in, or full.
      const refused = refusal(error);
      if (!refused) throw error;
      const { errorCode, boostChargeRefusalReasons = [] } = refused.extensions;
      console.log(`  ${action} refused:`, errorCode, refused.message, ...boostChargeRefusalReasons);
    }
  }
}

const stranger = new GraphQLClient(process.env.KRAKEN_URL);
const { obtainKrakenToken } = await stranger.request(LOG_IN, { key: process.env.KRAKEN_API_KEY });
const client = new GraphQLClient(process.env.KRAKEN_URL, { headers: { Authorization: obtainKrakenToken.token } });
for (const { number } of (await client.request(ACCOUNTS)).viewer.accounts) {
  console.log(`Account ${number}`);
  for (const home of (await client.request(METERS, { account: number })).account.allProperties) {
    console.log(home.address);
    for (const malo of home.electricityMalos) {
      console.log(`MaLo ${malo.maloNumber}, meter ${malo.meter.number}:`);
      await showUsage(client, number, home.id);
      malo.agreements.filter((agreement) => agreement.isActive).forEach(showRates);
    }
  }
  for (const car of await cars(client, number)) await showCar(client, car);
}
