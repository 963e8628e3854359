export { AuthorityRefused, AuthorityUnavailable, isUnavailable } from './authority-failure.ts';
export { callService, type CallServiceOptions, type Hop, type OnwardHop } from './call-service.ts';
export { challengeOf, isStepUpRequired, reasonOf, statusOf, type StepUpRequired } from './denial-answer.ts';
export { linkFetchBy } from './link-fetch.ts';
export { sendingByUndici } from './send-request.ts';
export { openServiceClient, type ServiceClient, type ServiceClientOptions } from './service-client.ts';
export type { ServiceToken, TransactionToken } from './token-endpoint.ts';
export type { Exchange, Replacement } from './transaction-token.ts';
