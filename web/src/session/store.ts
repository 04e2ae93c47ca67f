import { describeFailure, errorText, postGraphQL } from '../api/client';
import { canRenew, isExpired, parseSession, renewalTime, sessionFrom } from './token';
import type { ObtainedToken, Session } from './token';

const STORAGE_KEY = 'kraken-api-sandbox:session';
const RETRY_AFTER = 10_000;
// A clock that runs ahead makes new tokens look old: never renew in a tight loop.
const SHORTEST_TIMER = 5_000;
// Timers beyond this overflow and fire at once.
const LONGEST_TIMER = 2 ** 31 - 1;

const OBTAIN = `mutation ($input: ObtainJSONWebTokenInput!) {
  obtainKrakenToken(input: $input) { token refreshToken refreshExpiresIn payload }
}`;

export type Credentials = { email: string; password: string } | { APIKey: string };
type TokenInput = Credentials | { refreshToken: string };

export interface SessionState {
  session: Session | null;
  /** Why the last session ended on its own, if it did. */
  notice: string | null;
}

/** The server said no, as opposed to not being reached. */
class Refused extends Error {}

let state: SessionState = { session: readStored(), notice: null };
let timer: ReturnType<typeof setTimeout> | undefined;
let renewal: Promise<void> | undefined;
const listeners = new Set<() => void>();

export function getState(): SessionState {
  return state;
}

export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export async function logIn(credentials: Credentials): Promise<void> {
  const answer = await obtain(credentials);
  setState({ session: sessionFrom(answer, Date.now()), notice: null });
}

export function logOut(notice: string | null = null): void {
  setState({ session: null, notice });
}

/** The token to send now: renewed first when its time has come. */
export async function currentToken(): Promise<string | undefined> {
  await renewIfDue();
  return state.session?.token;
}

/** Keeps the session alive while the page is open. */
export function startRenewing(): void {
  // A sleeping computer stops timers, so look again when the user comes back.
  document.addEventListener('visibilitychange', () => void renewIfDue());
  schedule();
}

function renewIfDue(): Promise<void> {
  const { session } = state;
  const due = session && renewalTime(session);
  if (!session || due === null || due === undefined || Date.now() < due) return Promise.resolve();
  // Requests that start together share one renewal.
  renewal ??= renew(session).finally(() => {
    renewal = undefined;
  });
  return renewal;
}

async function renew(session: Session): Promise<void> {
  if (!canRenew(session, Date.now())) {
    if (isExpired(session, Date.now())) logOut('Your session has expired. Log in again.');
    else schedule();
    return;
  }
  try {
    const answer = await obtain({ refreshToken: session.refreshToken ?? '' });
    // Logged out, or in as someone else, while the answer was on its way.
    if (state.session !== session) return;
    setState({ session: sessionFrom(answer, Date.now(), session), notice: null });
  } catch (failure) {
    if (state.session !== session) return;
    if (failure instanceof Refused || isExpired(session, Date.now())) {
      logOut(`Your session could not be renewed: ${describeFailure(failure)} Log in again.`);
    } else {
      schedule(RETRY_AFTER);
    }
  }
}

async function obtain(input: TokenInput): Promise<ObtainedToken> {
  const result = await postGraphQL<{ obtainKrakenToken: ObtainedToken | null }>({
    query: OBTAIN,
    variables: { input },
  });
  const answer = result.data?.obtainKrakenToken;
  if (!answer) throw new Refused(errorText(result.errors) ?? 'The server gave no token.');
  return answer;
}

function setState(next: SessionState): void {
  state = next;
  writeStored(next.session);
  schedule();
  for (const listener of listeners) listener();
}

function schedule(atLeast = SHORTEST_TIMER): void {
  clearTimeout(timer);
  const { session } = state;
  if (!session) return;
  const now = Date.now();
  // Without a way to renew, the next thing to happen is the end.
  const next = canRenew(session, now) ? renewalTime(session) : session.expiresAt;
  if (next === null) return;
  const wait = Math.min(Math.max(next - now, atLeast), LONGEST_TIMER);
  timer = setTimeout(() => {
    void renewIfDue().then(() => {
      // Woken early by the cap above: nothing was due, so wait on.
      if (state.session === session && wait === LONGEST_TIMER) schedule();
    });
  }, wait);
}

function readStored(): Session | null {
  try {
    return parseSession(sessionStorage.getItem(STORAGE_KEY));
  } catch {
    return null;
  }
}

function writeStored(session: Session | null): void {
  try {
    if (session) sessionStorage.setItem(STORAGE_KEY, JSON.stringify(session));
    else sessionStorage.removeItem(STORAGE_KEY);
  } catch {
    // Storage is off: the session lives as long as the page.
  }
}
