/** The page is served at this path and talks to the same one. */
export const ENDPOINT = '/v1/graphql/';

export interface GraphQLRequest {
  query: string;
  variables?: unknown;
  operationName?: string | null | undefined;
}

export interface GraphQLErrorItem {
  message: string;
  extensions?: Record<string, unknown>;
}

export interface GraphQLResult<Data = unknown> {
  data?: Data | null;
  errors?: readonly GraphQLErrorItem[];
}

export interface PostOptions {
  token?: string | undefined;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export async function postGraphQL<Data = unknown>(
  request: GraphQLRequest,
  { token, headers: extra = {}, signal }: PostOptions = {},
): Promise<GraphQLResult<Data>> {
  const headers = new Headers({ 'Content-Type': 'application/json', Accept: 'application/json' });
  if (token) headers.set('Authorization', token);
  // What the user typed in the headers editor wins over the session.
  for (const [name, value] of Object.entries(extra)) headers.set(name, value);

  const response = await fetch(ENDPOINT, {
    method: 'POST',
    headers,
    body: JSON.stringify(request),
    credentials: 'same-origin',
    ...(signal ? { signal } : {}),
  });
  const text = await response.text();
  try {
    return JSON.parse(text) as GraphQLResult<Data>;
  } catch {
    // GraphQL errors come as JSON whatever the status, so this is something in between.
    throw new Error(`The server answered ${response.status} ${response.statusText}`.trim());
  }
}

/** The sentence to show for a failed request, or undefined when there is none. */
export function errorText(errors: readonly GraphQLErrorItem[] | undefined): string | undefined {
  const [first] = errors ?? [];
  if (!first) return undefined;
  const description = first.extensions?.['errorDescription'];
  return typeof description === 'string' && description !== '' ? description : first.message;
}

export function describeFailure(failure: unknown): string {
  if (failure instanceof TypeError) return 'The server cannot be reached.';
  return failure instanceof Error ? failure.message : String(failure);
}
