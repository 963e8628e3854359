import { openTokenIssue } from '@sallyport/auth-service/measured';
import { decodeJwt, importPKCS8, SignJWT } from 'jose';
import { offerRounds } from './in-process-round.ts';

// An access token, made by the authority and by `jose`, which is given the claims of one.

const target = { audience: 'catalog', scope: ['catalog:read', 'catalog:write'] };
const { issue, keyId, privateKey } = openTokenIssue('https://auth.sallyport.example');

await offerRounds({
  sallyport: () => () => issue(target),
  jose: async () => {
    const claims = decodeJwt(issue(target));
    const key = await importPKCS8(privateKey.export({ type: 'pkcs8', format: 'pem' }), 'ES256');
    return () => new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: keyId }).sign(key);
  },
});
