import { useCallback, useEffect, useRef, useState } from 'react';
import type { KeyboardEvent } from 'react';
import { ask } from './ask';
import { useKey } from './keys';
import { money } from './money';
import { best, searchFor, termsFor } from './search';
import type { Hit } from './search';
import { useAnswer } from './useAnswer';

const PAUSE = 200;

interface Props {
  onOpen: (number: string) => void;
  current: string | null;
}

export function SearchBox({ onOpen, current }: Props) {
  const box = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState('');
  const [chosen, setChosen] = useState(0);
  const settled = useSettled(typed);
  const terms = termsFor(settled);
  const asked = terms.length > 0;
  const { data, error, loading } = useAnswer(asked ? settled : null, async (signal) => {
    const { query, variables } = searchFor(terms);
    return best(await ask<Record<string, Hit[] | null>>(query, variables, signal));
  });
  const found = data ?? [];

  useEffect(() => setChosen(0), [data]);
  useKey(
    useCallback((key) => {
      if (key === '/') box.current?.select();
      return key === '/';
    }, []),
  );

  function pressed(event: KeyboardEvent) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setChosen((index) => Math.min(Math.max(index + step, 0), found.length - 1));
    else if (event.key === 'Escape') box.current?.blur();
    else if (event.key === 'Enter' && found[chosen]) {
      onOpen(found[chosen].number);
      // The keys are for the account now.
      box.current?.blur();
    } else if (event.key !== '/' || typed !== '') return;
    event.preventDefault();
  }

  return (
    <section className="search" aria-label="Search">
      <input
        ref={box}
        type="search"
        aria-label="Find an account"
        placeholder="Number, name, e-mail, telephone, postcode"
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={pressed}
        autoFocus={current === null}
      />
      <ol className={loading ? 'found waiting' : 'found'}>
        {found.map((account, index) => (
          <li key={account.number}>
            <button
              type="button"
              className={index === chosen ? 'chosen' : ''}
              aria-current={account.number === current}
              onClick={() => onOpen(account.number)}
            >
              <strong>{account.billingName || account.number}</strong>
              <span>{money(account.balance, account.billingCountryCode)}</span>
              <small>
                {account.number} · {account.billingAddressPostcode}
              </small>
              <small>{account.status}</small>
            </button>
          </li>
        ))}
      </ol>
      <p role="status">
        {error ?? (asked && !loading && data && found.length === 0 ? 'Nobody found.' : '')}
      </p>
    </section>
  );
}

/** A text once nothing has been typed for a moment. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), PAUSE);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
