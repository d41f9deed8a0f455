/**
 * Ranges out of single addresses, for clusters that do not say what their ranges are.  Pure.
 *
 * A range that is too narrow leaves something unreachable, and grows when more is seen; one that is too wide takes
 * addresses away that belong to others.  So guesses stay within what clusters are really given.
 */
import { cidrContains, mergeRanges, parseAddress, parseCidr, type AddressBytes, type Cidr } from '../../net/index.ts';

/** kubeadm's default and the largest service range in practice; for IPv6 the largest that Kubernetes takes (/108). */
const WIDEST_SERVICES = { 4: 12, 16: 108 } as const;
/**
 * What is taken around a lone ClusterIP: the /16 of private space that EKS, AKS, OpenShift and k3s use; in public space
 * (GKE lends 34.118.224.0/20 to all) no more than that provider does; IPv6 services are the like of /112.
 */
const SERVICE_BLOCK = { private: 16, public: 20, v6: 112 } as const;
/**
 * What is taken around a pod: a node's usual share, or less when an address of a node lies in it (cloud networks number
 * nodes and pods alike), down to the address alone.
 */
const POD_BLOCKS = { 4: [24, 26, 28, 30, 32], 16: [64, 80, 96, 112, 120, 128] } as const;

/** RFC 1918, RFC 6598 (shared address space, which clusters use as private). */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'].map((text) => parseCidr(text)!);

/** Service ranges that hold these ClusterIPs. */
export function inferServiceRanges(clusterIps: readonly string[]): Cidr[] {
  const addresses = parsed(clusterIps);
  return ([4, 16] as const).flatMap((length) => {
    const family = addresses.filter((address) => address.length === length);
    if (family.length === 0) return [];
    const blocks = family.map((address) => block(address, serviceBlock(address)));
    const prefix = commonPrefix(blocks.map((cidr) => cidr.address));
    // Far apart: two ranges, or a stray; each address keeps its own block.
    if (prefix < WIDEST_SERVICES[length]) return mergeRanges(blocks);
    return [block(family[0], Math.min(prefix, blocks[0].prefix))];
  });
}

/** Ranges for the pods that `known` does not cover; no address of a node is in any of them. */
export function coverPods(podIps: readonly string[], nodeIps: readonly string[], known: readonly Cidr[]): Cidr[] {
  const nodes = parsed(nodeIps);
  const found: Cidr[] = [];
  for (const address of parsed(podIps)) {
    const isCovered = (ranges: readonly Cidr[]): boolean => ranges.some((range) => cidrContains(range, address));
    if (isCovered(known) || isCovered(found)) continue;
    for (const prefix of POD_BLOCKS[address.length === 4 ? 4 : 16]) {
      const candidate = block(address, prefix);
      if (nodes.some((node) => cidrContains(candidate, node))) continue;
      found.push(candidate);
      break;
    }
  }
  return mergeRanges(found);
}

function serviceBlock(address: AddressBytes): number {
  if (address.length === 16) return SERVICE_BLOCK.v6;
  return PRIVATE.some((range) => cidrContains(range, address)) ? SERVICE_BLOCK.private : SERVICE_BLOCK.public;
}

function block(address: AddressBytes, prefix: number): Cidr {
  const masked = address.map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - i * 8))));
  return { address: masked, prefix };
}

/** Number of leading bits that all addresses share. */
function commonPrefix(addresses: readonly AddressBytes[]): number {
  const first = addresses[0];
  let bits = first.length * 8;
  for (const address of addresses) {
    for (let i = 0; i < first.length && i * 8 < bits; i++) {
      const difference = first[i] ^ address[i];
      if (difference !== 0) bits = Math.min(bits, i * 8 + Math.clz32(difference) - 24);
    }
  }
  return bits;
}

function parsed(texts: readonly string[]): AddressBytes[] {
  return texts.flatMap((text) => parseAddress(text) ?? []);
}
