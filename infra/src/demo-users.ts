/** The accounts that SEED=demo makes. For demonstrations: everybody knows these secrets. */
export const demoPassword = 'correct horse battery staple';
export const ada = { email: 'ada@sallyport.example', totpSeed: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' } as const;
export const grace = { email: 'grace@sallyport.example' } as const;
export const radia = { email: 'radia@sallyport.example' } as const;
/** Runs the house: operator and administrator. */
export const margaret = { email: 'margaret@sallyport.example', totpSeed: 'KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU' } as const;
