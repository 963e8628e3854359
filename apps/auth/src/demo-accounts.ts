import type { AuthQueries } from './database.ts';
import type { Sealer } from './keys/sealed-secret.ts';
import { accounts, totpFactors } from './schema.ts';
import { seedPlace } from './second-factor/second-factor.ts';
import { seedFromBase32 } from './second-factor/totp.ts';
import { openPasswords } from './sign-in/passwords.ts';

const demoPassword = 'correct horse battery staple';

const ada = {
  subject: 'u_adaAAAAAAAAAAAAA',
  email: 'ada@sallyport.example',
  totpSeed: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
};
const grace = { subject: 'u_graceAAAAAAAAAAA', email: 'grace@sallyport.example' };
const radia = { subject: 'u_radiaAAAAAAAAAAA', email: 'radia@sallyport.example', roles: { catalog: ['curator'] } };

/** Ada, who has a second factor, Grace, who has none, and Radia, a curator. What is there already stays as it is. */
export async function seedDemoAccounts(queries: AuthQueries, sealer: Sealer): Promise<void> {
  const passwordHash = await (await openPasswords()).hash(demoPassword);
  const createdAt = new Date();
  await queries
    .insert(accounts)
    .values(
      [{ ...ada, roles: {} }, { ...grace, roles: {} }, radia].map(({ subject, email, roles }) => ({
        subject,
        email,
        roles,
        passwordHash,
        createdAt,
      })),
    )
    .onConflictDoNothing();
  const sealedSeed = sealer.seal(seedFromBase32(ada.totpSeed), seedPlace(ada.subject));
  await queries
    .insert(totpFactors)
    .values({ subject: ada.subject, sealedSeed, confirmedAt: createdAt })
    .onConflictDoNothing();
}
