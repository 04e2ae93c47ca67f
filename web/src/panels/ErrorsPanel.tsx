import { useOperationsEditorState } from '@graphiql/react';
import { useEffect, useState } from 'react';
import { describeFailure } from '../api/client';
import { isBlank, rootFields } from '../document/operations';
import type { RootField } from '../document/operations';
import { useSession } from '../session/useSession';
import { fetchPossibleErrors } from './possibleErrors';
import type { PossibleError } from './possibleErrors';

export function ErrorsPanel() {
  const [query] = useOperationsEditorState();
  const [authErrors, setAuthErrors] = useState(false);
  const { fields, problem } = useRootFields(query);

  return (
    <section className="panel" aria-labelledby="errors-title">
      <h2 className="panel-title" id="errors-title">
        Possible errors
      </h2>
      <p className="panel-about">What each root field of the current document may answer with.</p>
      <label className="panel-option">
        <input type="checkbox" checked={authErrors} onChange={(event) => setAuthErrors(event.target.checked)} />
        Include authentication errors
      </label>
      {problem && <p className="panel-hint">{problem}</p>}
      {fields.map((field) => (
        <FieldErrors key={`${field.type} ${field.name}`} {...field} authErrors={authErrors} />
      ))}
    </section>
  );
}

/** The fields of the last readable text: half-typed text keeps what was there before. */
function useRootFields(query: string): { fields: RootField[]; problem: string | null } {
  const [readable, setReadable] = useState<RootField[]>([]);
  const [problem, setProblem] = useState<string | null>(null);

  useEffect(() => {
    const timer = setTimeout(() => {
      try {
        const found = isBlank(query) ? [] : rootFields(query);
        setReadable(found);
        setProblem(found.length > 0 ? null : 'Write a query or a mutation to see its errors.');
      } catch (failure) {
        setProblem(describeFailure(failure));
      }
    }, 400);
    return () => clearTimeout(timer);
  }, [query]);

  return { fields: readable, problem };
}

type Answer = { errors: PossibleError[] } | { failure: string } | null;

function FieldErrors({ type, name, authErrors }: RootField & { authErrors: boolean }) {
  const [answer, setAnswer] = useState<Answer>(null);
  const { session } = useSession();
  const token = session?.token;

  useEffect(() => {
    const abort = new AbortController();
    fetchPossibleErrors({ type, name }, authErrors, abort.signal)
      .then((errors) => setAnswer({ errors }))
      .catch((failure: unknown) => {
        if (!abort.signal.aborted) setAnswer({ failure: describeFailure(failure) });
      });
    return () => abort.abort();
    // `token`: another user may be allowed to ask.
  }, [type, name, authErrors, token]);

  return (
    <section>
      <h3 className="panel-heading">
        <code>{name}</code> <span>{type}</span>
      </h3>
      {answer === null && <p className="panel-hint">Loading…</p>}
      {answer && 'failure' in answer && <p className="panel-failure">{answer.failure}</p>}
      {answer && 'errors' in answer && <ErrorTable name={name} errors={answer.errors} />}
    </section>
  );
}

// The roles are spelled out because the narrow layout takes rows out of table display.
function ErrorTable({ name, errors }: { name: string; errors: PossibleError[] }) {
  if (errors.length === 0) return <p className="panel-hint">No errors of its own.</p>;
  return (
    <table className="errors" role="table" aria-label={`Possible errors of ${name}`}>
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader">Code</th>
          <th role="columnheader">Type</th>
          <th role="columnheader">Message</th>
          <th role="columnheader">Description</th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        {errors.map((error, index) => (
          <tr role="row" key={error.code ?? index}>
            <td role="cell" className="error-code">
              {error.code}
            </td>
            <td role="cell" className="error-type">
              {error.type}
            </td>
            <td role="cell" className="error-message">
              {error.message}
            </td>
            <td role="cell" className="error-description">
              {error.description}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
