import { Kind, OperationTypeNode, parse } from 'graphql';
import type { DocumentNode, FragmentDefinitionNode, OperationDefinitionNode, SelectionSetNode } from 'graphql';

export interface RootField {
  type: 'query' | 'mutation';
  name: string;
}

/**
 * The fields that the operations of a document ask of Query and Mutation, each once, in
 * order. Throws a GraphQLError when the text is not a document.
 */
export function rootFields(query: string): RootField[] {
  const document = parse(query, { noLocation: true });
  const fragments = fragmentsOf(document);
  const found = new Map<string, RootField>();
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    const type = kindOf(definition);
    if (!type) continue;
    for (const name of fieldNames(definition.selectionSet, fragments, new Set())) {
      found.set(`${type} ${name}`, { type, name });
    }
  }
  return [...found.values()];
}

function fragmentsOf({ definitions }: DocumentNode): Map<string, FragmentDefinitionNode> {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  return fragments;
}

function kindOf({ operation }: OperationDefinitionNode): RootField['type'] | null {
  if (operation === OperationTypeNode.QUERY) return 'query';
  return operation === OperationTypeNode.MUTATION ? 'mutation' : null;
}

function* fieldNames(
  { selections }: SelectionSetNode,
  fragments: Map<string, FragmentDefinitionNode>,
  visited: Set<string>,
): Generator<string> {
  for (const selection of selections) {
    if (selection.kind === Kind.FIELD) {
      // __typename and the introspection fields raise no errors of their own.
      if (!selection.name.value.startsWith('__')) yield selection.name.value;
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      yield* fieldNames(selection.selectionSet, fragments, visited);
    } else if (!visited.has(selection.name.value)) {
      // Fragments may lead back to themselves in a document that is still being written.
      visited.add(selection.name.value);
      const fragment = fragments.get(selection.name.value);
      if (fragment) yield* fieldNames(fragment.selectionSet, fragments, visited);
    }
  }
}

/** True for text that holds nothing to run: empty, or comments only. */
export function isBlank(query: string): boolean {
  return query.replace(/#.*$/gm, '').replace(/[\s,]/g, '') === '';
}
