import type { Storage as EditorStorage } from '@graphiql/toolkit';

const PREFIX = 'graphiql:';
const LAYOUT = new Set(['theme', 'visiblePlugin', 'docExplorerFlex', 'editorFlex', 'secondaryEditorFlex']);

/**
 * Operations and their variables hold customers' data and sometimes passwords, and many
 * of our users share a computer: these stay in the browser tab. Only the layout outlives it.
 */
export function createEditorStorage(): EditorStorage {
  const stores = [window.localStorage, window.sessionStorage];
  const storeOf = (key: string) =>
    LAYOUT.has(key.slice(PREFIX.length)) ? window.localStorage : window.sessionStorage;
  const ownKeys = (store: Storage) => Object.keys(store).filter((key) => key.startsWith(PREFIX));

  return {
    getItem: (key) => storeOf(key).getItem(key),
    setItem: (key, value) => storeOf(key).setItem(key, value),
    removeItem: (key) => storeOf(key).removeItem(key),
    clear: () => {
      for (const store of stores) for (const key of ownKeys(store)) store.removeItem(key);
    },
    get length() {
      return stores.reduce((sum, store) => sum + ownKeys(store).length, 0);
    },
  };
}
