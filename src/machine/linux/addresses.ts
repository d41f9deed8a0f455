/** Addresses by the little that the host part asks of them. */

export const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.');

export const isLinkLocal = (address: string): boolean => /^fe[89ab]/i.test(address) || address.startsWith('169.254.');
