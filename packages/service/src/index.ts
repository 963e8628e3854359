export { answerOutage } from './answer-outage.ts';
export { decisionLog } from './decision-log.ts';
export { clientSettings, preparationSettings, readEnvironment, serviceSettings, SettingsError } from './environment.ts';
export type { Incoming } from './incoming.ts';
export { issuerReports } from './issuer-reports.ts';
export { breakerLog, confirmationLog, demotionLog } from './trust-log.ts';
export { foreignIssuerSettings } from './foreign-issuer-settings.ts';
export type { HttpAnswer } from './http-answer.ts';
export type { Readiness } from './health.ts';
export { createLog, type Log, type LogLevel } from './log.ts';
export { formatError, responseMeta, type ErrorShape } from './public-error.ts';
export { mutualTlsSettings, readMutualTls, type MutualTls, type ServiceCertificate } from './mutual-tls.ts';
export { parseJson } from './parse-json.ts';
export {
  refuse,
  refuseForNow,
  refuseUnavailable,
  type BusinessRefusal,
  type InputIssue,
  type PublicError,
} from './refusal.ts';
export type { HttpRequest, Route } from './routes.ts';
export { senderSettings } from './sender-settings.ts';
export { serve, type Running, type ServeOptions } from './serve.ts';
export { readArguments, runCommand, type Command } from './run-command.ts';
export { runUntilSignal, startService } from './start-service.ts';
export { meteredAuthority } from './telemetry/metered-authority.ts';
export { noTelemetry, openTelemetry, type Telemetry } from './telemetry/telemetry.ts';
