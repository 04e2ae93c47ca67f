import { HISTORY_PLUGIN } from 'graphiql';
import type { GraphiQLPlugin } from '@graphiql/react';
import { ExamplesPanel } from '../examples/ExamplesPanel';
import { ComplexityIcon, ErrorsIcon, ExamplesIcon } from '../icons';
import { ComplexityPanel } from './ComplexityPanel';
import { ErrorsPanel } from './ErrorsPanel';

export const EXAMPLES_PLUGIN: GraphiQLPlugin = {
  title: 'Examples',
  icon: ExamplesIcon,
  content: ExamplesPanel,
};

// One array for ever: GraphiQL closes the open panel when it gets a new one.
export const PLUGINS: GraphiQLPlugin[] = [
  EXAMPLES_PLUGIN,
  { title: 'Query complexity', icon: ComplexityIcon, content: ComplexityPanel },
  { title: 'Possible errors', icon: ErrorsIcon, content: ErrorsPanel },
  HISTORY_PLUGIN,
];
