import type { Standard } from './standard-row.ts';

/** RFC 8725 and the draft that replaces it. */
export const jwtPractice: Standard = {
  title: 'JWT Best Current Practices (RFC 8725, rfc8725bis)',
  rows: [
    { id: 'JWT-01', where: '§3.1', level: 'must', asked: 'Algorithms come from a list of our own, compared exactly.' },
    { id: 'JWT-02', where: '§3.1', level: 'must', asked: 'One key has one algorithm.' },
    { id: 'JWT-03', where: '§3.2', level: 'must', asked: 'A token without signature is never accepted.' },
    { id: 'JWT-04', where: '§3.3', level: 'must', asked: 'Only a signed compact token is looked at.' },
    { id: 'JWT-05', where: '§3.4', level: 'must', asked: 'Points of elliptic-curve keys lie on their curve.' },
    { id: 'JWT-06', where: '§3.5', level: 'must', asked: 'Keys have entropy; no password is one.' },
    {
      id: 'JWT-07',
      where: '§3.6, §3.13',
      level: 'should',
      asked: 'Nothing is decompressed, and nothing derived from passwords.',
    },
    { id: 'JWT-08', where: '§3.7', level: 'must', asked: 'UTF-8 only.' },
    { id: 'JWT-09', where: '§3.8', level: 'must', asked: 'A key speaks for its own issuer only.' },
    { id: 'JWT-10', where: '§3.9', level: 'must', asked: 'The audience is there, and is us.' },
    {
      id: 'JWT-11',
      where: '§3.10',
      level: 'must',
      asked: 'What a token says about keys and addresses is never followed.',
    },
    { id: 'JWT-12', where: '§3.11', level: 'should', asked: 'Every kind of token has an explicit type.' },
    { id: 'JWT-13', where: '§3.12', level: 'must', asked: 'A token of one kind is never taken for another.' },
    { id: 'JWT-14', where: '§3.14', level: 'must', asked: 'No other spelling, no JSON form.' },
    { id: 'JWT-15', where: 'RFC 7515 §4.1.11', level: 'must', asked: 'Critical extensions are refused, all of them.' },
  ],
};

/** RFC 9068. */
export const accessTokens: Standard = {
  title: 'JWT access tokens (RFC 9068)',
  rows: [
    { id: 'ATP-01', where: '§2.1', level: 'must', asked: 'Type `at+jwt`.' },
    { id: 'ATP-02', where: '§2.2', level: 'must', asked: 'The seven claims are there, each checked.' },
    {
      id: 'ATP-03',
      where: '§2.2.1',
      level: 'should',
      asked: 'How and when somebody signed in is not renewed by a refresh.',
    },
    { id: 'ATP-04', where: '§4', level: 'must', asked: 'Another type is refused.' },
    { id: 'ATP-05', where: '§4', level: 'must', asked: 'The issuer is compared exactly.' },
    { id: 'ATP-06', where: '§4', level: 'must', asked: 'The audience contains this service.' },
    { id: 'ATP-07', where: '§4', level: 'must', asked: 'Only the issuer’s keys check a signature.' },
    { id: 'ATP-08', where: '§4', level: 'must', asked: 'An expired token is refused, to the second.' },
    { id: 'ATP-09', where: '§4', level: 'must', asked: 'All failures are one answer.' },
    { id: 'ATP-10', where: '§5', level: 'must', asked: 'Two services never share an audience.' },
    { id: 'ATP-11', where: '§6', level: 'must', asked: 'Clients do not look inside.' },
  ],
};

/** RFC 9470. */
export const stepUp: Standard = {
  title: 'Step-up authentication (RFC 9470)',
  rows: [
    {
      id: 'SUP-01',
      where: '§3',
      level: 'must',
      asked: 'The challenge says which level and how recent, to any client.',
    },
    { id: 'SUP-02', where: '§3', level: 'must', asked: 'One challenge names all that is missing.' },
    { id: 'SUP-03', where: '§5', level: 'should', asked: 'What cannot be reached is an error, never a loop.' },
    { id: 'SUP-04', where: '§6', level: 'must', asked: 'Level and time stand in the token, or in the introspection.' },
    {
      id: 'SUP-05',
      where: 'house',
      level: 'house',
      asked: 'The age of a second factor is taken from the authority’s answer and clock.',
    },
    {
      id: 'SUP-06',
      where: 'ASVS V7.2.4',
      level: 'house',
      asked: 'A step-up gives the session a new id, and the old one is worth nothing.',
    },
  ],
};

/** RFC 8414, RFC 7517, RFC 7515. */
export const metadataAndKeys: Standard = {
  title: 'Metadata and keys (RFC 8414, RFC 7517)',
  rows: [
    { id: 'MET-01', where: 'RFC 8414 §3.3', level: 'must', asked: 'The issuer in the metadata is the configured one.' },
    {
      id: 'MET-02',
      where: 'RFC 8414 §2',
      level: 'must',
      asked: 'An issuer is an https address without query or fragment; plain http only on loopback.',
    },
    { id: 'MET-03', where: 'RFC 8414 §2', level: 'should', asked: 'The metadata says what is there.' },
    {
      id: 'MET-04',
      where: 'house',
      level: 'house',
      asked: 'Fetching keys follows no redirect, and is bounded in size and time.',
    },
    {
      id: 'JWK-01',
      where: 'RFC 7517 §4',
      level: 'must',
      asked: 'No private or symmetric key is published, or accepted.',
    },
    { id: 'JWK-02', where: 'RFC 7517 §4.5', level: 'should', asked: 'Two keys never share a `kid`.' },
    { id: 'JWK-03', where: 'RFC 7517 §5', level: 'must', asked: 'Unknown kinds of keys are left out, not fatal.' },
    { id: 'JWK-04', where: 'RFC 7517 §4.2', level: 'should', asked: '`use`, `key_ops` and `alg` are honoured.' },
    {
      id: 'JWK-05',
      where: 'house',
      level: 'house',
      asked: 'A key is published before it signs, and stays until its last token has expired.',
    },
  ],
};
