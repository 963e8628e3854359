import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { repositoryRoot } from '../repository.ts';
import { variables } from './settings.ts';

const turbo = z.object({ tasks: z.object({ dev: z.object({ passThroughEnv: z.array(z.string()) }) }) });

test('every variable that development reads gets there through turbo', () => {
  const { tasks } = turbo.parse(JSON.parse(readFileSync(join(repositoryRoot, 'turbo.json'), 'utf8')));
  expect(tasks.dev.passThroughEnv.toSorted()).toEqual(Object.keys(variables).toSorted());
});
