import {
  clientSettings,
  foreignIssuerSettings,
  mutualTlsSettings,
  senderSettings,
  serviceSettings,
} from '@sallyport/service';
import { z } from 'zod';

/** The settings of payments, for `readEnvironment`. */
export const paymentsSettings = {
  ...serviceSettings(4002),
  ...clientSettings('payments'),
  ...foreignIssuerSettings(),
  ...mutualTlsSettings,
  ...senderSettings(),
  CATALOG_URL: z
    .url({ protocol: /^https?$/ })
    .describe('the address of the catalog service, such as http://localhost:4001'),
};
