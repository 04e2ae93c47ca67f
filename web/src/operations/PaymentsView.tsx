import type { ReactNode } from 'react';
import { ask } from './ask';
import { money } from './money';
import { PAYMENTS, nodes } from './queries';
import type { Account, Payments } from './queries';
import { useAnswer } from './useAnswer';

export function PaymentsView({ account }: { account: Account }) {
  const { data, error } = useAnswer(account.number, async (signal) => {
    const answer = await ask<{ account: Payments }>(PAYMENTS, { number: account.number }, signal);
    return answer.account;
  });
  if (error) return <p className="problem" role="alert">{error}</p>;
  if (!data) return <p className="hint">Loading …</p>;
  const country = account.billingCountryCode;

  return (
    <section aria-label="Payments">
      <Rows
        title="What comes next"
        heads={['Day', 'By', 'Amount']}
        rows={nodes(data.paginatedPaymentForecast).map((each) => [
          each.date,
          each.method,
          money(each.amount, country),
        ])}
      />
      <Rows
        title="Schedules"
        heads={['By', 'When', 'Since', 'Amount']}
        rows={nodes(data.paymentSchedules).map((each) => [
          each.scheduleType,
          rhythm(each.paymentFrequency, each.paymentFrequencyMultiplier, each.paymentDay),
          each.validFrom,
          each.isVariablePaymentAmount ? 'what is owed' : money(each.paymentAmount, country),
        ])}
      />
      <Rows
        title="Ways to pay"
        heads={['Kind', 'Number', 'Holder', 'State']}
        rows={nodes(data.paymentInstructions).map((each) => [
          each.instructionType,
          each.maskedAccountIdentifier,
          each.accountHolder,
          each.status,
        ])}
      />
      <Rows
        title="Payments"
        heads={['Day', 'Kind', 'Reference', 'State', 'Amount']}
        rows={nodes(data.payments).map((each) => [
          each.paymentDate,
          each.transactionType,
          each.reference,
          each.status,
          money(Number(each.amount), country),
        ])}
      />
      <Rows
        title="Repayments"
        heads={['Day', 'State', 'Amount']}
        rows={nodes(data.repayments).map((each) => [
          each.paymentDate,
          each.status,
          money(Number(each.amount), country),
        ])}
      />
    </section>
  );
}

function rhythm(frequency: string | null, multiplier: number, day: number | null): string {
  const every = multiplier > 1 ? `every ${multiplier} (${frequency})` : (frequency ?? '');
  return day === null ? every : `${every}, day ${day}`;
}

/** A table whose last column is an amount where it is headed so; nothing where there is nothing. */
function Rows({ title, heads, rows }: { title: string; heads: string[]; rows: ReactNode[][] }) {
  if (rows.length === 0) return null;
  const kind = (column: number) => (heads[column] === 'Amount' ? 'amount' : '');
  return (
    <>
      <h3>{title}</h3>
      <table className="rows">
        <thead>
          <tr>
            {heads.map((head, column) => (
              <th key={head} className={kind(column)}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, place) => (
            <tr key={place}>
              {row.map((cell, column) => (
                <td key={heads[column]} className={kind(column)}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
