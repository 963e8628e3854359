import type { Principal } from '@sallyport/auth';

/** Notes in memory. Deleting everything asks for a principal that nothing but a recent second factor gives. */
export function createNotes() {
  const notesByUser = new Map<string, string[]>();
  return {
    of: (user: string): readonly string[] => notesByUser.get(user) ?? [],
    add: ({ user }: Principal<'local' | 'degraded' | 'fresh'>, text: string): void => {
      notesByUser.set(user, [...(notesByUser.get(user) ?? []), text]);
    },
    publish: ({ user }: Principal<'fresh'>): number => notesByUser.get(user)?.length ?? 0,
    total: (): number => [...notesByUser.values()].flat().length,
    removeAll: ({ user }: Principal<'fresh+mfa'>): boolean => notesByUser.delete(user),
  };
}

export type Notes = ReturnType<typeof createNotes>;
