import type { Standard } from './standard-row.ts';

/** RFC 6238, RFC 4226, Web Authentication. */
export const secondFactors: Standard = {
  title: 'One-time passwords (RFC 6238, RFC 4226) and Web Authentication (Level 3)',
  rows: [
    {
      id: 'OTP-01',
      where: 'RFC 6238 §5.2',
      level: 'must',
      asked: 'A code is good once, on all instances and after a restart.',
    },
    { id: 'OTP-02', where: 'RFC 6238 §5.2', level: 'should', asked: 'Only the present step and the one before.' },
    { id: 'OTP-03', where: 'RFC 6238 §4.2', level: 'must', asked: 'Times after 2038 work.' },
    {
      id: 'OTP-04',
      where: 'RFC 6238 §5.1',
      level: 'must',
      asked: 'Seeds are random, and sealed where they are stored.',
    },
    {
      id: 'OTP-05',
      where: 'RFC 4226 §7.3',
      level: 'must',
      asked: 'Guesses are counted per account, however many sessions they come from.',
    },
    { id: 'WAN-01', where: '§7.2', level: 'must', asked: 'Every field of an assertion is checked.' },
    { id: 'WAN-02', where: '§7.1', level: 'must', asked: 'A credential id belongs to one account.' },
    { id: 'WAN-03', where: '§6.1.1', level: 'should', asked: 'A counter that goes back is noticed.' },
    { id: 'WAN-04', where: 'house', level: 'house', asked: 'A challenge is for one purpose and one session.' },
  ],
};

/** NIST SP 800-63B-4. */
export const authentication: Standard = {
  title: 'Digital identity guidelines (NIST SP 800-63B-4)',
  rows: [
    {
      id: 'NST-01',
      where: '§3.1.1.2',
      level: 'must',
      asked: 'Length of passwords, any characters, the same letters are the same password, nothing cut off.',
    },
    {
      id: 'NST-02',
      where: '§3.1.1.2',
      level: 'must',
      asked: 'No composition rules, no periodic change; a change where a password is known to others.',
    },
    { id: 'NST-03', where: '§3.1.1.2', level: 'must', asked: 'Known passwords are refused, with the reason.' },
    {
      id: 'NST-04',
      where: '§3.1.1.2',
      level: 'must',
      asked: 'Hashes are salted and memory-hard, and renewed when the cost rises.',
    },
    { id: 'NST-05', where: '§3.2.2', level: 'must', asked: 'At most a hundred failures in a row per account.' },
    {
      id: 'NST-06',
      where: '§2.2.3',
      level: 'must',
      asked: 'A session ends after an hour without use, and after a day.',
    },
    { id: 'NST-07', where: '§2.2.2', level: 'must', asked: 'A second factor that resists phishing is offered.' },
    {
      id: 'NST-08',
      where: '§5.1',
      level: 'must',
      asked: 'Session secrets are random and erased at sign-out; no other site can act in a session.',
    },
    { id: 'NST-09', where: '§5.1.2', level: 'must', asked: 'An access token is no proof that somebody is there.' },
  ],
};

/** Bugs that others had with sessions, refresh and factors. */
export const sessionBugs: Standard = {
  title: 'What went wrong elsewhere: sessions, refresh, factors',
  rows: [
    {
      id: 'RRT-01',
      where: 'rotation race',
      level: 'house',
      asked: 'Parallel refreshes of one token never make two tips, and never end a family that nobody stole.',
    },
    {
      id: 'RRT-02',
      where: 'restart forgets',
      level: 'house',
      asked: 'A spent token is refused after the process was killed and started again.',
    },
    { id: 'RRT-03', where: 'same second', level: 'house', asked: 'Several rotations in one second stay apart.' },
    {
      id: 'RRT-04',
      where: 'refresh against revoke',
      level: 'house',
      asked: 'After a revoke has returned, no token of the family is active.',
    },
    {
      id: 'RRT-05',
      where: 'grace too wide',
      level: 'house',
      asked: 'Grace is for the predecessor of an unused successor alone, for ten seconds, and few times.',
    },
    { id: 'RRT-06', where: 'disabled user refreshes', level: 'house', asked: 'Who is disabled refreshes nothing.' },
    {
      id: 'BYP-01',
      where: 'second factor bypassed',
      level: 'house',
      asked: 'No way to sign in, and no reset, leads around the second factor.',
    },
    {
      id: 'FIX-01',
      where: 'session fixation',
      level: 'house',
      asked: 'Whoever knew a session before its owner proved themselves gains nothing.',
    },
    {
      id: 'IDB-01',
      where: 'identity from the body',
      level: 'house',
      asked: 'No procedure takes from its input who is acting.',
    },
    {
      id: 'LIM-01',
      where: 'limits by address',
      level: 'house',
      asked: 'IPv6 is counted by /64, and a forwarded address only from a trusted hop.',
    },
    {
      id: 'ACT-01',
      where: 'action tokens',
      level: 'house',
      asked: 'What was mailed is good once, also when used many times at once.',
    },
  ],
};

/** Bugs that others had at the edges. */
export const edgeBugs: Standard = {
  title: 'What went wrong elsewhere: oracles, fetching, logs, framing',
  rows: [
    { id: 'ORA-01', where: 'oracles', level: 'house', asked: 'Known and unknown cannot be told apart.' },
    {
      id: 'SSR-01',
      where: 'fetching',
      level: 'house',
      asked: 'Nobody makes the authority call an address that its operator did not configure.',
    },
    { id: 'LOG-01', where: 'logs', level: 'house', asked: 'No secret stands in any log, audit row or error.' },
    { id: 'LOG-02', where: 'logs', level: 'house', asked: 'Nothing that is sent in can break a log line in two.' },
    { id: 'SMG-01', where: 'framing', level: 'house', asked: 'A request hidden in another is never answered.' },
    {
      id: 'HDR-01',
      where: 'trust headers',
      level: 'house',
      asked: 'No header from outside makes its sender somebody.',
    },
  ],
};
