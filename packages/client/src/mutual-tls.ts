export { mutualTlsFetch, type ServiceCertificate } from './mutual-tls-fetch.ts';
