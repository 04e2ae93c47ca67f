import { useGraphiQL } from '@graphiql/react';
import { useEffect } from 'react';

const LOOK = { fontSize: 13, wordWrap: 'on', wrappingIndent: 'indent' } as const;

/** Smaller type and wrapped lines, so that three columns fit a small screen. */
export function EditorLook() {
  const { queryEditor, variableEditor, headerEditor, responseEditor } = useGraphiQL((state) => ({
    queryEditor: state.queryEditor,
    variableEditor: state.variableEditor,
    headerEditor: state.headerEditor,
    responseEditor: state.responseEditor,
  }));

  useEffect(() => {
    for (const editor of [queryEditor, variableEditor, headerEditor, responseEditor]) editor?.updateOptions(LOOK);
  }, [queryEditor, variableEditor, headerEditor, responseEditor]);

  return null;
}
