import { GraphiQL } from 'graphiql';
import { useState } from 'react';
import { EditorLook } from './EditorLook';
import { fetcher } from './fetcher';
import { CopyLinkButton } from './links/CopyLinkButton';
import { LinkOpener, takeLink } from './links/LinkOpener';
import { EXAMPLES_PLUGIN, PLUGINS } from './panels/plugins';
import { SchemaLoader } from './SchemaLoader';
import { SessionBar } from './session/SessionBar';
import { createEditorStorage } from './storage';

const WELCOME = `# Log in above, pick an example
# or write an operation.
#
#   Ctrl-Enter    run
#   Ctrl-Space    complete names
#   Shift-Ctrl-P  tidy up
#   Shift-Ctrl-R  reload the schema

query MyAccounts {
  viewer {
    accounts {
      number
    }
  }
}
`;

export function App() {
  const [link] = useState(takeLink);
  const [storage] = useState(createEditorStorage);

  return (
    <div className="page">
      <SessionBar />
      <main className="page-editor">
        <GraphiQL
          fetcher={fetcher}
          storage={storage}
          plugins={PLUGINS}
          visiblePlugin={EXAMPLES_PLUGIN}
          defaultQuery={WELCOME}
          defaultEditorToolsVisibility="variables"
          schemaDescription
          inputValueDeprecation
          {...(link && { initialQuery: link.query, initialVariables: link.variables })}
        >
          {/* The bar above has the name already. */}
          <GraphiQL.Logo> </GraphiQL.Logo>
          <GraphiQL.Toolbar>
            {({ prettify, merge, copy }) => (
              <>
                {prettify}
                {merge}
                {copy}
                <CopyLinkButton />
              </>
            )}
          </GraphiQL.Toolbar>
          <LinkOpener initialName={link?.operationName ?? null} />
          <SchemaLoader />
          <EditorLook />
        </GraphiQL>
      </main>
    </div>
  );
}
