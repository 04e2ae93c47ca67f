export const ACCOUNT = `query Account($number: String!) {
  account(accountNumber: $number) {
    number status brand accountType billingName billingAddress billingCountryCode balance overdueBalance
    users { id fullName email mobile }
    ledgers { number name ledgerType balance }
    billingOptions { currentBillingPeriodStartDate currentBillingPeriodEndDate nextBillingDate }
  }
}`;

export interface Ledger {
  number: string;
  name: string;
  ledgerType: string;
  balance: number;
}

export interface Account {
  number: string;
  status: string | null;
  brand: string | null;
  accountType: string | null;
  billingName: string | null;
  billingAddress: string | null;
  billingCountryCode: string | null;
  balance: number;
  overdueBalance: number | null;
  users: { id: string; fullName: string; email: string; mobile: string }[];
  ledgers: Ledger[];
  billingOptions: {
    currentBillingPeriodStartDate: string | null;
    currentBillingPeriodEndDate: string | null;
    nextBillingDate: string | null;
  } | null;
}

const PAGE = 'pageInfo { hasNextPage endCursor }';

export const TRANSACTIONS = `query Transactions($number: String!, $ledger: String!, $after: String) {
  account(accountNumber: $number) {
    transactions(ledgerNumber: $ledger, first: 100, after: $after) {
      ${PAGE}
      edges { node { __typename id postedDate title amount balanceCarriedForward isIssued isHeld isReversed } }
    }
  }
}`;

export interface Transaction {
  __typename: string;
  id: string;
  postedDate: string;
  title: string;
  amount: number;
  balanceCarriedForward: number;
  isIssued: boolean;
  isHeld: boolean;
  isReversed: boolean;
}

export const BILLS = `query Bills($number: String!, $after: String) {
  account(accountNumber: $number) {
    bills(first: 25, after: $after, includeOpenStatements: true, includeHeldStatements: true) {
      ${PAGE}
      edges { node { __typename id billType fromDate toDate issuedDate temporaryUrl
        ... on StatementType { openingBalance closingBalance }
        ... on PeriodBasedDocumentType { periodClosing: closingBalance }
        ... on InvoiceType { grossAmount }
      } }
    }
  }
}`;

export interface Bill {
  __typename: string;
  id: string;
  billType: string;
  fromDate: string | null;
  toDate: string | null;
  issuedDate: string | null;
  temporaryUrl: string | null;
  openingBalance?: number | null;
  closingBalance?: number | null;
  periodClosing?: number | null;
  grossAmount?: number | null;
}

/** A page of a connection. */
export interface Page<Node> {
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  edges: { node: Node }[];
}
