import { randomInt } from 'node:crypto';

/** High, and below Linux' default range for outgoing connections (32768 and up), which anything may hold for a moment. */
const LOWEST = 20_000;
const HIGHEST = 32_767;
/** In a target's pod some may be taken; that all of these are is not to be expected. */
const CHOICES = 8;

/** Ports for the agent to try in turn; random, since a pod may hold several agents. */
export function randomPorts(): readonly number[] {
  const ports = new Set<number>();
  while (ports.size < CHOICES) ports.add(randomInt(LOWEST, HIGHEST + 1));
  return [...ports];
}
