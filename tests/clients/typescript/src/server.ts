/** The server that runs, its demo credentials, and a typed way to ask it. */

import { readFileSync } from "node:fs";

import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { ClientError, GraphQLClient, type Variables } from "graphql-request";

import { LogInDocument, type LogInMutation, type ObtainJsonWebTokenInput } from "./generated/graphql.js";

interface Demo {
  readonly url: string;
  readonly customer: {
    readonly email: string;
    readonly password: string;
    readonly apiKey: string;
    readonly accountNumbers: readonly string[];
  };
  readonly staff: { readonly email: string; readonly password: string };
  readonly organisation: { readonly secretKey: string; readonly accountNumbers: readonly string[] };
}

export function fromEnvironment(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; run tests/clients/run.sh`);
  return value;
}

export const demo = JSON.parse(readFileSync(fromEnvironment("CLIENTS_DEMO_FILE"), "utf8")) as Demo;

export const byPassword = { email: demo.customer.email, password: demo.customer.password };

export type Ask = <Answer, Given extends Variables>(
  document: TypedDocumentNode<Answer, Given>,
  variables: Given,
) => Promise<Answer>;

export function connect(authorization?: string): Ask {
  const headers: Record<string, string> = authorization ? { Authorization: authorization } : {};
  const client = new GraphQLClient(demo.url, { headers });
  return (document, variables) => client.request<unknown>(document, variables) as Promise<never>;
}

export type Session = NonNullable<LogInMutation["obtainKrakenToken"]>;

export async function logIn(input: ObtainJsonWebTokenInput): Promise<Session> {
  const { obtainKrakenToken } = await connect()(LogInDocument, { input });
  if (!obtainKrakenToken) throw new Error("no session and no error");
  return obtainKrakenToken;
}

/** The codes with which a request was refused. */
export async function codesOf(request: Promise<unknown>): Promise<unknown[]> {
  try {
    await request;
    return [];
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    return (error.response.errors ?? []).map((e) => e.extensions["errorCode"]);
  }
}
