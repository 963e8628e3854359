import { base64url } from 'jose';
import { nodeBuiltIn } from './node-built-in.ts';

const buffer = nodeBuiltIn('node:buffer')?.Buffer;

/**
 * The bytes of text that `isCanonicalBase64url` accepts (RFC 4648 §5): Node's own decoder takes a quarter of the time of the one that is
 * everywhere. Not checked: the text. What is not canonical gives an error, or some bytes or other.
 */
export const decodeBase64url: (canonical: string) => Uint8Array =
  buffer === undefined ? base64url.decode : (canonical) => buffer.from(canonical, 'base64url');
