/** `aud` of every transaction token: the services that trust each other, together. */
export const trustDomain = 'sallyport';
