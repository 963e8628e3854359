export type { Credentials } from './authority-calls.ts';
export { challengeOf, isStepUpRequired, reasonOf, statusOf, type StepUpRequired } from './denial-answer.ts';
export { provingFetch } from './proving-fetch.ts';
export type { BackFromProvider, Leaving, ProviderSignIn } from './provider-sign-in.ts';
export {
  createSallyportClient,
  type Routers,
  type SallyportClient,
  type SallyportClientOptions,
} from './sallyport-client.ts';
export type { PasskeyOptions, SecondFactor, StepUpMeans } from './second-factor.ts';
export { newSenderKey, type SenderKey } from './sender-key.ts';
export type { OnStepUp } from './step-up-link.ts';
export { readTokenSet, type AccessToken, type RefreshToken, type Session, type TokenSet } from './token-set.ts';
export { inMemoryTokenStore, type TokenStore } from './token-store.ts';
