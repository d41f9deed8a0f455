/** What the demo does once the session is up, in order: the picture of it (docs/demo.svg) is compared with this. */

export type Act =
  | { readonly say: string }
  /** `shown` is what the reader sees of a line for the shell, where that is shorter; its output must match `promise`. */
  | { readonly run: string; readonly shown: string; readonly promise: RegExp };

export interface Props {
  /** Paths of a Node, of `bin/mirrord`, and of a static binary. */
  readonly node: string;
  readonly mirrord: string;
  readonly binary: string;
  /** A service that speaks first, as `HOST PORT`. */
  readonly greeting: string;
  /** IPv4 address of payment-service. */
  readonly address: string;
}

const URL = 'http://payment-service:8080/';

/** Before there is a session. */
export const BEFORE = act(`curl -sS -m 2 ${URL}`, /Could not resolve/);

export function acts({ node, mirrord, binary, greeting, address }: Props): readonly Act[] {
  const fetch = `fetch("${URL}").then(r => r.text()).then(t => console.log(t.trim()))`;
  const python = `import urllib.request as u; print(u.urlopen("${URL}").read().decode().strip())`;
  return [
    { say: 'Any program now reaches services and pods by name, unchanged:' },
    act(`curl -sS -m 5 ${URL}`, /^payment-service at/),
    act(`'${node}' -e '${fetch}'`, /^payment-service at/, `node -e '${fetch}'`),
    act(`python3 -c '${python}'`, /^payment-service at/),
    act(`nc -w 1 ${greeting} </dev/null`, /^\+READY/),
    act('getent hosts payment-service', /\S+ +payment/),
    { say: 'A static binary has no C library to hook into; it is inside all the same:' },
    act(`'${binary}' ${address} 8080`, /payment-service at/, `./static-client ${address} 8080`),
    { say: 'What is not there is told as it is:' },
    act('curl -sS -m 2 http://no-such-service/', /Could not resolve/),
    act(`nc -n -z -v -w 3 ${address} 81`, /refused|No route|timed out/),
    { say: 'The rest of the world stays where it was:' },
    act('curl -sS -m 5 http://www.example.com/', /^the public web at/),
    act(`'${mirrord}' status`, /^default: ready/, 'mirrord status'),
    act(`'${mirrord}' down`, /is down/, 'mirrord down'),
  ];
}

function act(run: string, promise: RegExp, shown: string = run): Extract<Act, { run: string }> {
  return { run, promise, shown };
}
