import { useEffect } from 'react';

/** Calls `act` for keys pressed anywhere but in a field. */
export function useKey(act: (key: string) => boolean) {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const field = event.target instanceof Element && event.target.closest('input, select, textarea');
      if (field || event.ctrlKey || event.metaKey || event.altKey) return;
      if (act(event.key)) event.preventDefault();
    };
    window.addEventListener('keydown', pressed);
    return () => window.removeEventListener('keydown', pressed);
  }, [act]);
}
