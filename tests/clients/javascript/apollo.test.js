import assert from "node:assert/strict";
import { test } from "node:test";

import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { SetContextLink } from "@apollo/client/link/context";
import { ErrorLink } from "@apollo/client/link/error";
import { from, switchMap } from "rxjs";

import * as server from "./server.js";

const LOG_IN = gql(server.LOG_IN);
const VIEWER = gql(server.VIEWER);
const BALANCE = gql(server.BALANCE);

/** Codes after which an app renews its session instead of showing the error. */
const STALE = new Set(["KT-CT-1124", "KT-CT-1143"]);

const codesOf = (error) =>
  CombinedGraphQLErrors.is(error) ? error.errors.map((e) => e.extensions.errorCode) : [];

const plain = () => new ApolloClient({ link: new HttpLink({ uri: server.demo.url }), cache: new InMemoryCache() });

async function logIn(input) {
  const { data } = await plain().mutate({ mutation: LOG_IN, variables: { input } });
  return data.obtainKrakenToken;
}

/** An app's client: every request carries the session's token; a stale one is renewed once, for all who wait. */
function app(session, scheme = "") {
  const auth = new SetContextLink(({ headers }) => ({
    headers: { ...headers, authorization: scheme + session.token },
  }));
  const renew = () =>
    (session.renewal ??= logIn({ refreshToken: session.refreshToken }).then((given) => {
      session.token = given.token;
      session.renewals = (session.renewals ?? 0) + 1;
    }));
  const retry = new ErrorLink(({ error, operation, forward }) => {
    if (!codesOf(error).some((code) => STALE.has(code))) return undefined;
    return from(renew()).pipe(switchMap(() => forward(operation)));
  });
  const link = ApolloLink.from([retry, auth, new HttpLink({ uri: server.demo.url })]);
  return new ApolloClient({ link, cache: new InMemoryCache() });
}

for (const [kind, credentials] of [["EMAIL-AND-PASSWORD", server.byPassword], ["API-KEY", server.byApiKey]]) {
  test(`Apollo Client: a customer logs in by ${kind}`, async () => {
    const session = await logIn(credentials);
    assert.equal(session.payload.gty, kind);
    assert.ok(session.payload.exp > Date.now() / 1000);
    for (const scheme of ["", "JWT ", "Bearer "]) {
      const { data } = await app({ ...session }, scheme).query({ query: VIEWER });
      assert.equal(data.viewer.email, server.demo.customer.email);
      assert.equal(data.viewer.__typename, "AccountUserType");
    }
  });
}

test("Apollo Client: an organisation reads an account that it was let into", async () => {
  const [number] = server.demo.organisation.accountNumbers;
  const client = app({ ...(await logIn(server.byOrganisationKey)) });
  const { data } = await client.query({ query: BALANCE, variables: { number } });
  assert.equal(data.account.number, number);
});

for (const [what, token] of [["lapsed", server.expired], ["worthless", "a.b.c"]]) {
  test(`Apollo Client: the error link renews a ${what} token and sends the query again`, async () => {
    const { refreshToken } = await logIn(server.byPassword);
    const session = { token, refreshToken };
    const client = app(session);
    const [number] = server.demo.customer.accountNumbers;
    const [viewer, balance] = await Promise.all([
      client.query({ query: VIEWER }),
      client.query({ query: BALANCE, variables: { number } }),
    ]);
    assert.equal(viewer.data.viewer.email, server.demo.customer.email);
    assert.equal(balance.data.account.number, number);
    assert.equal(session.renewals, 1);
  });
}

test("Apollo Client: a wrong API key rejects with the code", async () => {
  await assert.rejects(logIn({ APIKey: "sk_live_wrong" }), (error) => {
    assert.ok(CombinedGraphQLErrors.is(error));
    assert.deepEqual(codesOf(error), ["KT-CT-1139"]);
    assert.deepEqual(error.data, { obtainKrakenToken: null });
    return true;
  });
});

test("Apollo Client: a mutation's answer and the cache agree with the next read", async () => {
  const [number] = server.demo.customer.accountNumbers;
  const customer = app({ ...(await logIn(server.byApiKey)) });
  const staff = app({ ...(await logIn(server.demo.staff)) });
  const read = async (fetchPolicy) => {
    const { data } = await customer.query({ query: BALANCE, variables: { number }, fetchPolicy });
    return data.account.balance;
  };
  const before = await read();
  const { data } = await staff.mutate({
    mutation: gql`
      mutation ($input: CreateAccountChargeInput!) {
        createAccountCharge(input: $input) {
          accountCharge {
            id
            grossAmount
          }
        }
      }
    `,
    variables: { input: { accountNumber: number, grossAmount: 75, reason: "ADMIN_FEE" } },
  });
  assert.equal(data.createAccountCharge.accountCharge.grossAmount, 75);
  assert.equal(await read(), before);
  assert.equal(await read("network-only"), before - 75);
});
