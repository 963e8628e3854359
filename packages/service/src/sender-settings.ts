import { trustTiers } from '@sallyport/auth';
import { z } from 'zod';

const list = z
  .string()
  .default('')
  .transform((text) => (text === '' ? [] : text.split(',')));

/** The settings of a service that takes tokens which are bound to their sender (RFC 9449, RFC 8705). */
export function senderSettings() {
  return {
    PUBLIC_URLS: list
      .pipe(z.array(z.string().refine(isPublicUrl)))
      .describe('where clients find this service, such as https://payments.example, or nothing: where it listens'),
    SENDER_CONSTRAINED_TIERS: list
      .pipe(z.array(z.enum(trustTiers)))
      .describe('the trust tiers at which no bearer token is taken, such as privilegedWrite,regulatedAction'),
  };
}

// A proof names it letter for letter, with the path of the request behind it.
function isPublicUrl(text: string): boolean {
  return /^https?:\/\/[^/]/.test(text) && !text.endsWith('/') && URL.parse(text)?.search === '' && !text.includes('#');
}
