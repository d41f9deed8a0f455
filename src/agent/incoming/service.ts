/** What the incoming agent serves: ports, and questions about itself.  It dials nothing for its client. */
import { answerIncoming, offerIncoming } from '../../peer/incoming.ts';
import { KIND } from '../../peer/opening.ts';
import type { Services } from '../../peer/peer.ts';
import { answerInfo } from '../../peer/question.ts';
import type { ServedSession } from '../../peer/served-session.ts';
import { slotOfGroup } from '../../incoming-groups.ts';
import { NetlinkSocket } from '../../netlink/socket.ts';
import { agentInfo } from '../info.ts';
import { FLOW_LIMIT } from '../limits.ts';
import { Places } from '../places.ts';
import { Established } from './established.ts';
import { Incoming } from './incoming.ts';
import { Redirects } from './redirects.ts';

/** As the launcher has left them (native-helpers/launch/launch.c). */
const NETFILTER_FD = 3;
const SOCK_DIAG_FD = 4;

/** Throws when this process was not started as an incoming agent is. */
export function incomingServices(resolvConf: string, hosts: string): (session: ServedSession) => Services {
  const slot = slotOfGroup(process.getegid?.() ?? 0);
  if (slot === null) throw new Error('an incoming agent needs a group of its own');
  const redirects = new Redirects(new NetlinkSocket(NETFILTER_FD), slot);
  const established = new Established(new NetlinkSocket(SOCK_DIAG_FD));
  const incoming = new Incoming(redirects, established, new Places(FLOW_LIMIT));
  return (session) => {
    session.onLost = () => incoming.lost(session);
    session.onResumed = () => incoming.resumed(session);
    session.onEnded = () => incoming.ended(session);
    return {
      [KIND.info]: answerInfo(() => agentInfo(resolvConf, hosts)),
      [KIND.subscribe]: answerIncoming((mux, wish) =>
        incoming.subscribe({ session, offer: (port, ends) => offerIncoming(mux, port, ends) }, wish),
      ),
    };
  };
}
