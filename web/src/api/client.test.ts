import { describe, expect, it } from 'vitest';
import { errorText } from './client';

describe('errorText', () => {
  it('prefers the description over the message', () => {
    const errors = [{ message: 'Invalid data.', extensions: { errorDescription: 'Please make sure.' } }];
    expect(errorText(errors)).toBe('Please make sure.');
  });

  it('falls back to the message', () => {
    expect(errorText([{ message: 'Invalid data.' }])).toBe('Invalid data.');
    expect(errorText([{ message: 'Invalid data.', extensions: { errorDescription: '' } }])).toBe('Invalid data.');
  });

  it('is undefined when nothing failed', () => {
    expect(errorText(undefined)).toBeUndefined();
    expect(errorText([])).toBeUndefined();
  });
});
