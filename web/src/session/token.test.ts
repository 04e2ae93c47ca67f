import { describe, expect, it } from 'vitest';
import { canRenew, isExpired, parseSession, renewalTime, sessionFrom, timeLeft } from './token';

const NOW = 1_800_000_000_000;
const inSeconds = (after: number) => NOW / 1000 + after;
const answer = (payload: unknown, more = {}) => ({ token: 'jwt', payload, ...more });

describe('sessionFrom', () => {
  it('reads who and until when', () => {
    const session = sessionFrom(answer({ email: 'ops@example.com', sub: 'user:1', exp: inSeconds(3600) }), NOW);
    expect(session).toMatchObject({ user: 'ops@example.com', expiresAt: NOW + 3_600_000 });
  });

  it('names the subject when there is no e-mail, and reads a payload sent as text', () => {
    expect(sessionFrom(answer({ sub: 'user:1' }), NOW).user).toBe('user:1');
    expect(sessionFrom(answer('{"sub":"user:2"}'), NOW).user).toBe('user:2');
    expect(sessionFrom(answer('nonsense'), NOW)).toMatchObject({ user: 'unknown user', expiresAt: null });
  });

  it('takes refreshExpiresIn as a moment, or as a duration when small', () => {
    const moment = sessionFrom(answer({}, { refreshToken: 'r', refreshExpiresIn: inSeconds(60) }), NOW);
    const duration = sessionFrom(answer({}, { refreshToken: 'r', refreshExpiresIn: 60 }), NOW);
    expect(moment.refreshExpiresAt).toBe(NOW + 60_000);
    expect(duration.refreshExpiresAt).toBe(NOW + 60_000);
  });

  it('keeps the refresh token and the user when a renewal leaves them out', () => {
    const first = sessionFrom(answer({ email: 'a@example.com' }, { refreshToken: 'r' }), NOW);
    const renewed = sessionFrom(answer({ exp: inSeconds(10) }), NOW, first);
    expect(renewed).toMatchObject({ user: 'a@example.com', refreshToken: 'r' });
  });
});

describe('expiry and renewal', () => {
  const session = (life: number, more = {}) => sessionFrom(answer({ exp: inSeconds(life) }, more), NOW);

  it('expires at exp, not before', () => {
    expect(isExpired(session(10), NOW + 9_999)).toBe(false);
    expect(isExpired(session(10), NOW + 10_000)).toBe(true);
    expect(isExpired(sessionFrom(answer({}), NOW), NOW)).toBe(false);
  });

  it('renews one minute ahead, sooner for short lives', () => {
    expect(renewalTime(session(3600))).toBe(NOW + 3_540_000);
    expect(renewalTime(session(50))).toBe(NOW + 40_000);
    expect(renewalTime(sessionFrom(answer({}), NOW))).toBeNull();
  });

  it('renews only with a live refresh token', () => {
    expect(canRenew(session(10), NOW)).toBe(false);
    expect(canRenew(session(10, { refreshToken: 'r' }), NOW)).toBe(true);
    expect(canRenew(session(10, { refreshToken: 'r', refreshExpiresIn: 20 }), NOW + 20_000)).toBe(false);
  });

  it('words the time left', () => {
    expect(timeLeft(NOW, NOW)).toBe('expired');
    expect(timeLeft(NOW + 30_000, NOW)).toBe('less than a minute left');
    expect(timeLeft(NOW + 59 * 60_000, NOW)).toBe('59 min left');
    expect(timeLeft(NOW + 180 * 60_000, NOW)).toBe('3 h left');
  });
});

describe('parseSession', () => {
  it('gives back what was stored', () => {
    const stored = sessionFrom(answer({ sub: 'user:1', exp: inSeconds(1) }, { refreshToken: 'r' }), NOW);
    expect(parseSession(JSON.stringify(stored))).toEqual(stored);
  });

  it('treats anything else as logged out', () => {
    for (const stored of [null, '', '{', '3', '{"token":4}']) expect(parseSession(stored)).toBeNull();
  });
});
