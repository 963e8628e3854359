import type { AuthRouter } from '@sallyport/auth-service/contract';
import { SettingsError } from '@sallyport/service';
import type { TRPCClient } from '@trpc/client';
import { readJsonFile } from './json-file.ts';

/** The admin procedures, for whoever is signed in. */
export type AdminCalls = TRPCClient<AuthRouter>['admin'];

/** What was typed after a command's words. Each answers what is there, or throws a sentence that says what is missing. */
export type Given = Readonly<{
  named: (what: string) => string;
  option: (name: OptionName) => string | undefined;
  must: (name: OptionName) => string;
  flag: (name: 'now') => boolean;
}>;

type OptionName = 'because' | 'email' | 'at' | 'roles' | 'client' | 'subject' | 'access-tokens' | 'sessions';

export type CommandEntry = Readonly<{
  /** What comes after its words, as the help shows it. */
  takes: string;
  says: string;
  run: (admin: AdminCalls, given: Given) => Promise<unknown>;
}>;

const why = '--because <why>';

/** Every command that asks the authority for something: its words, and the one procedure that it calls. */
export const commands: Readonly<Record<string, CommandEntry>> = {
  'accounts list': {
    takes: '[--email <beginning>]',
    says: 'people, and what they may',
    run: (admin, { option }) => admin.accounts.list.query(withEmail(option('email'))),
  },
  'accounts show': {
    takes: '<e-mail>',
    says: 'one of them, with the sessions they have',
    run: (admin, { named }) => admin.accounts.get.query({ email: named('an e-mail address') }),
  },
  'accounts disable': {
    takes: `<e-mail> ${why}`,
    says: 'ends all their sessions, and lets them sign in no more',
    run: (admin, given) => ofAccount(admin, given, (input) => admin.accounts.disable.mutate(input)),
  },
  'accounts enable': {
    takes: `<e-mail> ${why}`,
    says: 'lets them sign in again',
    run: (admin, given) => ofAccount(admin, given, (input) => admin.accounts.enable.mutate(input)),
  },
  'accounts end-sessions': {
    takes: `<e-mail> ${why}`,
    says: 'ends all their sessions; they may sign in again',
    run: (admin, given) => ofAccount(admin, given, (input) => admin.accounts.endSessions.mutate(input)),
  },
  'accounts roles': {
    takes: `<e-mail> --at <audience> --roles <role,role> ${why}`,
    says: 'all that they hold there from now on; ends their sessions',
    run: (admin, given) => {
      const audience = given.must('at');
      const roles = given.must('roles').split(',').filter(Boolean);
      return ofAccount(admin, given, (input) => admin.accounts.setRoles.mutate({ ...input, audience, roles }));
    },
  },
  'sessions list': {
    takes: '[--subject <subject>] [--client <client>]',
    says: 'the newest sessions that are alive',
    run: (admin, { option }) => {
      const [subject, client] = [option('subject'), option('client')];
      return admin.sessions.list.query({
        ...(subject !== undefined && { subject }),
        ...(client !== undefined && { client }),
      });
    },
  },
  'sessions end': {
    takes: `<session> ${why}`,
    says: 'ends one session',
    run: (admin, { named, must }) =>
      admin.sessions.end.mutate({ session: named('a session'), because: must('because') }),
  },
  'sessions end-everyones': {
    takes: why,
    says: 'LEVER: ends every session that there is, yours too',
    run: (admin, { must }) => admin.sessions.endEveryones.mutate({ because: must('because') }),
  },
  'clients list': { takes: '', says: 'clients, and what they may', run: (admin) => admin.clients.list.query() },
  'clients show': {
    takes: '<client>',
    says: 'one of them',
    run: (admin, { named }) => admin.clients.get.query({ client: named('a client') }),
  },
  'clients register': {
    takes: `<file.json> ${why}`,
    says: 'a new client, as it stands in the file',
    run: async (admin, { named, must }) =>
      admin.clients.register.mutate({ registration: await readJsonFile(named('a file')), because: must('because') }),
  },
  'clients update': {
    takes: `<file.json> --client <client> ${why}`,
    says: 'what the file names is changed; what it takes away ends',
    run: async (admin, { named, must }) => {
      const [client, because] = [must('client'), must('because')];
      return admin.clients.update.mutate({ client, changes: await readJsonFile(named('a file')), because });
    },
  },
  'clients disable': {
    takes: `<client> ${why}`,
    says: 'ends all that it has, and lets it do nothing more',
    run: (admin, { named, must }) =>
      admin.clients.disable.mutate({ client: named('a client'), because: must('because') }),
  },
  'clients enable': {
    takes: `<client> ${why}`,
    says: 'lets it work again',
    run: (admin, { named, must }) =>
      admin.clients.enable.mutate({ client: named('a client'), because: must('because') }),
  },
  'clients end-sessions': {
    takes: `<client> ${why}`,
    says: 'LEVER: ends every session that was begun through it',
    run: (admin, { named, must }) =>
      admin.clients.endSessions.mutate({ client: named('a client'), because: must('because') }),
  },
  'policy versions': {
    takes: '',
    says: 'rule sets that were ever in force',
    run: (admin) => admin.policy.versions.query({}),
  },
  'policy show': {
    takes: '<version>',
    says: 'one of them',
    run: (admin, { named }) => admin.policy.get.query({ version: Number(named('a version')) }),
  },
  'policy publish': {
    takes: `<file.json> ${why}`,
    says: 'puts the next rule set into force, up to 16 kB',
    run: async (admin, { named, must }) =>
      admin.policy.publish.mutate({ ruleSet: await readJsonFile(named('a file')), because: must('because') }),
  },
  'keys list': { takes: '', says: 'signing keys, and the state each is in', run: (admin) => admin.keys.list.query() },
  'keys rotate': {
    takes: `[--now] ${why}`,
    says: 'announces the next key, which happens by itself once a day',
    run: (admin, { flag, must }) => admin.keys.rotate.mutate({ immediately: flag('now'), because: must('because') }),
  },
  'keys deny': {
    takes: `<kid> ${why}`,
    says: 'LEVER: nothing that it signed is believed any more (a kid that begins with - comes after --)',
    run: (admin, { named, must }) => admin.keys.deny.mutate({ keyId: named('a kid'), because: must('because') }),
  },
  'restrictions show': { takes: '', says: 'what is ordered now', run: (admin) => admin.restrictions.get.query() },
  'tiers close': {
    takes: `<tier> ${why}`,
    says: 'LEVER: every service answers 503 at this tier',
    run: (admin, given) => setTier(admin, given, 'closed'),
  },
  'tiers fail-closed': {
    takes: `<tier> ${why}`,
    says: 'LEVER: a silent feed is not bridged at this tier',
    run: (admin, given) => setTier(admin, given, 'fail-closed'),
  },
  'tiers restore': {
    takes: `<tier> ${why}`,
    says: 'as docs/trust-matrix.md has it',
    run: (admin, given) => setTier(admin, given, 'as-designed'),
  },
  'lifetimes clamp': {
    takes: `[--access-tokens <seconds>] [--sessions <seconds>] ${why}`,
    says: 'LEVER: what is older is over, now and from now on',
    run: (admin, { option, must }) => {
      const [tokens, sessions] = [option('access-tokens'), option('sessions')];
      return admin.restrictions.clampLifetimes.mutate({
        ...(tokens !== undefined && { accessTokenSeconds: Number(tokens) }),
        ...(sessions !== undefined && { sessionSeconds: Number(sessions) }),
        because: must('because'),
      });
    },
  },
  'lifetimes restore': {
    takes: why,
    says: 'tokens and sessions have their full life again',
    run: (admin, { must }) =>
      admin.restrictions.clampLifetimes.mutate({
        accessTokenSeconds: null,
        sessionSeconds: null,
        because: must('because'),
      }),
  },
};

const tiers = ['publicRead', 'authenticatedRead', 'standardWrite', 'privilegedWrite', 'regulatedAction'] as const;

function setTier(admin: AdminCalls, { named, must }: Given, to: 'closed' | 'fail-closed' | 'as-designed') {
  const asked = named('a tier');
  const tier = tiers.find((one) => one === asked);
  if (tier === undefined) throw new SettingsError(`${asked} is no tier: say ${tiers.join(', ')}.`);
  return admin.restrictions.setTier.mutate({ tier, to, because: must('because') });
}

type OnAccount<Result> = (input: { subject: string; because: string }) => Promise<Result>;

/** People are typed by their address; procedures take the subject, which never changes. */
async function ofAccount<Result>(
  admin: AdminCalls,
  { named, must }: Given,
  change: OnAccount<Result>,
): Promise<Result> {
  const [email, because] = [named('an e-mail address'), must('because')];
  const { subject } = await admin.accounts.get.query({ email });
  return change({ subject, because });
}

function withEmail(email: string | undefined) {
  return email === undefined ? {} : { email };
}
