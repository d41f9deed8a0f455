/** Asks the machine's name server for each name once, one after another; prints the median milliseconds. */
import { Resolver } from 'node:dns/promises';

const resolver = new Resolver();
const times: number[] = [];
for (const name of process.argv.slice(2)) {
  const start = performance.now();
  await resolver.resolve4(name);
  times.push(performance.now() - start);
}
times.sort((a, b) => a - b);
console.log(times[times.length >> 1]);
