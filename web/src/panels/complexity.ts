import { errorText, postGraphQL } from '../api/client';
import { currentToken } from '../session/store';

export const COMPLEXITY_LIMIT = 200;

const QUERY = `query ($input: QueryComplexityInputType!) {
  queryComplexity(input: $input) { complexityValue }
}`;

export interface ComplexityInput {
  query: string;
  variables: string;
  operationName: string | null;
}

export async function fetchComplexity(input: ComplexityInput, signal: AbortSignal): Promise<number> {
  const result = await postGraphQL<{ queryComplexity: { complexityValue: number | null } | null }>(
    { query: QUERY, variables: { input } },
    { token: await currentToken(), signal },
  );
  const value = result.data?.queryComplexity?.complexityValue;
  if (typeof value !== 'number') throw new Error(errorText(result.errors) ?? 'The server gave no value.');
  return value;
}

export type Level = 'low' | 'high' | 'over';

export function levelOf(value: number): Level {
  if (value > COMPLEXITY_LIMIT) return 'over';
  return value > COMPLEXITY_LIMIT * 0.75 ? 'high' : 'low';
}

export const LEVEL_TEXT: Record<Level, string> = {
  low: 'Well within the limit.',
  high: 'Close to the limit.',
  over: 'Over the limit: the server refuses it. Ask for smaller pages (first, last) or fewer nested lists.',
};
