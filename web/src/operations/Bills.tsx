import { all, ask } from './ask';
import { money } from './money';
import { BILLS } from './queries';
import type { Account, Bill, Page } from './queries';
import { useAnswer } from './useAnswer';

const MOST = 100;

export function Bills({ account }: { account: Account }) {
  const { data, error } = useAnswer(account.number, (signal) =>
    all(async (after) => {
      type Data = { account: { bills: Page<Bill> } };
      return (await ask<Data>(BILLS, { number: account.number, after }, signal)).account.bills;
    }, MOST),
  );
  if (error) return <p className="problem" role="alert">{error}</p>;
  if (!data) return <p className="hint">Loading …</p>;
  if (data.length === 0) return <p className="hint">There is no bill yet.</p>;
  const country = account.billingCountryCode;

  return (
    <section className="bills" aria-label="Bills">
      <table className="rows">
        <thead>
          <tr>
            <th>Period</th>
            <th>Kind</th>
            <th>Issued</th>
            <th className="amount">Closing balance or total</th>
            <th>PDF</th>
          </tr>
        </thead>
        <tbody>
          {data.map((bill) => (
            <tr key={`${bill.billType} ${bill.id}`}>
              <td>
                {bill.fromDate} – {bill.toDate ?? 'now'}
              </td>
              <td>{bill.billType}</td>
              <td>{bill.issuedDate ?? 'not yet'}</td>
              <td className="amount">
                {money(bill.closingBalance ?? bill.periodClosing ?? bill.grossAmount, country)}
              </td>
              <td>
                {bill.temporaryUrl && (
                  <a href={bill.temporaryUrl} target="_blank" rel="noreferrer">
                    open
                  </a>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
