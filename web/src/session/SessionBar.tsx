import { useState } from 'react';
import { ENDPOINT } from '../api/client';
import { LoginForm } from './LoginForm';
import { logOut } from './store';
import { timeLeft } from './token';
import type { Session } from './token';
import { useNow, useSession } from './useSession';

export function SessionBar({ title = 'Kraken API sandbox' }: { title?: string }) {
  const { session, notice } = useSession();
  const [error, setError] = useState<string | null>(null);
  const message = session ? null : (error ?? notice);

  return (
    <header className="session">
      <div className="session-bar">
        <h1 className="session-title">
          {title} <code>{ENDPOINT}</code>
        </h1>
        {session ? <LoggedIn session={session} /> : <LoginForm onError={setError} />}
      </div>
      {/* Always there, so that screen readers announce what appears in it. */}
      <div role="alert">{message && <p className="session-message">{message}</p>}</div>
    </header>
  );
}

function LoggedIn({ session }: { session: Session }) {
  const now = useNow();
  const { user, expiresAt } = session;
  return (
    <div className="session-user">
      <span className="session-dot" aria-hidden="true" />
      <span>
        Logged in as <strong title={user}>{user}</strong>
      </span>
      {expiresAt !== null && (
        <span className="session-expiry" title={new Date(expiresAt).toLocaleString()}>
          token expires at {clock(expiresAt)} ({timeLeft(expiresAt, now)})
        </span>
      )}
      <button type="button" className="session-button" onClick={() => logOut()}>
        Log out
      </button>
    </div>
  );
}

function clock(time: number): string {
  return new Date(time).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}
