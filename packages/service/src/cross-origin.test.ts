import { afterAll, beforeAll, expect, test } from 'vitest';
import { exampleService } from './example-service.ts';

const page = 'http://localhost:5173';
let service: Awaited<ReturnType<typeof exampleService>>;

beforeAll(async () => {
  service = await exampleService({ allowedOrigins: [page] });
});

afterAll(() => service.stop());

function preflight(origin: string) {
  return fetch(`${service.url}/trpc/touch`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    },
  });
}

test('a listed page may send, and read the answers and the errors', async () => {
  const allowed = await preflight(page);
  expect(allowed.status).toBe(204);
  expect(allowed.headers.get('access-control-allow-origin')).toBe(page);
  expect(allowed.headers.get('access-control-allow-headers')).toContain('Authorization, Consistency-Token');
  expect(allowed.headers.has('access-control-allow-credentials')).toBe(false);
  for (const path of ['/trpc/hello', '/trpc/mine', '/nothing']) {
    const response = await fetch(`${service.url}${path}`, { headers: { origin: page } });
    expect(response.headers.get('access-control-allow-origin')).toBe(page);
    expect(response.headers.get('access-control-expose-headers')).toContain('Consistency-Token');
    expect(response.headers.get('vary')).toContain('Origin');
  }
});

test('an origin that is not listed exactly gets no permission', async () => {
  for (const origin of ['http://localhost:5174', 'https://localhost:5173', `${page}.evil.example`, 'null']) {
    const refused = await preflight(origin);
    expect(refused.status).toBe(405);
    expect(refused.headers.has('access-control-allow-origin')).toBe(false);
    const response = await fetch(`${service.url}/trpc/hello`, { headers: { origin } });
    expect(response.headers.has('access-control-allow-origin')).toBe(false);
    expect(response.headers.get('vary')).toContain('Origin');
  }
});

test('a service without a list answers no page', async () => {
  await using closed = await exampleService();
  const response = await fetch(`${closed.url}/trpc/hello`, { headers: { origin: page } });
  expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
});
