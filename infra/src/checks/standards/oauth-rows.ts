import type { Standard } from './standard-row.ts';

/** RFC 9700 and the drafts that amend it. */
export const securityPractice: Standard = {
  title: 'OAuth 2.0 Security Best Current Practice (RFC 9700)',
  rows: [
    {
      id: 'OSB-01',
      where: '§4.1.3',
      level: 'must',
      asked: 'Addresses that people come back to are compared whole.',
    },
    {
      id: 'OSB-02',
      where: '§2.1.1',
      level: 'must',
      asked: 'PKCE is used towards every provider, and by whoever signs people in here; it cannot be left out.',
    },
    {
      id: 'OSB-03',
      where: '§2.1.1',
      level: 'should',
      asked: 'S256 is the only PKCE method.',
    },
    {
      id: 'OSB-04',
      where: '§2.1.2',
      level: 'should',
      asked: 'No token comes from an authorization endpoint: from a provider only a code is taken.',
    },
    { id: 'OSB-05', where: '§2.4', level: 'must', asked: 'The password grant does not exist.' },
    { id: 'OSB-06', where: '§2.2.1, §4.10.1', level: 'should', asked: 'Access tokens can be bound to their sender.' },
    {
      id: 'OSB-07',
      where: '§2.2.2, §4.14.2',
      level: 'must',
      asked: 'Refresh tokens of public clients rotate, or are bound to their sender.',
    },
    {
      id: 'OSB-08',
      where: '§4.14.2',
      level: 'must',
      asked: 'A refresh cannot reach a wider scope or another service; trying does not spend the token.',
    },
    {
      id: 'OSB-09',
      where: '§4.14.2',
      level: 'must',
      asked: 'A rotated refresh token that comes again ends the family it belongs to, and stands in the audit log.',
    },
    { id: 'OSB-10', where: '§4.14.2', level: 'should', asked: 'Sessions end when idle, and in the end in any case.' },
    { id: 'OSB-11', where: '§4.14.2', level: 'house', asked: 'A change of password, and a sign-out, revoke.' },
    {
      id: 'OSB-12',
      where: '§2.3',
      level: 'must',
      asked: 'A token is for one service, which checks that on every request, cached or not.',
    },
    {
      id: 'OSB-13',
      where: '§2.3',
      level: 'should',
      asked: 'Every procedure refuses a token that lacks its scope.',
    },
    { id: 'OSB-14', where: '§4.15.1', level: 'must', asked: 'A client is never taken for a person.' },
    {
      id: 'OSB-15',
      where: '§4.13',
      level: 'must',
      asked: 'Headers that only insiders could mean do nothing when they come from outside.',
    },
    { id: 'OSB-16', where: '§4.12', level: 'must', asked: 'A redirect after credentials is 303, never 307.' },
    {
      id: 'OSB-17',
      where: '§4.11',
      level: 'must',
      asked: 'Nobody can be sent to an address of the attacker’s choice.',
    },
    {
      id: 'OSB-18',
      where: '§2.5',
      level: 'should',
      asked: 'Services authenticate with keys of their own, not with secrets.',
    },
    {
      id: 'OSB-19',
      where: 'draft-ietf-oauth-security-topics-update',
      level: 'must',
      asked: 'The audience of a client’s assertion is the issuer, as one string.',
    },
  ],
};

/** RFC 7662, RFC 9701 and what this house adds. */
export const introspection: Standard = {
  title: 'Token introspection (RFC 7662), signed (RFC 9701)',
  rows: [
    {
      id: 'INT-01',
      where: 'RFC 7662 §2.1, §4',
      level: 'must',
      asked: 'The asker is authenticated and has the right, before the token is looked at.',
    },
    {
      id: 'INT-02',
      where: 'RFC 7662 §2.2',
      level: 'must',
      asked: 'What is not active is exactly that, without a reason.',
    },
    {
      id: 'INT-03',
      where: 'RFC 7662 §4',
      level: 'must',
      asked: 'Active means: not expired, not revoked, well signed, and good at the asking service.',
    },
    { id: 'INT-04', where: 'RFC 7662 §4', level: 'must', asked: 'Fishing for tokens is throttled.' },
    {
      id: 'INT-05',
      where: 'RFC 7662 §4',
      level: 'must',
      asked: 'No answer is kept past `exp`; where money moves, none is kept.',
    },
    {
      id: 'INT-06',
      where: 'house',
      level: 'house',
      asked: 'A batch answers each question as if it stood alone; part unknown is all unknown.',
    },
    {
      id: 'INT-07',
      where: 'house',
      level: 'house',
      asked: 'Nobody gets an answer whose reading began before they asked.',
    },
    {
      id: 'INT-08',
      where: 'RFC 9701 §5',
      level: 'must',
      asked: 'A signed answer has its own type, issuer, audience and time.',
    },
    {
      id: 'INT-09',
      where: 'RFC 9701 §5',
      level: 'must',
      asked: 'A signed answer about an inactive token says only that.',
    },
    {
      id: 'INT-10',
      where: 'RFC 9701 §5',
      level: 'should',
      asked: 'The scope in an answer is what concerns the asking service.',
    },
  ],
};

/** RFC 7009. */
export const revocation: Standard = {
  title: 'Token revocation (RFC 7009)',
  rows: [
    { id: 'REV-01', where: '§2.1', level: 'must', asked: 'Only its own client revokes a token.' },
    { id: 'REV-02', where: '§2.1', level: 'must', asked: 'A wrong hint does not keep a token from being found.' },
    { id: 'REV-03', where: '§2.1', level: 'must', asked: 'When the answer is there, the token is worth nothing.' },
    { id: 'REV-04', where: '§2.1', level: 'should', asked: 'With a refresh token die the access tokens of its grant.' },
    { id: 'REV-05', where: '§2.2', level: 'must', asked: 'An unknown token is answered like a known one.' },
    { id: 'REV-06', where: '§2.2.1', level: 'must', asked: 'There is no success before the revocation is durable.' },
    { id: 'REV-07', where: 'house', level: 'house', asked: 'A refresh that races a revocation leaves nothing alive.' },
  ],
};

/** RFC 8693. */
export const exchange: Standard = {
  title: 'Token exchange (RFC 8693)',
  rows: [
    { id: 'TEX-01', where: '§2.1', level: 'must', asked: 'Malformed combinations of members are refused.' },
    { id: 'TEX-02', where: '§2.1', level: 'must', asked: 'The subject token is checked whole, revocation included.' },
    { id: 'TEX-03', where: '§2.2.1', level: 'must', asked: 'The answer says what kind of token was issued.' },
    {
      id: 'TEX-04',
      where: '§2.2.2',
      level: 'must',
      asked: 'Nobody gets a token for a target that their registration does not name.',
    },
    { id: 'TEX-05', where: '§4.1', level: 'must', asked: 'Only the present actor counts; those before are history.' },
    { id: 'TEX-06', where: '§4.4', level: 'should', asked: '`may_act` is honoured where a token has it.' },
    { id: 'TEX-07', where: 'house', level: 'house', asked: 'Scope and lifetime never grow on the way.' },
    { id: 'TEX-08', where: 'house', level: 'house', asked: 'An exchanged token dies with what it came from.' },
  ],
};

/** draft-ietf-oauth-transaction-tokens. */
export const transactionTokens: Standard = {
  title: 'Transaction tokens (draft-ietf-oauth-transaction-tokens)',
  rows: [
    { id: 'TTS-01', where: 'token format', level: 'must', asked: 'They have a type of their own.' },
    { id: 'TTS-02', where: 'token format', level: 'must', asked: 'Every claim that is asked for is there.' },
    {
      id: 'TTS-03',
      where: 'request',
      level: 'must',
      asked: 'They are asked for by token exchange, with all its members.',
    },
    {
      id: 'TTS-04',
      where: 'response',
      level: 'must',
      asked: 'The answer is no access token, and brings no refresh token.',
    },
    { id: 'TTS-05', where: 'request', level: 'must', asked: 'A refresh token, or an expired one, is no subject.' },
    { id: 'TTS-06', where: 'security', level: 'must', asked: 'The asking service is authenticated and has the right.' },
    { id: 'TTS-07', where: 'request', level: 'must', asked: 'The scope is not wider than the subject token’s.' },
    { id: 'TTS-08', where: 'use', level: 'must', asked: 'One `Txn-Token` header, never `Authorization`.' },
    { id: 'TTS-09', where: 'use', level: 'must', asked: 'Who receives one checks it, and passes it on unchanged.' },
    {
      id: 'TTS-10',
      where: 'replacement',
      level: 'must',
      asked: 'A replacement has no wider scope, no later end, the same transaction, and names the chain.',
    },
    {
      id: 'TTS-11',
      where: 'security',
      level: 'must',
      asked: 'The external access token never crosses, and none is logged.',
    },
    { id: 'TTS-12', where: 'security', level: 'must', asked: 'Alone it authenticates no service.' },
    {
      id: 'TTS-13',
      where: 'token format',
      level: 'must',
      asked: 'It lives minutes at most, and its transaction can be used once.',
    },
  ],
};

/** RFC 9449 and RFC 8705. */
export const senderConstraint: Standard = {
  title: 'Proof of possession (RFC 9449) and mutual TLS (RFC 8705)',
  rows: [
    { id: 'DPP-01', where: 'RFC 9449 §4.3', level: 'must', asked: 'All twelve checks of a proof.' },
    {
      id: 'DPP-02',
      where: 'RFC 9449 §6, §7.2',
      level: 'must',
      asked: 'A bound token is not taken as a bearer token, cached or not.',
    },
    { id: 'DPP-03', where: 'RFC 9449 §11.1', level: 'should', asked: 'A proof is good once.' },
    {
      id: 'DPP-04',
      where: 'RFC 9449 §5',
      level: 'must',
      asked: 'Refresh tokens of public clients are bound to the key.',
    },
    { id: 'DPP-05', where: 'RFC 9449 §8', level: 'should', asked: 'The authority can ask for its own nonce.' },
    {
      id: 'MTL-01',
      where: 'RFC 8705 §3',
      level: 'must',
      asked: 'A bound token is held against the certificate of the connection, never against a header.',
    },
    { id: 'MTL-02', where: 'RFC 8705 §3', level: 'must', asked: 'Another certificate is 401 `invalid_token`.' },
  ],
};
