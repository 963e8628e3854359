import type { Principal } from '@sallyport/auth';

/** Notes in memory. Deleting everything asks for a principal that nothing but a recent second factor gives. */
export function createNotes() {
  const notesBySubject = new Map<string, string[]>();
  return {
    of: (subject: string): readonly string[] => notesBySubject.get(subject) ?? [],
    add: ({ subject }: Principal<'local' | 'degraded' | 'fresh'>, text: string): void => {
      notesBySubject.set(subject, [...(notesBySubject.get(subject) ?? []), text]);
    },
    publish: ({ subject }: Principal<'fresh'>): number => notesBySubject.get(subject)?.length ?? 0,
    removeAll: ({ subject }: Principal<'fresh+mfa'>): boolean => notesBySubject.delete(subject),
  };
}

export type Notes = ReturnType<typeof createNotes>;
