import { useEffect, useState, useSyncExternalStore } from 'react';
import { getState, subscribe } from './store';
import type { SessionState } from './store';

export function useSession(): SessionState {
  return useSyncExternalStore(subscribe, getState);
}

/** The time, refreshed often enough to word what is left in minutes. */
export function useNow(everyMs = 15_000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
