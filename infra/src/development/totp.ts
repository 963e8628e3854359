import { ada, margaret } from '../demo-users.ts';
import { totpCode } from '../totp-code.ts';

// `pnpm totp`: what ada's authenticator shows now; `pnpm totp margaret`: what hers does.
const { totpSeed } = process.argv[2] === 'margaret' ? margaret : ada;
console.log(totpCode(totpSeed));
