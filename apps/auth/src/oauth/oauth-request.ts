import type { HttpAnswer, HttpRequest } from '@sallyport/service';
import type { Authority } from '../authority.ts';
import type { Caller } from '../caller.ts';

/** A form that was posted to one of OAuth's endpoints, and what came with it. */
export type OAuthRequest = Readonly<{
  form: URLSearchParams;
  /** All values of a header, each header line by itself. */
  header: HttpRequest['header'];
  /** What a proof of possession must name (RFC 9449 §4.3). */
  sender: HttpRequest['sender'];
  /** Where it came from. Nobody's identity. */
  caller: Caller;
}>;

export type Endpoint = (authority: Authority, request: OAuthRequest) => Promise<HttpAnswer>;
