import { errorText, postGraphQL } from '../api/client';
import { currentToken } from '../session/store';
import type { Page } from './queries';

/** Asks the public API as whoever is logged in. What is partly refused is refused. */
export async function ask<Data>(query: string, variables: object, signal?: AbortSignal): Promise<Data> {
  const token = await currentToken();
  const result = await postGraphQL<Data>({ query, variables }, { token, ...(signal ? { signal } : {}) });
  const problem = errorText(result.errors);
  if (problem !== undefined) throw new Error(problem);
  if (!result.data) throw new Error('The server answered nothing.');
  return result.data;
}

/** Walks a connection to its end, or until there are `most`. */
export async function all<Node>(page: (after: string | null) => Promise<Page<Node>>, most: number): Promise<Node[]> {
  const nodes: Node[] = [];
  let after: string | null = null;
  do {
    const { edges, pageInfo } = await page(after);
    nodes.push(...edges.map((edge) => edge.node));
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
  } while (after !== null && nodes.length < most);
  return nodes;
}
