/** Files over 300 lines, each with the reason why it is one file. */
export const longFiles: Readonly<Record<string, string>> = {
  'apps/auth/src/admin/admin-router.test.ts': 'one running authority, told everything that an administrator can say',
  'apps/catalog/src/seed-words.ts': 'a list of words',
  'apps/payments/src/payments.test.ts': 'one running service, told every way to pay and not to pay',
  'docs/auth-package.md': 'the whole adoption on one page, most of it code shown from files',
  'docs/benchmarks.md': 'every table of one run of the benchmark, which writes it',
  'docs/testing.md': 'one example for each failure, shown from a file',
  'packages/auth/src/background-confirmation.test.ts': 'one sampled decision, told every answer and every silence',
  'packages/auth/src/coalescing-authority.test.ts': 'one property over interleavings, with the world it plays in',
  'packages/auth/src/several-issuers.test.ts': 'two issuers behind one pair of gates, told every way to be confused',
  'packages/auth/src/guarded-authority.test.ts': 'one guard against one authority, in every kind of outage',
  'packages/auth/src/revocation-feed.test.ts': 'one follower, told everything that a feed can say or not say',
  'packages/client/src/sallyport-client.test.ts': 'one client against one peer, through the life of a session',
  'packages/service/src/http-limits.test.ts': 'one running service, sent everything that is too much',
};
