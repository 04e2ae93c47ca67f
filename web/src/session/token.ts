/** What the page keeps of an answer of obtainKrakenToken. Times are in milliseconds. */
export interface Session {
  token: string;
  user: string;
  obtainedAt: number;
  expiresAt: number | null;
  refreshToken: string | null;
  refreshExpiresAt: number | null;
}

export interface ObtainedToken {
  token: string;
  payload: unknown;
  refreshToken?: string | null;
  refreshExpiresIn?: number | null;
}

const MINUTE = 60_000;

export function sessionFrom(answer: ObtainedToken, now: number, previous?: Session): Session {
  const payload = asRecord(answer.payload);
  return {
    token: answer.token,
    user: text(payload['email']) ?? text(payload['sub']) ?? previous?.user ?? 'unknown user',
    obtainedAt: now,
    expiresAt: seconds(payload['exp']),
    // A renewal may leave out the refresh token: the one in hand stays good.
    refreshToken: answer.refreshToken ?? previous?.refreshToken ?? null,
    refreshExpiresAt: refreshExpiry(answer, now) ?? previous?.refreshExpiresAt ?? null,
  };
}

/** refreshExpiresIn is a Unix time; a small number can only be a duration. */
function refreshExpiry({ refreshExpiresIn }: ObtainedToken, now: number): number | null {
  if (refreshExpiresIn == null) return null;
  const isMoment = refreshExpiresIn > 1_000_000_000;
  return isMoment ? refreshExpiresIn * 1000 : now + refreshExpiresIn * 1000;
}

export function isExpired(session: Session, now: number): boolean {
  return session.expiresAt !== null && session.expiresAt <= now;
}

export function canRenew(session: Session, now: number): boolean {
  if (session.refreshToken === null) return false;
  return session.refreshExpiresAt === null || session.refreshExpiresAt > now;
}

/** One minute before the end, or at four fifths of a life shorter than five minutes. */
export function renewalTime(session: Session): number | null {
  if (session.expiresAt === null) return null;
  const life = session.expiresAt - session.obtainedAt;
  return session.expiresAt - Math.min(MINUTE, Math.max(life, 0) / 5);
}

export function timeLeft(expiresAt: number, now: number): string {
  const minutes = Math.floor((expiresAt - now) / MINUTE);
  if (expiresAt <= now) return 'expired';
  if (minutes < 1) return 'less than a minute left';
  if (minutes < 120) return `${minutes} min left`;
  return `${Math.floor(minutes / 60)} h left`;
}

/** Reads a session back from storage; anything unexpected counts as none. */
export function parseSession(stored: string | null): Session | null {
  if (stored === null) return null;
  try {
    const value = asRecord(JSON.parse(stored));
    const token = text(value['token']);
    if (token === undefined) return null;
    return {
      token,
      user: text(value['user']) ?? 'unknown user',
      obtainedAt: number(value['obtainedAt']) ?? 0,
      expiresAt: number(value['expiresAt']),
      refreshToken: text(value['refreshToken']) ?? null,
      refreshExpiresAt: number(value['refreshExpiresAt']),
    };
  } catch {
    return null;
  }
}

function asRecord(value: unknown): Record<string, unknown> {
  // The payload is a generic scalar: some servers send it as JSON text.
  if (typeof value === 'string') {
    try {
      return asRecord(JSON.parse(value));
    } catch {
      return {};
    }
  }
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function seconds(value: unknown): number | null {
  const found = number(value);
  return found === null ? null : found * 1000;
}
