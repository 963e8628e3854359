export {
  callProcedure,
  identityFields,
  inputOf,
  proceduresOf,
  sendFromAnotherSite,
  type Answered,
  type Procedure,
} from './testing/procedures.ts';
export { openSpanReceiver, type ReceivedSpan } from './testing/span-receiver.ts';
