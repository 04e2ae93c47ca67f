// Input fields that hold a secret: a link is passed on, so they leave it empty.
const SECRET_FIELDS = ['password', 'APIKey', 'refreshToken', 'organizationSecretKey', 'preSignedKey', 'token'];
const SECRET_NAME = /password|apikey|secret|presignedkey|token$/i;

// field: "value" or field: """value""" inside an operation
const INLINE_SECRET = new RegExp(
  `\\b(${SECRET_FIELDS.join('|')})(\\s*:\\s*)(?:"""[\\s\\S]*?"""|"(?:\\\\.|[^"\\\\\\n])*")`,
  'g',
);

export function withoutInlineSecrets(query: string): string {
  return query.replace(INLINE_SECRET, '$1$2""');
}

/** Variables with empty secrets; variables that cannot be read are left out altogether. */
export function withoutSecretVariables(variables: string): string {
  if (!SECRET_NAME.test(variables)) return variables;
  try {
    return JSON.stringify(JSON.parse(variables, emptySecret), null, 2);
  } catch {
    return '';
  }
}

function emptySecret(name: string, value: unknown): unknown {
  return typeof value === 'string' && SECRET_NAME.test(name) ? '' : value;
}
