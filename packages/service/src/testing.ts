export {
  callProcedure,
  identityFields,
  inputOf,
  proceduresOf,
  sendFromAnotherSite,
  type Answered,
  type Procedure,
} from './testing/procedures.ts';
