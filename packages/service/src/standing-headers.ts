/**
 * What every answer says, whoever made it, in pairs of name and value. `Request-Id` is the trace id: the one thing to quote when asking
 * about a request.
 */
export function standingHeaders(traceId: string): string[] {
  return ['Cache-Control', 'no-store', 'X-Content-Type-Options', 'nosniff', 'Request-Id', traceId];
}
