import { tryParseJSONC, useGraphiQL, useOperationsEditorState, useVariablesEditorState } from '@graphiql/react';
import { useEffect, useRef, useState } from 'react';
import { describeFailure } from '../api/client';
import { isBlank } from '../document/operations';
import { useSession } from '../session/useSession';
import { COMPLEXITY_LIMIT, LEVEL_TEXT, fetchComplexity, levelOf } from './complexity';

const EDIT_PAUSE = 700;

type Answer = { value: number } | { failure: string } | null;

export function ComplexityPanel() {
  const [query] = useOperationsEditorState();
  const [variables] = useVariablesEditorState();
  const operationName = useGraphiQL((state) => state.operationName);
  const { session } = useSession();
  const token = session?.token;
  const [answer, setAnswer] = useState<Answer>(null);
  const [busy, setBusy] = useState(false);
  const [asked, setAsked] = useState(0);
  const answered = useRef(0);
  const blank = isBlank(query);

  useEffect(() => {
    if (blank) {
      setAnswer(null);
      return undefined;
    }
    const abort = new AbortController();
    // The button acts at once, edits wait for a pause.
    const wait = answered.current === asked ? EDIT_PAUSE : 0;
    answered.current = asked;
    const timer = setTimeout(() => {
      setBusy(true);
      measure(query, variables, operationName, abort.signal)
        .then((value) => setAnswer({ value }))
        .catch((failure: unknown) => {
          if (!abort.signal.aborted) setAnswer({ failure: describeFailure(failure) });
        })
        .finally(() => {
          if (!abort.signal.aborted) setBusy(false);
        });
    }, wait);
    return () => {
      clearTimeout(timer);
      abort.abort();
      setBusy(false);
    };
    // `token`: another user may be allowed to ask. `asked`: the button.
  }, [query, variables, operationName, blank, token, asked]);

  return (
    <section className="panel" aria-labelledby="complexity-title">
      <h2 className="panel-title" id="complexity-title">
        Query complexity
      </h2>
      <p className="panel-about">
        What the current operation counts, with its variables. The server refuses more than {COMPLEXITY_LIMIT}.
      </p>
      <div aria-live="polite">
        {blank && <p className="panel-hint">Write an operation to see its complexity.</p>}
        {answer && 'failure' in answer && <p className="panel-failure">{answer.failure}</p>}
        {answer && 'value' in answer && <Meter value={answer.value} />}
      </div>
      {!blank && (
        <button type="button" className="session-button" disabled={busy} onClick={() => setAsked(asked + 1)}>
          {busy ? 'Measuring…' : 'Measure again'}
        </button>
      )}
    </section>
  );
}

function Meter({ value }: { value: number }) {
  const level = levelOf(value);
  const share = Math.min(value / COMPLEXITY_LIMIT, 1) * 100;
  return (
    <div className={`complexity ${level}`}>
      <p className="complexity-value">
        <strong>{value}</strong> of {COMPLEXITY_LIMIT}
      </p>
      <div
        className="complexity-bar"
        role="meter"
        aria-label="Complexity"
        aria-valuemin={0}
        aria-valuemax={COMPLEXITY_LIMIT}
        aria-valuenow={Math.min(value, COMPLEXITY_LIMIT)}
        aria-valuetext={`${value} of ${COMPLEXITY_LIMIT}`}
      >
        <div style={{ width: `${share}%` }} />
      </div>
      <p>{LEVEL_TEXT[level]}</p>
    </div>
  );
}

async function measure(query: string, variables: string, operationName: string | undefined, signal: AbortSignal) {
  // The editor allows comments in the variables, the API does not.
  let parsed: unknown;
  try {
    parsed = tryParseJSONC(variables) ?? {};
  } catch {
    throw new Error('The variables are not valid JSON.');
  }
  return fetchComplexity({ query, variables: JSON.stringify(parsed), operationName: operationName ?? null }, signal);
}
