import { errorText, postGraphQL } from '../api/client';
import type { RootField } from '../document/operations';
import { currentToken } from '../session/store';

const QUERY = `query ($input: PossibleErrorsInputType!) {
  possibleErrors(input: $input) { possibleErrors { code type message description } }
}`;

export interface PossibleError {
  code: string | null;
  type: string | null;
  message: string | null;
  description: string | null;
}

interface Data {
  possibleErrors: { possibleErrors: (PossibleError | null)[] | null } | null;
}

export async function fetchPossibleErrors(
  { type, name }: RootField,
  authErrors: boolean,
  signal: AbortSignal,
): Promise<PossibleError[]> {
  const result = await postGraphQL<Data>(
    { query: QUERY, variables: { input: { name, type, authErrors } } },
    { token: await currentToken(), signal },
  );
  const answer = result.data?.possibleErrors;
  if (!answer) throw new Error(errorText(result.errors) ?? 'The server gave no list.');
  return (answer.possibleErrors ?? []).filter((error) => error !== null);
}
