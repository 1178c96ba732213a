/**
 * Containers in shapes that the rules were not written from: as Rails, Django, Celery, PostgreSQL and
 * HTTP clients print them. Frozen, like the secrets.
 */
import type { Container } from "./material.ts";

const json = (value: unknown): string => JSON.stringify(value);
const ruby = (text: string): string =>
  json(text).replaceAll("#{", "\\#{").replaceAll("#@", "\\#@").replaceAll("#$", "\\#$");
const python = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
const symbol = (key: string): string => key.replaceAll(/[-.]/g, "_");
const variable = (key: string): string => symbol(key).toUpperCase();
const percent = (text: string): string => encodeURIComponent(text);

const shape = (language: string, name: string, wrap: Container["wrap"]): Container => ({
  language,
  name,
  plain: true,
  wrap,
});
/** Values there are percent-encoded, so only a key can tell them. */
const keyed = (name: string, wrap: Container["wrap"]): Container => ({ language: "any", name, wrap });

export const unseenContainers: readonly Container[] = [
  shape("any", "JSON, nested log record", (key, secret, around) =>
    json({
      "@timestamp": "2026-11-21T02:00:00.000Z",
      log: { level: "info" },
      context: [{ note: around, data: { [key]: secret } }],
    }),
  ),
  shape("any", "JSON, indented", (key, secret, around) =>
    JSON.stringify({ request: { [key]: secret, note: around } }, null, 2),
  ),
  shape(
    "any",
    "JSON in logfmt",
    (key, secret, around) =>
      `level=info msg=${json(`saved ${around}`)} payload=${json(json({ [key]: secret }))}`,
  ),
  shape(
    "any",
    "JSON in a Ruby string",
    (key, secret, around) => `Faraday::ClientError body: ${ruby(json({ note: around, [key]: secret }))}`,
  ),
  shape(
    "any",
    "JSON, cut in a string",
    (key, secret, around) => `${json(json({ note: around, [key]: secret })).slice(0, -5)}...`,
  ),
  shape(
    "any",
    "logfmt, quoted",
    (key, secret, around) =>
      `ts=2026-11-21T02:00:00Z ${symbol(key)}=${json(secret)} note=${json(around)} caller=main.go:31`,
  ),
  shape(
    "any",
    "key and value of a client log",
    (key, secret, around) => `request: ${key}: ${json(secret)} (${around})`,
  ),
  shape(
    "any",
    "header of curl",
    (key, secret, around) => `> POST /v1 HTTP/2\n> ${key}: ${secret}\n> x-note: ${around}\n>`,
  ),
  shape(
    "any",
    "header, written out",
    (key, secret, around) => `-> "GET / HTTP/1.1\\r\\n${key}: ${secret}\\r\\nX-Note: ${around}\\r\\n\\r\\n"`,
  ),
  shape(
    "any",
    "YAML of a secret",
    (key, secret, around) =>
      `kind: Secret\nmetadata:\n  note: ${around}\nstringData:\n  ${key}: ${json(secret)}\n`,
  ),
  shape(
    "any",
    "YAML list of variables",
    (key, secret, around) =>
      `env:\n  - name: ${variable(key)}\n    value: ${json(secret)}\n  - name: NOTE\n    value: ${around}\n`,
  ),
  shape(
    "any",
    "environment of a unit",
    (key, secret, around) => `Environment="${variable(key)}=${secret}" "NOTE=${around}"`,
  ),
  shape(
    "any",
    "command with variable",
    (key, secret, around) => `+ docker run -e ${variable(key)}=${secret} -e NOTE='${around}' app:4`,
  ),
  shape("any", "properties", (key, secret, around) => `# ${around}\n${key} = ${secret}\nport = 5432\n`),
  shape(
    "any",
    "SQL where",
    (key, secret, around) =>
      `SELECT * FROM accounts WHERE note = '${around}' AND ${symbol(key)} = '${secret}' LIMIT 1`,
  ),
  shape(
    "any",
    "SQL binds",
    (key, secret, around) =>
      `User Load (0.4ms)  SELECT 1  [["note", ${json(around)}], ["${symbol(key)}", ${json(secret)}]]`,
  ),
  shape(
    "any",
    "SQL insert of two rows",
    (key, secret, around) =>
      `INSERT INTO "people" ("note", "${symbol(key)}", "age") VALUES ('${around}', '${secret}', 4), ('x', '${secret}', 5) RETURNING "id"`,
  ),
  shape(
    "any",
    "PostgreSQL detail",
    (key, secret, around) =>
      `PG::UniqueViolation: ERROR: duplicate key (${around})\nDETAIL:  Key (${symbol(key)})=(${secret}) already exists.`,
  ),
  shape("any", "XML attribute", (key, secret, around) => `<login note="${around}" ${key}="${secret}"/>`),
  shape(
    "any",
    "syslog, structured",
    (key, secret, around) =>
      `<13>1 2026-11-21T02:00:00Z web1 app 7 - [req@1 ${symbol(key)}="${secret}" note="${around}"] done`,
  ),
  keyed(
    "query, second",
    (key, secret, around) =>
      `Started GET "/cb?note=${percent(around)}&${percent(key)}=${percent(secret)}" for 127.0.0.1`,
  ),
  keyed(
    "fragment",
    (key, secret, around) =>
      `Location: https://app.example/cb#note=${percent(around)}&${percent(key)}=${percent(secret)}`,
  ),
  keyed(
    "form in a Python log",
    (key, secret, around) => `send: b'${percent(key)}=${percent(secret)}&note=${percent(around)}'`,
  ),
  keyed(
    "JSON, percent-encoded",
    (key, secret, around) => `note=${percent(around)}&state=${percent(json({ [key]: secret }))}`,
  ),
  shape(
    "Ruby",
    "parameters of Rails",
    (key, secret, around) =>
      `  Parameters: {"user"=>{"note"=>${ruby(around)}, "${key}"=>${ruby(secret)}}, "commit"=>"Save"}`,
  ),
  shape(
    "Ruby",
    "hash of Ruby 3.4",
    (key, secret, around) => `{"note" => ${ruby(around)}, "${key}" => ${ruby(secret)}, id: 3}`,
  ),
  shape(
    "Ruby",
    "job arguments",
    (key, secret, around) =>
      `Performing ImportJob (Job ID: 3) from DelayedJob(default) with arguments: 7, {:note=>${ruby(around)}, :${symbol(key)}=>${ruby(secret)}}`,
  ),
  shape(
    "Ruby",
    "serialized arguments",
    (key, secret, around) =>
      `--- !ruby/object:ActiveJob::QueueAdapters::DelayedJobAdapter::JobWrapper\njob_data:\n  job_class: ImportJob\n  arguments:\n  - ${key}: ${json(secret)}\n    note: ${around}\n    _aj_ruby2_keywords:\n    - note\n`,
  ),
  shape(
    "Ruby",
    "handler in an error",
    (key, secret, around) =>
      `Job failed to load: uninitialized constant Old. Handler: ${ruby(`--- !ruby/object:Delayed::PerformableMethod\nobject: !ruby/object:User\n  attributes:\n    note: ${around}\n    ${symbol(key)}: ${secret.includes(" ") ? `'${secret}'` : json(secret)}\nmethod_name: :go\nargs: []\n`)}`,
  ),
  shape(
    "Ruby",
    "struct",
    (key, secret, around) => `#<struct Login note=${ruby(around)}, ${symbol(key)}=${ruby(secret)}>`,
  ),
  shape(
    "Ruby",
    "object of objects",
    (key, secret, around) =>
      `#<Api:0x0000 @config=#<Config:0x0001 @note=${ruby(around)}, @${symbol(key)}=${ruby(secret)}>, @n=1>`,
  ),
  shape(
    "Ruby",
    "environment of Rack",
    (key, secret, around) =>
      `{"REQUEST_METHOD"=>"POST", "NOTE"=>${ruby(around)}, "HTTP_${variable(key)}"=>${ruby(secret)}}`,
  ),
  shape(
    "Ruby",
    "inspect, cut",
    (key, secret, around) => `perform({"note"=>${ruby(around)}, "${key}"=>${ruby(secret).slice(0, -1)}`,
  ),
  shape("Python", "arguments of Celery", (key, secret, around) =>
    json({
      task: "app.pay",
      args: "(7,)",
      kwargs: `{'note': ${python(around)}, ${python(key)}: ${python(secret)}}`,
    }),
  ),
  shape(
    "Python",
    "return value of Celery",
    (key, secret, around) =>
      `Task app.pay[1f] succeeded in 0.1s: {'note': ${python(around)}, 'user': {${python(key)}: ${python(secret)}}}`,
  ),
  shape(
    "Python",
    "dataclass",
    (key, secret, around) => `Login(note=${python(around)}, ${symbol(key)}=${python(secret)}, attempts=2)`,
  ),
  shape(
    "Python",
    "bytes",
    (key, secret, around) => `{b'note': b${python(around)}, b${python(key)}: b${python(secret)}}`,
  ),
  shape(
    "Python",
    "ordered dict",
    (key, secret, around) =>
      `OrderedDict([('note', ${python(around)}), (${python(key)}, ${python(secret)})])`,
  ),
  shape(
    "Python",
    "locals in a frame",
    (key, secret, around) =>
      `│ ╭──── locals ────╮ │\n│ │ note = ${python(around)} │ │\n│ │ ${symbol(key)} = ${python(secret)} │ │`,
  ),
  shape(
    "Python",
    "structlog",
    (key, secret, around) =>
      `2026-11-21 02:00:00 [info     ] saved    note=${python(around)} ${symbol(key)}=${python(secret)}`,
  ),
  shape(
    "Python",
    "repr, cut",
    (key, secret, around) => `{'note': ${python(around)}, ${python(key)}: ${python(secret).slice(0, -1)}`,
  ),
];
