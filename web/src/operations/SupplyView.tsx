import { useState } from 'react';
import { ask } from './ask';
import { ConsumptionChart } from './ConsumptionChart';
import type { Account } from './queries';
import { nodes } from './queries';
import { SUPPLY, flows, isElectricity } from './supply';
import type { Supply } from './supply';
import { Timeline } from './Timeline';
import { Tonight } from './Tonight';
import { useAnswer } from './useAnswer';

/** Two years back and half a year ahead. */
const BACK = 730 * 86_400_000;
const AHEAD = 183 * 86_400_000;

export function SupplyView({ account }: { account: Account }) {
  const [now] = useState(Date.now);
  const { data, error } = useAnswer(account.number, (signal) => {
    const since = new Date(now - BACK).toISOString();
    return ask<Supply>(SUPPLY, { number: account.number, since, until: new Date(now).toISOString() }, signal);
  });
  const [chosen, choose] = useState<string | null>(null);
  if (error) return <p className="problem" role="alert">{error}</p>;
  if (!data) return <p className="hint">Loading …</p>;
  const { properties } = data.account;
  // The one where somebody lives now, if nothing is chosen.
  const lived = properties.find((each) => each.occupancyPeriods?.some((period) => period.effectiveTo === null));
  const property = properties.find((each) => each.id === chosen) ?? lived ?? properties.at(-1);
  if (!property) return <p className="hint">Nothing is supplied on this account.</p>;
  const points = nodes(data.supplyPoints).filter((point) => point.property?.id === property.id);
  const electricity = points.filter(isElectricity).map((point) => point.externalIdentifier);

  return (
    <section aria-label="Supply">
      <h3>Properties and agreements</h3>
      <Timeline supply={data} country={account.billingCountryCode} first={now - BACK} now={now} last={now + AHEAD} />
      {properties.length > 1 && (
        <div className="choices" role="group" aria-label="Properties">
          {properties.map((each) => (
            <button key={each.id} type="button" aria-pressed={each === property} onClick={() => choose(each.id)}>
              {each.address}
            </button>
          ))}
        </div>
      )}
      <ConsumptionChart key={property.id} account={account} property={property.id} flows={flows(property, points)} />
      {electricity.length > 0 && <Tonight account={account} points={electricity} />}
    </section>
  );
}
