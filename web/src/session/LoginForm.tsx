import { useState } from 'react';
import type { FormEvent } from 'react';
import { describeFailure } from '../api/client';
import { logIn } from './store';
import type { Credentials } from './store';

type Method = 'password' | 'key';

export function LoginForm({ onError }: { onError: (message: string | null) => void }) {
  const [method, setMethod] = useState<Method>('password');
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const credentials = readCredentials(new FormData(event.currentTarget), method);
    setBusy(true);
    onError(null);
    try {
      await logIn(credentials);
    } catch (failure) {
      onError(`Log-in failed. ${describeFailure(failure)}`);
    } finally {
      setBusy(false);
    }
  }

  function choose(next: Method) {
    setMethod(next);
    onError(null);
  }

  return (
    // "post" so that a password could never end up in the address.
    <form className="session-form" method="post" onSubmit={(event) => void submit(event)}>
      <label className="session-field">
        <span className="visually-hidden">Log in with</span>
        <select value={method} onChange={(event) => choose(event.target.value as Method)} disabled={busy}>
          <option value="password">With password</option>
          <option value="key">With API key</option>
        </select>
      </label>
      {method === 'password' ? (
        <>
          <Field name="email" type="email" label="E-mail" autoComplete="username" disabled={busy} />
          <Field name="password" type="password" label="Password" autoComplete="current-password" disabled={busy} />
        </>
      ) : (
        <Field name="APIKey" type="password" label="API key" autoComplete="off" disabled={busy} wide />
      )}
      <button type="submit" className="session-button primary" disabled={busy}>
        {busy ? 'Logging in…' : 'Log in'}
      </button>
    </form>
  );
}

interface FieldProps {
  name: string;
  type: string;
  label: string;
  autoComplete: string;
  disabled: boolean;
  wide?: boolean;
}

function Field({ label, wide = false, ...input }: FieldProps) {
  return (
    <label className={wide ? 'session-field wide' : 'session-field'}>
      <span className="visually-hidden">{label}</span>
      <input {...input} placeholder={label} spellCheck={false} required />
    </label>
  );
}

function readCredentials(form: FormData, method: Method): Credentials {
  const value = (name: string) => String(form.get(name) ?? '');
  if (method === 'key') return { APIKey: value('APIKey').trim() };
  return { email: value('email').trim(), password: value('password') };
}
