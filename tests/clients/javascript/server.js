// The server that runs, its demo credentials, and the documents that several tests send.

import { readFileSync } from "node:fs";

function fromEnvironment(name) {
  if (!process.env[name]) throw new Error(`${name} is not set; run tests/clients/run.sh`);
  return process.env[name];
}

export const demo = JSON.parse(readFileSync(fromEnvironment("CLIENTS_DEMO_FILE"), "utf8"));
export const expired = fromEnvironment("CLIENTS_EXPIRED_TOKEN");

export const byPassword = { email: demo.customer.email, password: demo.customer.password };
export const byApiKey = { APIKey: demo.customer.apiKey };
export const byOrganisationKey = { organizationSecretKey: demo.organisation.secretKey };

export const LOG_IN = /* GraphQL */ `
  mutation LogIn($input: ObtainJSONWebTokenInput!) {
    obtainKrakenToken(input: $input) {
      token
      payload
      refreshToken
      refreshExpiresIn
    }
  }
`;

export const VIEWER = /* GraphQL */ `
  query Viewer {
    viewer {
      id
      email
      accounts {
        number
      }
    }
  }
`;

export const BALANCE = /* GraphQL */ `
  query Balance($number: String!) {
    account(accountNumber: $number) {
      number
      balance
    }
  }
`;
