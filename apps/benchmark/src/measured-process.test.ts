import { expect, test } from 'vitest';
import { startMeasured } from './measured-process.ts';

test('a program that ends in the middle is named, with how it ended', async () => {
  const generator = await startMeasured({ program: 'load.ts', launcher: [] });
  const url = 'http://127.0.0.1:1';
  await expect(generator.order('send', { url, requests: [], connections: 1, forMs: 1 })).rejects.toThrow('load.ts: ');
  process.kill(generator.pid, 'SIGKILL');
  await expect(generator.order('send')).rejects.toThrow('load.ts ended in the middle, with 137');
  await generator.stop();
});
