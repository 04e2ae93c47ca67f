import { withoutInlineSecrets, withoutSecretVariables } from './secrets';

export interface Operation {
  query: string;
  variables: string;
  operationName: string | null;
}

/** Reads `#query=…&variables=…&operationName=…`; null when there is no operation in it. */
export function readLink(hash: string): Operation | null {
  const fields = new URLSearchParams(hash.replace(/^#/, ''));
  const query = fields.get('query') ?? '';
  if (query.trim() === '') return null;
  return {
    query,
    variables: pretty(fields.get('variables') ?? ''),
    operationName: fields.get('operationName') || null,
  };
}

/** The address of the page with the operation in its fragment, which no server ever sees. */
export function writeLink(page: string, { query, variables, operationName }: Operation): string {
  const fields: [string, string][] = [['query', withoutInlineSecrets(query)]];
  const open = withoutSecretVariables(variables);
  if (open.trim() !== '') fields.push(['variables', compact(open)]);
  if (operationName) fields.push(['operationName', operationName]);
  const fragment = fields.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  return `${page.replace(/#.*$/s, '')}#${fragment}`;
}

function pretty(json: string): string {
  return reformat(json, 2);
}

function compact(json: string): string {
  return reformat(json, 0);
}

/** Text that is not JSON stays as it is: the editor shows what is wrong with it. */
function reformat(json: string, indent: number): string {
  try {
    return JSON.stringify(JSON.parse(json), null, indent);
  } catch {
    return json;
  }
}
