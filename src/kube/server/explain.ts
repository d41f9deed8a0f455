/** Why the API server could not be reached, told apart and in plain words. */
import { MirrordError } from '../../errors.ts';
import { reasonOf } from '../kubeconfig/file.ts';

/** OpenSSL's and Node's verdicts on a certificate, and what each asks of the user. */
const CERTIFICATE_FAULTS: Readonly<Record<string, readonly [string, string]>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['it is signed by an authority that the kubeconfig does not name', 'authority'],
  SELF_SIGNED_CERT_IN_CHAIN: ['its authority is self-signed and not the one in the kubeconfig', 'authority'],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['it is self-signed', 'authority'],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['it is signed by an authority that the kubeconfig does not name', 'authority'],
  CERT_SIGNATURE_FAILURE: ['it was not signed by the authority in the kubeconfig', 'authority'],
  CERT_HAS_EXPIRED: ['it has expired', 'clock'],
  CERT_NOT_YET_VALID: ['it is not valid yet', 'clock'],
  ERR_TLS_CERT_ALTNAME_INVALID: ['it is for other names', 'name'],
};

const CERTIFICATE_HELP: Readonly<Record<string, string>> = {
  authority:
    'certificate-authority-data of the kubeconfig belongs to another (or an older) cluster: download the kubeconfig again.',
  clock: "Check this machine's clock. If it is right, the cluster's certificates must be renewed.",
  name: 'Use one of these names as server, or set tls-server-name in the kubeconfig.',
};

/** `target`: how the address is called in the message, with the proxy when there is one. */
export function explainConnectFailure(error: unknown, target: string): MirrordError {
  if (error instanceof MirrordError) return error;
  const code = codeOf(error);
  const fail = (name: string, text: string, help: string): MirrordError =>
    new MirrordError('cluster', name, text, { help, cause: error });
  const fault = CERTIFICATE_FAULTS[code];
  if (fault !== undefined) {
    const names = code === 'ERR_TLS_CERT_ALTNAME_INVALID' ? ` (${reasonOf(error)})` : '';
    const text = `the certificate of ${target} is not trusted: ${fault[0]}${names}`;
    return fail('api-certificate', text, CERTIFICATE_HELP[fault[1]]);
  }
  switch (code) {
    case 'ECONNREFUSED':
      return fail('api-refused', `${target} refuses the connection: nothing listens there`, 'Is the cluster running?');
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_FAIL':
      return fail('api-unresolved', `the name of ${target} cannot be resolved`, 'Check the name, the DNS and the VPN.');
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return fail('api-unreachable', `there is no route to ${target} (${code})`, 'Check the network and the VPN.');
    case 'ETIMEDOUT':
      return fail('api-timeout', `${target} does not answer`, 'Check the VPN, and the firewall of the cluster.');
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return fail('api-tls', `${target} does not speak TLS`, 'Should the address start with http://?');
    case 'ECONNRESET':
    case 'EPIPE':
      return fail('api-reset', `${target} closed the connection`, 'Check the proxies and load balancers in between.');
  }
  return fail(
    'api-unreachable',
    `${target} cannot be reached: ${reasonOf(error)}`,
    'Does `kubectl cluster-info` work?',
  );
}

/** The code that says most: of a happy-eyeballs failure, that of its first attempt. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  if (!(error instanceof Error)) return '';
  if (error.name === 'TimeoutError') return 'ETIMEDOUT';
  return (error as NodeJS.ErrnoException).code ?? '';
}
