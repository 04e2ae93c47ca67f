import { useCallback, useEffect, useState } from 'react';
import { SessionBar } from '../session/SessionBar';
import { useSession } from '../session/useSession';
import { AccountView } from './AccountView';
import { SearchBox } from './SearchBox';

/** The account in the address, so that a page can be reloaded and its address passed on. */
function accountInAddress(): string | null {
  return /^#(A-[0-9A-F]{8})$/.exec(window.location.hash)?.[1] ?? null;
}

export function OperationsPage() {
  const { session } = useSession();
  const [number, setNumber] = useState(accountInAddress);

  useEffect(() => {
    const follow = () => setNumber(accountInAddress());
    window.addEventListener('hashchange', follow);
    return () => window.removeEventListener('hashchange', follow);
  }, []);

  const open = useCallback((chosen: string) => {
    window.location.hash = chosen;
  }, []);

  return (
    <div className="page">
      <SessionBar title="Operations" />
      {session ? (
        <main className="operations">
          <SearchBox key={session.user} onOpen={open} current={number} />
          {number ? (
            <AccountView key={`${session.user} ${number}`} number={number} />
          ) : (
            <p className="hint">
              Find a customer by number, name, e-mail, telephone or postcode. <kbd>/</kbd> goes to the search,{' '}
              <kbd>↑</kbd> <kbd>↓</kbd> <kbd>Enter</kbd> choose, <kbd>1</kbd>–<kbd>5</kbd> change the view.
            </p>
          )}
        </main>
      ) : (
        <p className="hint">Log in above as a member of staff.</p>
      )}
    </div>
  );
}
