import { useEffect, useState } from 'react';
import { describeFailure } from '../api/client';

/** What is known of an answer. The last one stays until the next arrives, so that the page does not flicker. */
export interface Answer<Data> {
  data: Data | null;
  error: string | null;
  loading: boolean;
}

/** The answer to what `key` stands for; null asks nothing. */
export function useAnswer<Data>(key: string | null, fetch: (signal: AbortSignal) => Promise<Data>): Answer<Data> {
  const [answer, setAnswer] = useState<Answer<Data>>({ data: null, error: null, loading: false });

  useEffect(() => {
    if (key === null) {
      setAnswer({ data: null, error: null, loading: false });
      return;
    }
    const stop = new AbortController();
    setAnswer((last) => ({ ...last, loading: true }));
    fetch(stop.signal).then(
      (data) => !stop.signal.aborted && setAnswer({ data, error: null, loading: false }),
      (failure: unknown) =>
        !stop.signal.aborted && setAnswer({ data: null, error: describeFailure(failure), loading: false }),
    );
    return () => stop.abort();
    // `key` names all that `fetch` depends on.
  }, [key]);

  return answer;
}
