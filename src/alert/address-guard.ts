/**
 * Which addresses a channel may connect to. A name is looked up here, its addresses are checked,
 * and the connection goes to an address that was checked: a name that answers differently the
 * second time leads nowhere else. Private and loopback addresses are allowed, because receivers
 * stand there; those where a cloud keeps credentials of the machine are not.
 */
import { lookup } from "node:dns/promises";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { Fault } from "../model/fault.ts";

type Range = readonly [network: string, prefix: number, family: "ipv4" | "ipv6"];

/** Link-local addresses (RFC 3927, RFC 4291), clouds' metadata services, and what is no single machine. */
const deniedRanges: readonly Range[] = [
  ["0.0.0.0", 8, "ipv4"],
  ["169.254.0.0", 16, "ipv4"],
  ["100.100.100.200", 32, "ipv4"],
  ["168.63.129.16", 32, "ipv4"],
  ["192.0.0.192", 32, "ipv4"],
  ["224.0.0.0", 4, "ipv4"],
  ["255.255.255.255", 32, "ipv4"],
  ["::", 128, "ipv6"],
  ["fe80::", 10, "ipv6"],
  ["fd00:ec2::254", 128, "ipv6"],
  ["fd20:ce::254", 128, "ipv6"],
  ["ff00::", 8, "ipv6"],
  // IPv4 in IPv6 by translation (RFC 6052): 169.254.0.0/16 and the services above.
  ["64:ff9b::a9fe:0", 112, "ipv6"],
  ["64:ff9b::6464:64c8", 128, "ipv6"],
  ["64:ff9b::a83f:8110", 128, "ipv6"],
];

export type CheckedAddress = { readonly address: string; readonly family: 4 | 6 };

export class AddressRefused extends Error {}

export type AddressGuard = {
  /** The addresses of a host that may be connected to; at least one. Throws `AddressRefused`. */
  readonly addressesOf: (host: string) => Promise<readonly CheckedAddress[]>;
};

/** `allowed` are networks such as `169.254.10.0/24` that are used all the same. Throws `CONFIG_INVALID`. */
export function makeAddressGuard(allowed: readonly string[]): AddressGuard {
  const denied = new BlockList();
  for (const range of deniedRanges) denied.addSubnet(...range);
  const excepted = new BlockList();
  for (const text of allowed) excepted.addSubnet(...readNetwork(text));
  const mayCall = ({ address, family }: CheckedAddress): boolean => {
    const form = family === 4 ? "ipv4" : "ipv6";
    return !denied.check(address, form) || excepted.check(address, form);
  };
  return {
    async addressesOf(host) {
      const plain = host.replace(/^\[(.*)\]$/, "$1");
      const family = isIP(plain);
      const found =
        family === 0 ? await lookup(plain, { all: true, verbatim: true }) : [{ address: plain, family }];
      const checked = (found as readonly CheckedAddress[]).filter(mayCall);
      if (checked.length > 0) return checked;
      throw new AddressRefused(
        "it leads to a link-local address or a metadata service; `allowed_networks` can allow it",
      );
    },
  };
}

/** For `net.connect` and its like: leads to the checked addresses, whatever is asked for. */
export function lookupOf(addresses: readonly CheckedAddress[]): LookupFunction {
  const [first] = addresses;
  return (_host, { all }, callback) => {
    if (all) callback(null, [...addresses]);
    else callback(null, first?.address ?? "", first?.family ?? 4);
  };
}

function readNetwork(text: string): Range {
  const [network = "", prefix = ""] = text.split("/");
  const family = isIP(network);
  const bits = prefix === "" ? (family === 4 ? 32 : 128) : Number(prefix);
  if (family === 0 || !Number.isInteger(bits) || bits < 0 || bits > (family === 4 ? 32 : 128)) {
    throw new Fault("CONFIG_INVALID", `\`${text}\` is no network; expected one such as 169.254.10.0/24`);
  }
  return [network, bits, family === 4 ? "ipv4" : "ipv6"];
}
