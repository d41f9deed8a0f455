/** The closed list of what the session may ask, each called with checked arguments. */
import type { HostOperations } from '../ipc/protocol.ts';
import {
  checkAskedNames,
  checkBoundFlows,
  checkDnsState,
  checkNamedState,
  checkNetworkState,
  checkPublicKey,
  checkRanges,
  checkRouteQuestion,
  checkSocketPath,
  checkTarget,
} from './requests.ts';
import { type Fields, refuse } from './unchecked.ts';

export interface Request {
  readonly op: keyof HostOperations;
  readonly args: readonly unknown[];
}

const OPERATIONS: Readonly<
  Record<
    keyof HostOperations,
    (host: HostOperations, args: readonly unknown[], sessionFolder: string) => Promise<unknown>
  >
> = {
  facts: (host) => host.facts(),
  asked: (host, [names]) => host.asked(checkAskedNames(names)),
  target: (host, [target]) => host.target(target === null ? null : checkTarget(target)),
  startAgent: (host, [key, path], folder) => host.startAgent(checkPublicKey(key), checkSocketPath(path, folder)),
  startIncomingAgent: (host, [key, path], folder) =>
    host.startIncomingAgent(checkPublicKey(key), checkSocketPath(path, folder)),
  reserve: (host, [ranges]) => host.reserve(checkRanges(ranges)),
  network: (host, [state]) => host.network(checkNetworkState(state)),
  named: (host, [state]) => host.named(checkNamedState(state)),
  route: (host, [question]) => host.route(checkRouteQuestion(question)),
  bound: (host, [flows]) => host.bound(checkBoundFlows(flows)),
  programSearch: (host) => host.programSearch(),
  strangers: (host) => host.strangers(),
  dns: (host, [state]) => host.dns(checkDnsState(state)),
};

const isOperation = (op: unknown): op is keyof HostOperations =>
  typeof op === 'string' && Object.hasOwn(OPERATIONS, op);

export function checkRequest(message: Fields): Request {
  const { op, args } = message;
  if (!isOperation(op)) return refuse(`the operation ${typeof op === 'string' ? op : typeof op}`);
  if (!Array.isArray(args)) return refuse(`${op} without arguments`);
  return { op, args };
}

export async function dispatch(host: HostOperations, request: Request, sessionFolder: string): Promise<unknown> {
  return OPERATIONS[request.op](host, request.args, sessionFolder);
}
