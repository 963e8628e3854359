import {
  clientSettings,
  foreignIssuerSettings,
  mutualTlsSettings,
  senderSettings,
  serviceSettings,
} from '@sallyport/service';

/** The settings of catalog, for `readEnvironment`. */
export const catalogSettings = {
  ...serviceSettings(4001),
  ...clientSettings('catalog'),
  ...foreignIssuerSettings(),
  ...mutualTlsSettings,
  ...senderSettings(),
};
