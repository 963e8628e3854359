/** `141.95 EUR` for 14195 minor units. Every currency of the demo has two digits after the point. */
export function describePrice({ amount, currency }: Readonly<{ amount: string; currency: string }>): string {
  const digits = amount.padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)} ${currency}`;
}
