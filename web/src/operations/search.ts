/** One term and where the server is to look for it. */
export interface Term {
  accountNumber?: string;
  telephoneNumber?: string;
  /** Anything that is said of the account's people. */
  user?: string;
  /** Anything that the account itself says: name, address, references. */
  account?: string;
}

const ACCOUNT_NUMBER = /^a-?[0-9a-f]{8}$/i;
const PHONE_NUMBER = /^\+?[0-9 ()/-]{6,}$/;
/** Fewer letters resemble everything. */
const SHORTEST = 3;

/** Where to look for what somebody typed into the one box: an account found by any of the terms is an answer. */
export function termsFor(typed: string): Term[] {
  const text = typed.trim();
  if (text.length < SHORTEST) return [];
  if (ACCOUNT_NUMBER.test(text)) return [{ accountNumber: `A-${text.replace(/^a-?/i, '').toUpperCase()}` }];
  if (text.includes('@')) return [{ user: text }];
  // Postcodes of some countries are digits as well.
  if (PHONE_NUMBER.test(text)) return [{ telephoneNumber: text }, { account: text }];
  return [{ user: text }, { account: text }];
}

/** One operation that looks for each of the terms. */
export function searchFor(terms: readonly Term[]): { query: string; variables: Record<string, Term> } {
  const places = terms.map((_, index) => `t${index}`);
  const variables = places.map((name) => `$${name}: AccountSearchInputType!`).join(', ');
  const searches = places.map((name) => `${name}: accountsSearch(searchTerms: $${name}, maxResults: 15) { ...Hit }`);
  return {
    query: `query Search(${variables}) { ${searches.join(' ')} } ${HIT}`,
    variables: Object.fromEntries(places.map((name, index) => [name, terms[index] ?? {}])),
  };
}

const HIT = `fragment Hit on AccountSearchItemType {
  score account { number status billingName billingAddressPostcode billingCountryCode balance }
}`;

export interface Found {
  number: string;
  status: string | null;
  billingName: string | null;
  billingAddressPostcode: string | null;
  billingCountryCode: string | null;
  balance: number;
}

export interface Hit {
  /** A decimal, from 0 to 1. */
  score: string;
  account: Found;
}

/** All that was found, each once, the best first. */
export function best(answers: Record<string, Hit[] | null>): Found[] {
  const hits = Object.values(answers).flatMap((found) => found ?? []);
  hits.sort((one, other) => Number(other.score) - Number(one.score));
  return [...new Map(hits.map(({ account }) => [account.number, account])).values()];
}
