import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useCallback } from 'react';
import type { Operation } from './links/deepLink';

/** A function that puts an operation into a new tab, or undefined until the editors are there. */
export function useOpenOperation(): ((operation: Omit<Operation, 'operationName'>) => void) | undefined {
  const { addTab } = useGraphiQLActions();
  const { queryEditor, variableEditor } = useGraphiQL((state) => ({
    queryEditor: state.queryEditor,
    variableEditor: state.variableEditor,
  }));

  const open = useCallback(
    ({ query, variables }: Omit<Operation, 'operationName'>) => {
      addTab();
      variableEditor?.setValue(variables);
      queryEditor?.setValue(query);
      queryEditor?.setPosition({ lineNumber: 1, column: 1 });
      queryEditor?.focus();
    },
    [addTab, queryEditor, variableEditor],
  );
  return queryEditor && variableEditor ? open : undefined;
}
