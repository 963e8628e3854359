export { grownOld } from './testing/grown-old.ts';
export {
  callProcedure,
  identityFields,
  inputOf,
  proceduresOf,
  sendFromAnotherSite,
  type Answered,
  type Procedure,
} from './testing/procedures.ts';
export { routerRequests } from './testing/router-requests.ts';
export { openSpanReceiver, type ReceivedSpan } from './testing/span-receiver.ts';
export { twoSides, type Received } from './testing/two-sides.ts';
