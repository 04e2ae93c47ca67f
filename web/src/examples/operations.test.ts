import { Kind, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { EXAMPLE_GROUPS } from './operations';

const examples = EXAMPLE_GROUPS.flatMap((group) => group.examples);

describe('the examples', () => {
  it.each(examples)('$title: one named operation, with a value for every variable', ({ query, variables }) => {
    const [operation, ...others] = parse(query).definitions;
    if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('not an operation');
    const declared = (operation.variableDefinitions ?? []).map((definition) => definition.variable.name.value);
    expect(others).toEqual([]);
    expect(operation.name?.value).toMatch(/^[A-Z]/);
    expect(Object.keys(variables ?? {}).sort()).toEqual(declared.sort());
  });

  it('have titles of their own', () => {
    expect(new Set(examples.map(({ title }) => title)).size).toBe(examples.length);
  });
});
