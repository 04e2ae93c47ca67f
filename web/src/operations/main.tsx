import '../styles.css';
import '../session/session.css';
import 'uplot/dist/uPlot.min.css';
import './operations.css';
import { createRoot } from 'react-dom/client';
import { startRenewing } from '../session/store';
import { OperationsPage } from './OperationsPage';

const root = document.getElementById('root');
if (!root) throw new Error('The page has no #root.');

startRenewing();
createRoot(root).render(<OperationsPage />);
