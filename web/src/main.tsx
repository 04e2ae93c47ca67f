import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import './styles.css';
import './panels/panels.css';
import './session/session.css';
import { createRoot } from 'react-dom/client';
import { App } from './App';
import { startRenewing } from './session/store';

const root = document.getElementById('root');
if (!root) throw new Error('The page has no #root.');

startRenewing();
createRoot(root).render(<App />);
