// The release of Apollo Client before the present one, which most apps still have.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";

import * as server from "./server.js";

const require = createRequire(import.meta.url);
const { ApolloClient, HttpLink, InMemoryCache, from, fromPromise, gql } = require("apollo-client-3/core");
const { setContext } = require("apollo-client-3/link/context");
const { onError } = require("apollo-client-3/link/error");

const VIEWER = gql(server.VIEWER);
const LOG_IN = gql(server.LOG_IN);

function connect(...links) {
  const link = from([...links, new HttpLink({ uri: server.demo.url })]);
  return new ApolloClient({ link, cache: new InMemoryCache(), connectToDevTools: false });
}

async function logIn(input) {
  const { data } = await connect().mutate({ mutation: LOG_IN, variables: { input } });
  return data.obtainKrakenToken;
}

function app(session, scheme = "") {
  const auth = setContext((_, { headers }) => ({
    headers: { ...headers, authorization: scheme + session.token },
  }));
  const retry = onError(({ graphQLErrors, operation, forward }) => {
    if (!graphQLErrors?.some((e) => e.extensions.errorCode === "KT-CT-1124")) return undefined;
    const renewed = logIn({ refreshToken: session.refreshToken });
    return fromPromise(renewed.then(({ token }) => (session.token = token))).flatMap(() => forward(operation));
  });
  return connect(retry, auth);
}

test("Apollo Client 3: a customer logs in and reads", async () => {
  for (const credentials of [server.byPassword, server.byApiKey]) {
    const session = await logIn(credentials);
    assert.ok(session.payload.exp > Date.now() / 1000);
    for (const scheme of ["", "JWT ", "Bearer "]) {
      const { data } = await app(session, scheme).query({ query: VIEWER });
      assert.equal(data.viewer.email, server.demo.customer.email);
    }
  }
});

test("Apollo Client 3: an organisation reads an account that it was let into", async () => {
  const [number] = server.demo.organisation.accountNumbers;
  const client = app(await logIn(server.byOrganisationKey));
  const { data } = await client.query({ query: gql(server.BALANCE), variables: { number } });
  assert.equal(data.account.number, number);
});

test("Apollo Client 3: the error link renews a lapsed token and sends the query again", async () => {
  const { refreshToken } = await logIn(server.byPassword);
  const session = { token: server.expired, refreshToken };
  const { data } = await app(session).query({ query: VIEWER });
  assert.equal(data.viewer.email, server.demo.customer.email);
  assert.notEqual(session.token, server.expired);
});

test("Apollo Client 3: a wrong API key rejects with the code", async () => {
  await assert.rejects(logIn({ APIKey: "sk_live_wrong" }), (error) => {
    assert.equal(error.networkError, null);
    assert.equal(error.graphQLErrors[0].extensions.errorCode, "KT-CT-1139");
    return true;
  });
});
