import { expect, test } from 'vitest';
import { openTokenIssue } from '../measured/token-issue.ts';

test('a person’s token for catalog or payments has at most 480 bytes, with every claim and an issuer of 30 characters', () => {
  const { issue } = openTokenIssue('https://auth.sallyport.example');
  for (const audience of ['catalog', 'payments'])
    expect(issue({ audience, scope: [`${audience}:read`, `${audience}:write`] }).length).toBeLessThanOrEqual(480);
});
