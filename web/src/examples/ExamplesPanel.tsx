import { useOpenOperation } from '../openOperation';
import { EXAMPLE_GROUPS } from './operations';
import type { Example } from './operations';

export function ExamplesPanel() {
  const openOperation = useOpenOperation();

  function open({ query, variables }: Example) {
    openOperation?.({ query, variables: variables === undefined ? '' : JSON.stringify(variables, null, 2) });
  }

  return (
    <section className="panel" aria-labelledby="examples-title">
      <h2 className="panel-title" id="examples-title">
        Examples
      </h2>
      <p className="panel-about">Each opens in a new tab. Fill in the variables, then run it.</p>
      {EXAMPLE_GROUPS.map((group) => (
        <section key={group.title}>
          <h3 className="panel-heading">{group.title}</h3>
          <ul className="examples">
            {group.examples.map((example) => (
              <li key={example.title}>
                <button type="button" className="example" disabled={!openOperation} onClick={() => open(example)}>
                  <strong>{example.title}</strong>
                  <span>{example.about}</span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </section>
  );
}
