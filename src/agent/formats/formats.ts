/** The formats that a log file may be said to have, by name. */
import { accessFormat } from "./access.ts";
import { celeryFormat } from "./celery.ts";
import type { LogFormat } from "./format.ts";
import { jsonFormat } from "./json.ts";
import { nginxFormat } from "./nginx.ts";
import { plainFormat } from "./plain.ts";
import { pumaFormat } from "./puma.ts";
import { railsFormat } from "./rails.ts";
import { syslogFormat } from "./syslog.ts";

export const formats: ReadonlyMap<string, LogFormat> = new Map(
  [
    accessFormat,
    celeryFormat,
    jsonFormat,
    nginxFormat,
    plainFormat,
    pumaFormat,
    railsFormat,
    syslogFormat,
  ].map((format) => [format.name, format]),
);
