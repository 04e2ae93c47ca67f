import { ToolbarButton, useGraphiQL } from '@graphiql/react';
import { useEffect, useState } from 'react';
import { LinkIcon } from '../icons';
import { copyText } from './clipboard';
import { writeLink } from './deepLink';

type Outcome = 'copied' | 'failed' | null;

export function CopyLinkButton() {
  const { queryEditor, variableEditor, operationName, operations } = useGraphiQL((state) => ({
    queryEditor: state.queryEditor,
    variableEditor: state.variableEditor,
    operationName: state.operationName,
    operations: state.operations,
  }));
  const [outcome, setOutcome] = useState<Outcome>(null);

  useEffect(() => {
    if (outcome === null) return undefined;
    const timer = setTimeout(() => setOutcome(null), 2500);
    return () => clearTimeout(timer);
  }, [outcome]);

  async function copy() {
    const link = writeLink(window.location.href, {
      query: queryEditor?.getValue() ?? '',
      variables: variableEditor?.getValue() ?? '',
      // One operation needs no choosing: keep the link short.
      operationName: (operations?.length ?? 0) > 1 ? (operationName ?? null) : null,
    });
    setOutcome((await copyText(link)) ? 'copied' : 'failed');
  }

  return (
    <div className="copy-link">
      <ToolbarButton label="Copy a link to this operation" onClick={() => void copy()}>
        <LinkIcon className="graphiql-toolbar-icon" aria-hidden="true" />
      </ToolbarButton>
      <span className="copy-outcome" role="status">
        {outcome === 'copied' && 'Link copied'}
        {outcome === 'failed' && 'Could not copy'}
      </span>
    </div>
  );
}
