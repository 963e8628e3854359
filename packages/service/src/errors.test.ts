import { allowInsecureRequests, protectedResourceRequest } from 'oauth4webapi';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exampleService, innerSecret } from './example-service.ts';
import { refuse } from './index.ts';

let service: Awaited<ReturnType<typeof exampleService>>;

beforeAll(async () => {
  service = await exampleService({
    routes: [
      { method: 'GET', path: '/broken', handle: () => Promise.reject(new Error(innerSecret)) },
      {
        method: 'POST',
        path: '/oauth/token',
        handle: async (request) => ({ status: 200, json: { names: [...request.form().keys()] } }),
        errorBody: ({ reason }) => ({ error: reason }),
      },
    ],
  });
});

afterAll(() => service.stop());

type ErrorBody = { error: { message: string; data: Record<string, unknown> } };

/** Stand for any text and any number, without being `any` themselves. */
const someText: unknown = expect.any(String);

async function ask(path: string, init?: RequestInit) {
  const response = await fetch(`${service.url}${path}`, init);
  const text = await response.text();
  expect(text).not.toMatch(/hunter2|\bat .*\.ts|node_modules|stack|no longer|what it was/i);
  return { status: response.status, headers: response.headers, text, body: JSON.parse(text) as ErrorBody };
}

function postJson(path: string, input: unknown, headers: Record<string, string> = {}) {
  return ask(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(input),
  });
}

const internal = {
  error: {
    message: 'Something went wrong here. It has been noted.',
    code: -32603,
    data: { code: 'INTERNAL_SERVER_ERROR', httpStatus: 500, reason: 'internal' },
  },
};

test.each(['/trpc/breaks', '/trpc/misparses', '/broken'])(
  'an unexpected error at %s says nothing of itself',
  async (path) => {
    expect(await ask(path)).toMatchObject({ status: 500, body: internal });
  },
);

test('an unexpected error is logged once, with the trace id that its caller was given', async () => {
  const before = service.log.lines.length;
  const { headers } = await ask('/trpc/breaks');
  const trace = headers.get('request-id');
  const records = service.log.records().slice(before);
  const errors = records.filter(({ level }) => level === 'error');
  expect(errors).toHaveLength(1);
  expect(errors[0]).toMatchObject({
    trace,
    msg: 'request failed',
    err: { type: 'Error', message: innerSecret.replace('admin:hunter2', '[redacted]') },
  });
  expect(records.at(-1)).toMatchObject({ trace, msg: 'request', status: 500, refused: ['internal'] });
});

test.each(['breaksInAStream', 'breaksAfterATick'])('%s says nothing of its error and logs it once', async (path) => {
  const before = service.log.lines.length;
  const response = await fetch(`${service.url}/trpc/${path}`);
  const text = await response.text();
  expect(text).toContain('"reason":"internal"');
  expect(text).not.toContain('hunter2');
  const errors = service.log
    .records()
    .slice(before)
    .filter(({ level }) => level === 'error');
  expect(errors).toMatchObject([{ trace: response.headers.get('request-id'), msg: 'request failed' }]);
});

test('a message given to a TRPCError by mistake does not get out either', async () => {
  const { status, body } = await ask('/trpc/breaksInATrpcWay');
  expect(status).toBe(409);
  expect(body.error.data).toEqual({ code: 'CONFLICT', httpStatus: 409, reason: 'conflict' });
  expect(body.error.message).toBe('The request conflicts with the current state.');
});

test('a business refusal arrives with its own reason and sentence', async () => {
  expect(await ask('/trpc/refuses')).toMatchObject({
    status: 409,
    body: {
      error: { message: 'There is none left.', data: { code: 'CONFLICT', httpStatus: 409, reason: 'out_of_stock' } },
    },
  });
});

test('refuse ends the call even where throw was forgotten', () => {
  const handler = () => {
    refuse({ code: 'FORBIDDEN', reason: 'not_yours', message: 'This is not yours.' });
  };
  expect(handler).toThrow('This is not yours.');
});

test('invalid input names the fields and repeats no value', async () => {
  const { status, body, text } = await postJson('/trpc/add', {
    amount: 'hunter-three',
    note: { text: 5 },
    extra: 1,
    'a\nb"c': 2,
  });
  expect(status).toBe(400);
  expect(body.error.data).toEqual({
    code: 'BAD_REQUEST',
    httpStatus: 400,
    reason: 'invalid_input',
    issues: [
      { path: 'amount', message: someText },
      { path: 'note.text', message: someText },
      { path: 'extra', message: 'Unknown field.' },
      { path: '?', message: 'Unknown field.' },
    ],
  });
  expect(text).not.toContain('hunter-three');
});

test('at most twenty issues are listed', async () => {
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`f${index}`, index]));
  const { body } = await postJson('/trpc/add', { amount: 1, ...many });
  expect(body.error.data['issues']).toHaveLength(20);
});

test('a missing token is answered 401 with a bare challenge', async () => {
  const { status, headers, body } = await ask('/trpc/mine');
  expect(status).toBe(401);
  expect(body.error.data).toEqual({ code: 'UNAUTHORIZED', httpStatus: 401, reason: 'unauthenticated' });
  expect(headers.get('www-authenticate')).toBe('Bearer realm="sallyport"');
});

test('two Authorization headers are seen as two, and refused', async () => {
  const token = await service.authority.userToken({ audience: 'example', scope: 'example:read' });
  const one = { authorization: `Bearer ${token}` };
  expect(await ask('/trpc/mine', { headers: one })).toMatchObject({ status: 200 });
  // A raw request: fetch would join the two.
  const { request } = await import('node:http');
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const headers = ['Host', 'a', 'Authorization', `Bearer ${token}`, 'Authorization', `Bearer ${token}`];
    request(`${service.url}/trpc/mine`, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
  expect(status).toBe(400);
  expect(service.seen.at(-1)?.headers('authorization')).toEqual([`Bearer ${token}`, `Bearer ${token}`]);
});

test('a step-up challenge is read by a client that nobody here wrote (SUP-01, SUP-02)', async () => {
  const token = await service.authority.userToken({ audience: 'example', scope: 'example:read' });
  const headers = new Headers({ 'content-type': 'application/json', 'idempotency-key': 'k1' });
  const url = new URL(`${service.url}/trpc/pay`);
  // oxlint-disable-next-line typescript/no-deprecated -- the mark is a warning: plain HTTP is for loopback only, as here
  const asked = protectedResourceRequest(token, 'POST', url, headers, undefined, { [allowInsecureRequests]: true });
  await expect(asked).rejects.toMatchObject({
    status: 401,
    cause: [
      {
        scheme: 'bearer',
        parameters: {
          error: 'insufficient_user_authentication',
          acr_values: 'aal2',
          max_age: '300',
          scope: 'example:read',
        },
      },
    ],
  });
});

test('a step-up challenge arrives in the header and in the body', async () => {
  const token = await service.authority.userToken({ audience: 'example', scope: 'example:read' });
  const { status, headers, body } = await postJson('/trpc/pay', undefined, {
    authorization: `Bearer ${token}`,
    'idempotency-key': 'k1',
  });
  expect(status).toBe(401);
  expect(headers.get('www-authenticate')).toContain(
    'error="insufficient_user_authentication", acr_values="aal2", max_age="300"',
  );
  expect(body.error.data).toEqual({
    code: 'UNAUTHORIZED',
    httpStatus: 401,
    reason: 'insufficient_user_authentication',
    challenge: { acrValues: ['aal2'], maxAgeSeconds: 300, scope: 'example:read' },
  });
});

test('an outage is 503 with Retry-After, and is not reported as a bad credential', async () => {
  const token = await service.authority.userToken({ audience: 'example', scope: 'example:read' });
  service.authority.setReachable(false);
  const { status, headers, body } = await postJson('/trpc/pay', undefined, {
    authorization: `Bearer ${token}`,
    'idempotency-key': 'k1',
  });
  service.authority.setReachable(true);
  expect(status).toBe(503);
  expect(headers.get('retry-after')).toBe('1');
  expect(headers.has('www-authenticate')).toBe(false);
  expect(body.error.data['reason']).toBe('temporarily_unavailable');
});

test('the inner reason of a denial is in the log and nowhere else', async () => {
  const foreign = await service.authority.foreignToken({ audience: 'example', scope: 'example:read' });
  const { text } = await ask('/trpc/mine', { headers: { authorization: `Bearer ${foreign}` } });
  expect(text).not.toContain('signature');
  expect(service.log.records().at(-1)).toMatchObject({ refused: ['token_signature'], status: 401 });
});

test('in a batch each call has its own answer', async () => {
  const { status, body } = await ask('/trpc/hello,breaks,mine,nothing?batch=1');
  expect(status).toBe(207);
  const answers = body as unknown as Partial<ErrorBody>[];
  expect(answers.map(({ error }) => error?.data['reason'])).toEqual([
    undefined,
    'internal',
    'unauthenticated',
    'not_found',
  ]);
});

test('a call is decided by the tiers of all calls beside it', async () => {
  await ask('/trpc/hello,nothing,mine?batch=1');
  expect(service.seen.at(-1)).toMatchObject({
    calls: ['hello', 'nothing', 'mine'],
    tiers: ['publicRead', 'publicRead', 'authenticatedRead'],
    remoteAddress: '127.0.0.1',
    // The query is no part of what a proof names (RFC 9449 §4.2).
    sender: { method: 'GET', url: `${service.url}/trpc/hello,nothing,mine` },
  });
});

test('a trace is continued from the caller, or started, and is the same everywhere', async () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const { headers } = await ask('/trpc/hello', { headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` } });
  expect(headers.get('request-id')).toBe(traceId);
  const started = await ask('/trpc/hello', { headers: { traceparent: 'nonsense' } });
  const context = service.seen.at(-1);
  expect(context?.trace.traceId).toBe(started.headers.get('request-id'));
});

test('an endpoint that a standard rules answers errors in that standard’s shape', async () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const twice = await ask('/oauth/token', { method: 'POST', headers: form, body: 'grant_type=a&grant_type=b' });
  expect(twice).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  const asJson = await postJson('/oauth/token', { grant_type: 'a' });
  expect(asJson).toMatchObject({ status: 415, body: { error: 'unsupported_media_type' } });
  const good = await ask('/oauth/token', { method: 'POST', headers: form, body: 'grant_type=a&code=b%20c' });
  expect(good).toMatchObject({ status: 200, body: { names: ['grant_type', 'code'] } });
  const wrongMethod = await ask('/oauth/token');
  expect(wrongMethod.status).toBe(405);
  expect(wrongMethod.headers.get('allow')).toBe('POST');
});
