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

export const PAYMENTS = `query Payments($number: String!) {
  account(accountNumber: $number) {
    paginatedPaymentForecast(first: 6) { edges { node { date amount method } } }
    paymentSchedules(first: 5, active: true) { edges { node {
      id scheduleType paymentAmount isVariablePaymentAmount paymentDay paymentFrequency paymentFrequencyMultiplier validFrom
    } } }
    paymentInstructions(first: 10) { edges { node { id instructionType status maskedAccountIdentifier accountHolder } } }
    payments(first: 50) { edges { node { id paymentDate amount status transactionType reference } } }
    repayments(first: 20) { edges { node { id paymentDate amount status } } }
  }
}`;

type Edges<Node> = { edges: { node: Node }[] } | null;

export interface Payments {
  paginatedPaymentForecast: Edges<{ date: string; amount: number; method: string | null }>;
  paymentSchedules: Edges<{
    id: string;
    scheduleType: string | null;
    paymentAmount: number;
    isVariablePaymentAmount: boolean;
    paymentDay: number | null;
    paymentFrequency: string | null;
    paymentFrequencyMultiplier: number;
    validFrom: string;
  }>;
  paymentInstructions: Edges<{
    id: string;
    instructionType: string;
    status: string;
    maskedAccountIdentifier: string | null;
    accountHolder: string;
  }>;
  payments: Edges<Paid & { transactionType: string | null; reference: string }>;
  repayments: Edges<Paid>;
}

/** Money that moved or is to move. */
export interface Paid {
  id: string;
  paymentDate: string;
  /** A big integer comes as a number or as digits. */
  amount: number | string;
  status: string | null;
}

/** What is in a connection that may have been refused. */
export function nodes<Node>(connection: Edges<Node>): Node[] {
  return connection?.edges.map((edge) => edge.node) ?? [];
}
