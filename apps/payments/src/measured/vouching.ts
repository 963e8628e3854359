import { createPublicKey, verify } from 'node:crypto';
import type { sendingByUndici } from '@sallyport/client/service';
import { z } from 'zod';

/** As the benchmark's `programs/bare-carrying.ts` takes it. `about`: what is frozen for whoever is called next. */
type Question = Readonly<{ token: string; session: string; about: object }>;

/** Who the buyer is, by the least that an authority does for a payment in a buyer's name: their subject. */
export type Vouch = (question: Question) => Promise<string>;

const dsaEncoding = 'ieee-p1363';
const answered = z.object({ signed: z.string() });
const statement = z.object({ row: z.object({ subject: z.string() }) });

/** Asks for a signed statement about the buyer, and checks its signature, as whoever is called next would. Not checked: what else it says. */
export async function vouchedBy(url: string, send: ReturnType<typeof sendingByUndici>): Promise<Vouch> {
  const jwk: unknown = await (await fetch(url)).json();
  const keyObject = createPublicKey({ key: { ...z.looseObject({}).parse(jwk) }, format: 'jwk' });
  const key = { key: keyObject, dsaEncoding } as const;
  const headers = { 'content-type': 'application/json' };
  return async (question) => {
    const signal = AbortSignal.timeout(1000);
    const { text } = await send({ url, headers, body: JSON.stringify(question), signal });
    const { signed } = answered.parse(JSON.parse(text));
    const end = signed.lastIndexOf('.');
    const signature = Buffer.from(signed.slice(end + 1), 'base64url');
    if (!verify('sha256', Buffer.from(signed.slice(0, end)), key, signature))
      throw new Error('The statement was signed by another.');
    const said = Buffer.from(signed.slice(signed.indexOf('.') + 1, end), 'base64url').toString();
    return statement.parse(JSON.parse(said)).row.subject;
  };
}
