import assert from "node:assert/strict";
import { test } from "node:test";

import { AccountDocument, PostChargeDocument, PostCreditDocument, ViewerDocument } from "./generated/graphql.js";
import type { AccountQuery, ObtainJsonWebTokenInput } from "./generated/graphql.js";
import { byPassword, codesOf, connect, demo, fromEnvironment, logIn, type Ask } from "./server.js";

const [number = ""] = demo.customer.accountNumbers;

const waysIn: [string, ObtainJsonWebTokenInput][] = [
  ["EMAIL-AND-PASSWORD", byPassword],
  ["API-KEY", { APIKey: demo.customer.apiKey }],
];

for (const [kind, credentials] of waysIn) {
  test(`a customer logs in by ${kind}`, async () => {
    const session = await logIn(credentials);
    assert.equal(session.payload["gty"], kind);
    assert.ok(Number(session.payload["exp"]) > Date.now() / 1000);
    for (const scheme of ["", "JWT ", "Bearer "]) {
      const { viewer } = await connect(scheme + session.token)(ViewerDocument, {});
      assert.equal(viewer?.email, demo.customer.email);
    }
  });
}

test("an organisation reads an account that it was let into", async () => {
  const { token } = await logIn({ organizationSecretKey: demo.organisation.secretKey });
  const [shared = ""] = demo.organisation.accountNumbers;
  const { account } = await connect(token)(AccountDocument, { number: shared });
  assert.equal(account?.number, shared);
});

test("a lapsed session is renewed by the refresh token", async () => {
  const { refreshToken } = await logIn(byPassword);
  const lapsed = connect(fromEnvironment("CLIENTS_EXPIRED_TOKEN"));
  assert.deepEqual(await codesOf(lapsed(ViewerDocument, {})), ["KT-CT-1124"]);
  const renewed = await logIn({ refreshToken });
  const { viewer } = await connect(renewed.token)(ViewerDocument, {});
  assert.equal(viewer?.email, demo.customer.email);
});

test("a wrong API key is refused with its code", async () => {
  assert.deepEqual(await codesOf(logIn({ APIKey: "sk_live_wrong" })), ["KT-CT-1139"]);
});

async function read(ask: Ask): Promise<NonNullable<AccountQuery["account"]>> {
  const { account } = await ask(AccountDocument, { number });
  assert.ok(account);
  return account;
}

test("what staff post changes what the customer reads", async () => {
  const customer = connect((await logIn(byPassword)).token);
  const staff = connect((await logIn(demo.staff)).token);
  const before = await read(customer);
  assert.ok(before.ledgers?.length);

  const { createAccountCharge } = await staff(PostChargeDocument, {
    input: { accountNumber: number, grossAmount: 1050, reason: "ADMIN_FEE" },
  });
  const charge = createAccountCharge?.accountCharge;
  assert.equal((charge?.netAmount ?? 0) + (charge?.salesTaxAmount ?? 0), 1050);
  const charged = await read(customer);
  assert.equal(charged.balance, before.balance - 1050);

  const { createAccountCredit } = await staff(PostCreditDocument, {
    input: { accountNumber: number, netAmount: 400, salesTaxAmount: 0, grossAmount: 400, reason: "GOODWILL" },
  });
  assert.equal(createAccountCredit?.accountCredit?.grossAmount, 400);
  const after = await read(customer);
  assert.equal(after.balance, before.balance - 650);
  assert.equal(after.transactions?.totalCount, (before.transactions?.totalCount ?? 0) + 2);

  const [credit, fee] = (after.transactions?.edges ?? []).map((edge) => edge?.node);
  assert.equal(credit?.__typename, "Credit");
  assert.ok(fee?.__typename === "Charge");
  assert.equal(fee.isExport, false);
  assert.equal(fee.id, charge?.id);
});
