import { ada } from '../demo-users.ts';
import { totpCode } from '../totp-code.ts';

// `pnpm totp`: what ada's authenticator shows now.
console.log(totpCode(ada.totpSeed));
