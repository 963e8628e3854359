import type { AuthQueries } from './database.ts';
import type { Sealer } from './keys/sealed-secret.ts';
import { accounts, totpFactors } from './schema.ts';
import { seedPlace } from './second-factor/second-factor.ts';
import { seedFromBase32 } from './second-factor/totp.ts';
import type { Passwords } from './sign-in/passwords.ts';

const demoPassword = 'correct horse battery staple';

const ada = {
  subject: 'u_adaAAAAAAAAAAAAA',
  email: 'ada@sallyport.example',
  totpSeed: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
};
const grace = { subject: 'u_graceAAAAAAAAAAA', email: 'grace@sallyport.example' };
const radia = { subject: 'u_radiaAAAAAAAAAAA', email: 'radia@sallyport.example', roles: { catalog: ['curator'] } };

const margaret = {
  subject: 'u_margaretAAAAAAAA',
  email: 'margaret@sallyport.example',
  totpSeed: 'KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU',
  roles: { admin: ['administrator', 'operator'] },
};

/** Ada, who has a second factor, Grace, who has none, Radia, a curator, and Margaret, who runs the house. What is there already stays as it is. */
export async function seedDemoAccounts(
  queries: AuthQueries,
  { sealer, passwords }: Readonly<{ sealer: Sealer; passwords: Passwords }>,
): Promise<void> {
  const passwordHash = await passwords.hash(demoPassword);
  const createdAt = new Date();
  await queries
    .insert(accounts)
    .values(
      [{ ...ada, roles: {} }, { ...grace, roles: {} }, radia, margaret].map(({ subject, email, roles }) => ({
        subject,
        email,
        roles,
        passwordHash,
        createdAt,
      })),
    )
    .onConflictDoNothing();
  const factors = [ada, margaret].map(({ subject, totpSeed }) => {
    return { subject, sealedSeed: sealer.seal(seedFromBase32(totpSeed), seedPlace(subject)), confirmedAt: createdAt };
  });
  await queries.insert(totpFactors).values(factors).onConflictDoNothing();
}
