import { useCallback, useState } from 'react';
import { ask } from './ask';
import { Bills } from './Bills';
import { useKey } from './keys';
import { Ledgers } from './Ledgers';
import { money } from './money';
import { PaymentsView } from './PaymentsView';
import { ACCOUNT } from './queries';
import type { Account } from './queries';
import { SupplyView } from './SupplyView';
import { useAnswer } from './useAnswer';

const VIEWS = ['Ledgers', 'Bills', 'Payments', 'Supply', 'People'] as const;
type View = (typeof VIEWS)[number];

export function AccountView({ number }: { number: string }) {
  const [view, setView] = useState<View>('Ledgers');
  const { data: account, error } = useAnswer(number, async (signal) => {
    const answer = await ask<{ account: Account }>(ACCOUNT, { number }, signal);
    return answer.account;
  });
  useKey(
    useCallback((key) => {
      const chosen = VIEWS[Number(key) - 1];
      if (chosen) setView(chosen);
      return chosen !== undefined;
    }, []),
  );

  if (error) return <p className="problem" role="alert">{error}</p>;
  if (!account) return <p className="hint">Loading {number} …</p>;
  return (
    <article className="account">
      <Summary account={account} />
      <nav role="tablist" aria-label="Views">
        {VIEWS.map((name, index) => (
          <button key={name} type="button" role="tab" aria-selected={name === view} onClick={() => setView(name)}>
            <kbd>{index + 1}</kbd> {name}
          </button>
        ))}
      </nav>
      {view === 'Ledgers' && <Ledgers account={account} />}
      {view === 'Bills' && <Bills account={account} />}
      {view === 'Payments' && <PaymentsView account={account} />}
      {view === 'Supply' && <SupplyView account={account} />}
      {view === 'People' && <People account={account} />}
    </article>
  );
}

function Summary({ account }: { account: Account }) {
  const country = account.billingCountryCode;
  return (
    <header className="summary">
      <h2>
        {account.billingName || account.number} <small>{account.number}</small>
      </h2>
      <p>{account.billingAddress}</p>
      <dl>
        <Fact name="Balance" value={money(account.balance, country)} warn={account.balance < 0} />
        {account.overdueBalance ? (
          <Fact name="Overdue" value={money(account.overdueBalance, country)} warn />
        ) : null}
        <Fact name="Status" value={account.status} />
        <Fact name="Brand" value={account.brand} />
        <Fact name="Next bill" value={account.billingOptions?.nextBillingDate} />
      </dl>
    </header>
  );
}

function Fact({ name, value, warn }: { name: string; value: string | null | undefined; warn?: boolean }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className={warn ? 'warn' : ''}>{value ?? '–'}</dd>
    </div>
  );
}

function People({ account }: { account: Account }) {
  return (
    <table className="rows">
      <thead>
        <tr>
          <th>Name</th>
          <th>E-mail</th>
          <th>Mobile</th>
        </tr>
      </thead>
      <tbody>
        {account.users.map((user) => (
          <tr key={user.id}>
            <td>{user.fullName}</td>
            <td>{user.email}</td>
            <td>{user.mobile}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
