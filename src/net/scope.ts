/** How far an address reaches, by its text, or a range's. */

export const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.');

export const isLinkLocal = (address: string): boolean => /^fe[89ab]/i.test(address) || address.startsWith('169.254.');
