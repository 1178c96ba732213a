/**
 * Access logs in the common and combined forms, as Puma (Rack::CommonLogger), nginx and Apache
 * write them. The query is left out, and an address that a client claims is not believed: it is
 * kept as what it is, the first column.
 */
import { type LogFormat, monthOf, outcomeOfStatus, pathOf, plain, zoneToMinutes } from "./format.ts";

const line =
  /^(\S{1,64}) \S+ (\S{1,128}) \[(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-]\d{4})\] "([A-Z]{1,16}) (\S{1,8192}) HTTP\/[\d.]{1,3}" (\d{3}) (\d+|-)(.*)$/;
const combined = /^ "((?:[^"\\]|\\.){0,2048})" "((?:[^"\\]|\\.){0,2048})"(?: ([\d.]+))?/;
const seconds = /^ ([\d.]+)$/;

export const accessFormat: LogFormat = {
  name: "access",
  begins: () => true,
  read: (record) => {
    const match = line.exec(record);
    if (!match) return plain(record);
    const [
      ,
      address,
      user,
      day,
      month,
      year,
      hour,
      minute,
      second,
      zone,
      method,
      target,
      status,
      bytes,
      rest,
    ] = match;
    const utcMs = Date.UTC(
      Number(year),
      monthOf(month ?? ""),
      Number(day),
      Number(hour),
      Number(minute),
      Number(second),
    );
    const path = pathOf(target ?? "");
    const extra = combined.exec(rest ?? "");
    const took = seconds.exec(rest ?? "")?.[1] ?? extra?.[3];
    return {
      kind: "http.request",
      micros: (utcMs - zoneToMinutes(zone ?? "") * 60_000) * 1000,
      fields: {
        message: `${method} ${path} ${status}`,
        outcome: outcomeOfStatus(Number(status)),
        severity: Number(status) >= 500 ? "error" : "info",
        ...(took !== undefined && { duration_ms: Math.round(Number(took) * 1e6) / 1000 }),
        ...(user !== "-" && user !== undefined && { actor: user }),
      },
      attributes: {
        method: method ?? "",
        path,
        status: Number(status),
        remote_address: address ?? "",
        ...(bytes !== "-" && { bytes: Number(bytes) }),
        ...(extra?.[2] && extra[2] !== "-" && { user_agent: extra[2] }),
      },
    };
  },
};
