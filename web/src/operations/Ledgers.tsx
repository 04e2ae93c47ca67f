import { useState } from 'react';
import { all, ask } from './ask';
import { BalanceChart } from './BalanceChart';
import { money } from './money';
import { TRANSACTIONS } from './queries';
import type { Account, Page, Transaction } from './queries';
import { useAnswer } from './useAnswer';

/** Two years of a busy ledger. Older ones are for GraphiQL. */
const MOST = 500;

export function Ledgers({ account }: { account: Account }) {
  const [ledger, setLedger] = useState(account.ledgers[0]?.number ?? '');
  const { data, error, loading } = useAnswer(ledger || null, (signal) =>
    all(async (after) => {
      type Data = { account: { transactions: Page<Transaction> } };
      const variables = { number: account.number, ledger, after };
      return (await ask<Data>(TRANSACTIONS, variables, signal)).account.transactions;
    }, MOST),
  );
  const country = account.billingCountryCode;

  return (
    <section aria-label="Ledgers">
      <div className="ledgers">
        {account.ledgers.map((each) => (
          <button
            key={each.number}
            type="button"
            aria-pressed={each.number === ledger}
            onClick={() => setLedger(each.number)}
          >
            {each.name} <strong>{money(each.balance, country)}</strong> <small>{each.number}</small>
          </button>
        ))}
      </div>
      {error && <p className="problem" role="alert">{error}</p>}
      {data && (
        <div className={loading ? 'waiting' : ''}>
          <BalanceChart transactions={data} country={country} />
          <Table transactions={data} country={country} />
          {data.length >= MOST && <p className="hint">Only the newest {data.length} are shown.</p>}
        </div>
      )}
    </section>
  );
}

interface TableProps {
  transactions: Transaction[];
  country: string | null;
}

function Table({ transactions, country }: TableProps) {
  if (transactions.length === 0) return <p className="hint">Nothing has been posted yet.</p>;
  return (
    <table className="rows">
      <thead>
        <tr>
          <th>Posted</th>
          <th>Kind</th>
          <th>Title</th>
          <th>State</th>
          <th className="amount">Amount</th>
          <th className="amount">Balance</th>
        </tr>
      </thead>
      <tbody>
        {transactions.map((each) => (
          <tr key={each.id} className={each.isReversed ? 'reversed' : ''}>
            <td>{each.postedDate}</td>
            <td>{each.__typename}</td>
            <td>{each.title}</td>
            <td>{state(each)}</td>
            <td className="amount">{money(raises(each) ? each.amount : -each.amount, country)}</td>
            <td className="amount">{money(each.balanceCarriedForward, country)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Whether a positive amount of this kind raises the balance. */
function raises({ __typename }: Transaction): boolean {
  return __typename === 'Credit' || __typename === 'Payment';
}

function state({ isReversed, isHeld, isIssued }: Transaction): string {
  if (isReversed) return 'reversed';
  if (isHeld) return 'held';
  return isIssued ? 'billed' : '';
}
