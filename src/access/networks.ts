/** Networks in CIDR, as keys are bound to them. */
import { BlockList, isIP } from "node:net";
import { Fault } from "../model/fault.ts";

/** The same in its plain form; throws `BAD_REQUEST` for what is none. */
export function readNetwork(text: string): string {
  const [address = "", bits, ...more] = text.trim().split("/");
  const version = isIP(address);
  const most = version === 6 ? 128 : 32;
  const length = bits === undefined ? most : Number(bits);
  if (version === 0 || more.length > 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits)) || length > most) {
    throw new Fault("BAD_REQUEST", `\`${text}\` is no address and no network such as 10.1.0.0/16.`);
  }
  return `${address}/${length}`;
}

export function isInNetworks(address: string, networks: readonly string[]): boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [base = "", bits] = network.split("/");
    list.addSubnet(base, Number(bits), isIP(base) === 6 ? "ipv6" : "ipv4");
  }
  // What comes over IPv4 may be written as IPv6.
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, "");
  return list.check(plain, isIP(plain) === 6 ? "ipv6" : "ipv4");
}
