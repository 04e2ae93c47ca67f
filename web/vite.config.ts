import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// `npm run dev` forwards API calls to a server on this machine.
const API_SERVER = process.env.KRAKEN_API_URL ?? 'http://127.0.0.1:8000';

export default defineConfig({
  base: '/static/',
  plugins: [react()],
  build: {
    target: 'es2022',
    // Each page is one tool on one screen: few large files beat many small ones.
    chunkSizeWarningLimit: 4000,
    // Files, not data: URLs, so that the content security policy stays narrow.
    assetsInlineLimit: 0,
    rollupOptions: { input: ['graphiql.html', 'operations.html'] },
  },
  worker: { format: 'es' },
  // Its workers are files of their own, which only the build itself can bundle.
  optimizeDeps: { exclude: ['@graphiql/react/setup-workers/vite', 'graphiql/setup-workers/vite'] },
  server: { proxy: { '/v1/graphql': API_SERVER } },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
});
