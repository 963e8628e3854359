import { parseJson } from '@sallyport/service';

/** A place where secrets could come to stand, as text. */
export type Sink = Readonly<{ name: string; text: string }>;

/** Where secrets were found. Holds none itself. */
export type Finding = Readonly<{ sink: string; secret: string }>;

/** Members of requests and answers that hold secrets, whatever procedure or endpoint they belong to. */
const secretMembers: ReadonlySet<string> = new Set(
  `password newPassword currentPassword refreshToken token seed secret codes recoveryCode
  access_token refresh_token subject_token actor_token client_assertion client_secret code_verifier`.split(/\s+/),
);

/** Shorter texts, such as a TOTP code, stand in logs by chance. */
const shortestSecret = 10;

const signedToken = /eyJ[A-Za-z0-9_-]{10,}\./;

export type SecretWatch = ReturnType<typeof openSecretWatch>;

/** Remembers every secret that it is told or sees pass, to look for them where none may stand. */
export function openSecretWatch() {
  const secrets = new Map<string, string>();
  const answers: Sink[] = [];

  function learn(name: string, value: unknown): void {
    if (typeof value === 'string' && value.length >= shortestSecret) secrets.set(value, name);
    if (Array.isArray(value)) for (const each of value) learn(name, each);
  }

  /** Learns whatever stands under the name of a secret, at any depth. */
  function learnFrom(value: unknown): void {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, member] of Object.entries(value)) {
      if (secretMembers.has(name)) learn(name, member);
      learnFrom(member);
    }
  }

  function learnFromRequest(url: URL, init: RequestInit | undefined): void {
    const authorization = new Headers(init?.headers).get('authorization');
    learn('authorization', authorization?.split(' ').at(-1));
    learnFrom(parseJson(url.searchParams.get('input') ?? ''));
    if (typeof init?.body === 'string') learnFrom(parseJson(init.body));
    if (init?.body instanceof URLSearchParams) learnFrom(Object.fromEntries(init.body));
  }

  return {
    learn,
    size: () => secrets.size,
    /** `fetch`, watched: secrets that go out or come in are learned, refusals kept as a place to look at. */
    watching: (send: typeof fetch): typeof fetch =>
      async function watchedFetch(input, init) {
        const url = new URL(input instanceof Request ? input.url : input);
        learnFromRequest(url, init);
        const response = await send(input, init);
        if (response.headers.get('content-type') !== 'application/json') return response;
        const text = await response.clone().text();
        learnFrom(parseJson(text));
        if (response.status >= 400) {
          answers.push({
            name: `answer ${response.status} of ${url.pathname}`,
            text: `${[...response.headers].join('\n')}\n${text}`,
          });
        }
        return response;
      },
    /** The secrets that stand in these places or in a refusal, plain or encoded, and whatever looks like a signed token. */
    findings: (sinks: readonly Sink[]): readonly Finding[] => {
      const places = [...sinks, ...answers];
      const everything = places.map(({ text }) => text).join('\n');
      const found = [...secrets].flatMap(([secret, name]) =>
        // Nearly always there is nothing: one look at everything, before one at each place.
        spellings(secret)
          .filter((spelling) => everything.includes(spelling))
          .flatMap((spelling) =>
            places.filter(({ text }) => text.includes(spelling)).map((place) => ({ sink: place.name, secret: name })),
          ),
      );
      const tokens = places.filter(({ text }) => signedToken.test(text));
      return [...found, ...tokens.map((place) => ({ sink: place.name, secret: 'a signed token' }))];
    },
  };
}

/** As it is, and as a database, an address or a careless encoder would write it. */
function spellings(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  return [...new Set([secret, bytes.toString('hex'), bytes.toString('base64'), encodeURIComponent(secret)])];
}
