import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect, useState } from 'react';
import { useOpenOperation } from '../openOperation';
import { readLink } from './deepLink';

/** Reads the link in the address and clears it, so that a reload keeps the user's edits. */
export function takeLink() {
  const link = readLink(window.location.hash);
  if (link) history.replaceState(history.state, '', window.location.pathname + window.location.search);
  return link;
}

/**
 * Chooses the operation that the link names, and opens links that are pasted into the
 * address of the open page. Nothing is ever run by itself.
 */
export function LinkOpener({ initialName }: { initialName: string | null }) {
  const [wanted, setWanted] = useState(initialName);
  const openOperation = useOpenOperation();
  const { setOperationName } = useGraphiQLActions();
  const { operations, queryEditor } = useGraphiQL((state) => ({
    operations: state.operations,
    queryEditor: state.queryEditor,
  }));

  useEffect(() => {
    const chosen = operations?.find((operation) => operation.name?.value === wanted);
    if (!wanted || !chosen || !queryEditor) return;
    setOperationName(wanted);
    // Ctrl-Enter runs the operation under the cursor.
    const start = queryEditor.getModel()?.getPositionAt(chosen.loc?.start ?? 0);
    if (start) queryEditor.setPosition(start);
    setWanted(null);
  }, [operations, queryEditor, setOperationName, wanted]);

  useEffect(() => {
    if (!openOperation) return undefined;
    const onHashChange = () => {
      const link = takeLink();
      if (!link) return;
      openOperation(link);
      setWanted(link.operationName);
    };
    window.addEventListener('hashchange', onHashChange);
    return () => window.removeEventListener('hashchange', onHashChange);
  }, [openOperation]);

  return null;
}
