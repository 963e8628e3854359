// What a question comes down to: its statement, on the connection that it has in the authority, without HTTP or gates.
export { openIntrospectionReader } from '../introspection/introspection-reader.ts';
