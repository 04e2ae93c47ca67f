import { useEffect, useState } from 'react';
import { describeFailure } from '../api/client';

/** What is known of an answer. The last one stays until the next arrives, so that the page does not flicker. */
export interface Answer<Data> {
  data: Data | null;
  error: string | null;
  /** What is known answers another key than the present one. */
  loading: boolean;
}

/** What was answered, and to which key. */
interface Answered<Data> {
  key: string | null;
  data: Data | null;
  error: string | null;
}

/** The answer to what `key` stands for; null asks nothing. */
export function useAnswer<Data>(key: string | null, fetch: (signal: AbortSignal) => Promise<Data>): Answer<Data> {
  const [answer, setAnswer] = useState<Answered<Data>>({ key: null, data: null, error: null });

  useEffect(() => {
    if (key === null) {
      setAnswer({ key, data: null, error: null });
      return;
    }
    const stop = new AbortController();
    fetch(stop.signal).then(
      (data) => !stop.signal.aborted && setAnswer({ key, data, error: null }),
      (failure: unknown) => !stop.signal.aborted && setAnswer({ key, data: null, error: describeFailure(failure) }),
    );
    return () => stop.abort();
    // `key` names all that `fetch` depends on.
  }, [key]);

  // Not a state of its own: set in an effect, it would follow a new key one painting late.
  return { data: answer.data, error: answer.error, loading: answer.key !== key };
}
