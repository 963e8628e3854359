/** Something that whoever runs a command can put right. The message is one line that says what to do; no stack is shown. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
}

/** For the end of a command: one line for what the operator can put right, the whole error for what is our mistake. */
export function describeFailure(error: unknown): string {
  if (error instanceof OperatorError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
