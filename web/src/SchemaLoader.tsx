import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect } from 'react';
import { useSession } from './session/useSession';

/** Asks for the schema again after a log-in, where a server shows it to users only. */
export function SchemaLoader() {
  const { introspect } = useGraphiQLActions();
  const failed = useGraphiQL((state) => state.fetchError !== null && !state.isIntrospecting);
  const { session } = useSession();
  const user = session?.user;

  useEffect(() => {
    if (user && failed) introspect();
    // Not on `failed`: one more try for each log-in, no loop.
  }, [user]);

  return null;
}
