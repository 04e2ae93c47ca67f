export interface Example {
  title: string;
  about: string;
  query: string;
  variables?: unknown;
}

export interface ExampleGroup {
  title: string;
  examples: Example[];
}

// Amounts are whole numbers of the smallest unit of the currency: 1500 is 15.00.
export const EXAMPLE_GROUPS: ExampleGroup[] = [
  {
    title: 'Log in',
    examples: [
      {
        title: 'Get a token',
        about: 'With e-mail and password. Send the token as the Authorization header.',
        query: `mutation LogIn($input: ObtainJSONWebTokenInput!) {
  obtainKrakenToken(input: $input) {
    token
    refreshToken
    refreshExpiresIn
    payload
  }
}`,
        variables: { input: { email: 'you@example.com', password: '' } },
      },
      {
        title: 'Get a token with an API key',
        about: 'For integrations that run on their own.',
        query: `mutation LogInWithKey($input: ObtainJSONWebTokenInput!) {
  obtainKrakenToken(input: $input) {
    token
    refreshToken
    refreshExpiresIn
  }
}`,
        variables: { input: { APIKey: '' } },
      },
    ],
  },
  {
    title: 'As a customer',
    examples: [
      {
        title: 'My accounts',
        about: 'The numbers of the accounts that you may see.',
        query: `query MyAccounts {
  viewer {
    accounts {
      number
    }
  }
}`,
      },
      {
        title: 'Balance, ledgers and transactions',
        about: 'One account. Put endCursor into "after" for the next page of transactions.',
        query: `query AccountOverview($accountNumber: String!, $after: String) {
  account(accountNumber: $accountNumber) {
    number
    status
    balance
    ledgers {
      number
      name
      ledgerType
      balance
    }
    transactions(first: 10, after: $after) {
      pageInfo {
        hasNextPage
        endCursor
      }
      edges {
        node {
          id
          postedDate
          title
          amount
          balanceCarriedForward
          __typename
        }
      }
    }
  }
}`,
        variables: { accountNumber: 'A-12345678', after: null },
      },
    ],
  },
  {
    title: 'As staff',
    examples: [
      {
        title: 'Charge and credit reasons',
        about: 'The codes that a charge or a credit may give as its reason.',
        query: `query Reasons {
  accountChargeReasons {
    code
    display
  }
  accountCreditReasons {
    code
    display
  }
}`,
      },
      {
        title: 'Charge an account',
        about: 'Adds to what the customer owes. The reason is a code of the list above.',
        query: `mutation ChargeAccount($input: CreateAccountChargeInput!) {
  createAccountCharge(input: $input) {
    accountCharge {
      id
      grossAmount
      reason
    }
  }
}`,
        variables: {
          input: {
            accountNumber: 'A-12345678',
            grossAmount: 1500,
            reason: 'ADMIN_FEE',
            note: 'Why this charge is made',
          },
        },
      },
      {
        title: 'Credit an account',
        about: 'Takes off what the customer owes. Net and sales tax add up to gross.',
        query: `mutation CreditAccount($input: CreateAccountCreditInput!) {
  createAccountCredit(input: $input) {
    accountCredit {
      id
      grossAmount
      reason
    }
  }
}`,
        variables: {
          input: {
            accountNumber: 'A-12345678',
            netAmount: 1250,
            salesTaxAmount: 250,
            grossAmount: 1500,
            reason: 'EXTERNAL_REFERRAL_CREDIT',
            note: 'Why this credit is given',
          },
        },
      },
    ],
  },
  {
    title: 'About the API',
    examples: [
      {
        title: 'Possible errors of an operation',
        about: 'Every code that it may answer with. The panel "Possible errors" asks the same.',
        query: `query PossibleErrors {
  possibleErrors(input: { name: "createAccountCharge", type: mutation }) {
    name
    possibleErrors {
      code
      type
      message
      description
    }
  }
}`,
      },
      {
        title: 'Complexity of a query',
        about: 'What a query counts against the limit. The panel "Query complexity" asks the same.',
        query: `query Complexity($input: QueryComplexityInputType!) {
  queryComplexity(input: $input) {
    complexityValue
  }
}`,
        variables: {
          input: { query: '{ viewer { accounts { number } } }', variables: '{}', operationName: null },
        },
      },
    ],
  },
];
