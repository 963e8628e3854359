import { openRequest } from '@sallyport/auth';
import { testAuthority, testGates } from '@sallyport/auth/testing';
import { expect, test } from 'vitest';
import { createNotes } from './notes.ts';
import { notesRouter, sealed } from './router.ts';
import { createCallerFactory } from './trpc.ts';

/** This service behind its own gates, and an authority in memory: nothing here touches a network, and time stands still. */
async function openNotes() {
  const authority = await testAuthority();
  const { gates, revocations } = await testGates(authority, 'notes');
  const notes = createNotes();

  /** A caller for one request, which carries one call to `path`. */
  const as = (path: string, token?: string, more: Readonly<Record<string, string>> = {}) => {
    const sent: Readonly<Record<string, string>> = { ...more, ...(token && { Authorization: `Bearer ${token}` }) };
    const headers = (name: string) => (sent[name] === undefined ? [] : [sent[name]]);
    const tiers = [sealed.tiers.get(path) ?? 'regulatedAction'] as const;
    return createCallerFactory(notesRouter)({ request: openRequest({ gates, headers, tiers }), notes });
  };
  return { authority, as, close: revocations.close };
}

const ada = { audience: 'notes', scope: 'notes:read notes:write', subject: 'ada', session: '1.ada' };

test('notes are kept for whoever wrote them', async () => {
  const { authority, as, close } = await openNotes();
  await as('add', await authority.userToken(ada)).add('milk');
  expect(await as('list', await authority.userToken(ada)).list()).toEqual(['milk']);
  expect(await as('list', await authority.userToken({ ...ada, subject: 'bob' })).list()).toEqual([]);
  close();
});

test('removing everything asks for a second factor', async () => {
  const { authority, as, close } = await openNotes();
  const key = { 'Idempotency-Key': 'k-1' };
  await expect(as('removeAll', await authority.userToken(ada), key).removeAll()).rejects.toMatchObject({
    code: 'UNAUTHORIZED',
    message: 'This needs a recent second factor.',
  });
  authority.secondFactor('1.ada');
  expect(await as('removeAll', await authority.userToken({ ...ada, acr: 'aal2' }), key).removeAll()).toBe(false);
  close();
});
