import assert from "node:assert/strict";
import { test } from "node:test";

import { buildClientSchema, getIntrospectionQuery, parse, validate } from "graphql";
import { ClientError, GraphQLClient, gql, request } from "graphql-request";

import { BALANCE, LOG_IN, VIEWER, byApiKey, byOrganisationKey, byPassword, demo, expired } from "./server.js";

async function logIn(input) {
  return (await request(demo.url, LOG_IN, { input })).obtainKrakenToken;
}

for (const [kind, credentials] of [["EMAIL-AND-PASSWORD", byPassword], ["API-KEY", byApiKey]]) {
  test(`graphql-request: a customer logs in by ${kind}`, async () => {
    const session = await logIn(credentials);
    assert.equal(session.payload.gty, kind);
    assert.ok(session.payload.exp > Date.now() / 1000);
    for (const scheme of ["", "JWT ", "Bearer "]) {
      const client = new GraphQLClient(demo.url, { headers: { authorization: scheme + session.token } });
      const { viewer } = await client.request(VIEWER);
      assert.equal(viewer.email, demo.customer.email);
    }
  });
}

test("graphql-request: an organisation reads an account that it was let into", async () => {
  const { token } = await logIn(byOrganisationKey);
  const [number] = demo.organisation.accountNumbers;
  const { account } = await request(demo.url, BALANCE, { number }, { Authorization: token });
  assert.equal(account.number, number);
});

test("graphql-request: a lapsed session is renewed and the query sent again", async () => {
  const { refreshToken } = await logIn(byPassword);
  const client = new GraphQLClient(demo.url, { headers: { Authorization: expired } });
  const ask = async () => {
    try {
      return await client.request(VIEWER);
    } catch (error) {
      assert.equal(error.response.errors[0].extensions.errorCode, "KT-CT-1124");
      client.setHeader("Authorization", (await logIn({ refreshToken })).token);
      return client.request(VIEWER);
    }
  };
  assert.equal((await ask()).viewer.email, demo.customer.email);
});

test("graphql-request: a wrong API key rejects with the code, under status 200", async () => {
  await assert.rejects(logIn({ APIKey: "sk_live_wrong" }), (error) => {
    assert.ok(error instanceof ClientError);
    assert.equal(error.response.status, 200);
    assert.equal(error.response.errors[0].extensions.errorCode, "KT-CT-1139");
    assert.deepEqual(error.response.data, { obtainKrakenToken: null });
    return true;
  });
});

test("graphql-request: a query goes by GET too", async () => {
  const client = new GraphQLClient(demo.url, { method: "GET", jsonSerializer: JSON });
  const { krakenVersion } = await client.request(gql`{ krakenVersion { number } }`);
  assert.match(krakenVersion.number, /\d/);
});

test("graphql-request: the introspected schema validates what is sent", async () => {
  const schema = buildClientSchema(await request(demo.url, getIntrospectionQuery({ inputValueDeprecation: true })));
  for (const document of [LOG_IN, VIEWER, BALANCE]) assert.deepEqual(validate(schema, parse(document)), []);
  const [error] = validate(schema, parse("{ viewer { ballance } }"));
  assert.match(error.message, /Cannot query field "ballance"/);
});
