import type { Fetcher } from '@graphiql/toolkit';
import { describeFailure, postGraphQL } from './api/client';
import { currentToken } from './session/store';

export const fetcher: Fetcher = async (request, options) => {
  try {
    const token = await currentToken();
    // The editor's own result type is stricter than what a server may send.
    return (await postGraphQL(request, { token, headers: options?.headers ?? {} })) as never;
  } catch (failure) {
    throw new Error(describeFailure(failure));
  }
};
