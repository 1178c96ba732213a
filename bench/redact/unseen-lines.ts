/**
 * Whole credentials in their lines, and harmless lines, of kinds that the rules were not written from.
 * Frozen, like the secrets.
 */
import { pick, type Random } from "./material.ts";
import { draw } from "./unseen-secrets.ts";

/** Lines of which the secret is a whole credential; `draw` makes it, `line` places it. */
export type Credential = {
  readonly name: string;
  readonly make: (random: Random) => string;
  readonly line: (secret: string, around: string) => string;
};

const mixed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const password = (random: Random): string => draw(random, `${mixed}!$*~`, 15);
const secretOf =
  (length: number) =>
  (random: Random): string =>
    draw(random, mixed, length);
const basic = (random: Random): string => Buffer.from(`svc:${draw(random, mixed, 16)}`).toString("base64");

export const credentials: readonly Credential[] = [
  {
    name: "PostgreSQL DSN",
    make: password,
    line: (secret, around) =>
      `connecting (${around}) host=db1 user=app password=${secret} dbname=shop sslmode=require`,
  },
  {
    name: "JDBC",
    make: password,
    line: (secret, around) =>
      `${around}: jdbc:postgresql://db1:5432/shop?user=app&password=${secret}&ssl=true`,
  },
  {
    name: "ADO",
    make: password,
    line: (secret, around) =>
      `${around} Server=tcp:db1,1433;Database=shop;User ID=app;Password=${secret};Encrypt=True;`,
  },
  {
    name: "Azure storage",
    make: (random) => `${draw(random, `${mixed}+/`, 86)}==`,
    line: (secret, around) =>
      `${around} DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=${secret};EndpointSuffix=core.windows.net`,
  },
  {
    name: "Service bus",
    make: (random) => `${draw(random, mixed, 43)}=`,
    line: (secret, around) =>
      `${around} Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=${secret}`,
  },
  {
    name: "Redis URL",
    make: password,
    line: (secret, around) => `Cannot connect to redis://:${secret}@cache:6379/0: ${around}`,
  },
  {
    name: "AMQP URL",
    make: password,
    line: (secret, around) => `[ERROR] consumer: Cannot connect to amqp://app:${secret}@mq:5672//: ${around}`,
  },
  {
    name: "Mongo URL",
    make: secretOf(22),
    line: (secret, around) =>
      `MONGO_URL=mongodb+srv://app:${secret}@c0.abc.mongodb.net/shop?retryWrites=true # ${around}`,
  },
  {
    name: "password with at sign",
    make: (random) => `${draw(random, mixed, 6)}@${draw(random, mixed, 8)}`,
    line: (secret, around) => `mysql2://root:${secret}@db1/shop ${around}`,
  },
  {
    name: "SQLAlchemy URL",
    make: password,
    line: (secret, around) => `create_engine('mysql+pymysql://app:${secret}@db1/shop') # ${around}`,
  },
  {
    name: "token as user",
    make: secretOf(40),
    line: (secret, around) => `Cloning into https://${secret}@git.example.com/a/b.git ${around}`,
  },
  {
    name: "Authorization in Rack",
    make: secretOf(40),
    line: (secret, around) => `{"HTTP_AUTHORIZATION"=>"Bearer ${secret}", "HTTP_X_NOTE"=>"${around}"}`,
  },
  {
    name: "Authorization in Django",
    make: secretOf(40),
    line: (secret, around) => `{'HTTP_AUTHORIZATION': 'Token ${secret}', 'NOTE': '${around}'}`,
  },
  {
    name: "Basic in curl",
    make: basic,
    line: (secret, around) => `> Authorization: Basic ${secret}\n> X-Note: ${around}`,
  },
  {
    name: "Basic in Python",
    make: basic,
    line: (secret, around) =>
      `send: b'GET / HTTP/1.1\\r\\nAuthorization: Basic ${secret}\\r\\nX-Note: ${around}\\r\\n'`,
  },
  {
    name: "Proxy-Authorization",
    make: basic,
    line: (secret, around) => `Proxy-Authorization: Basic ${secret}\r\nX-Note: ${around}`,
  },
  {
    name: "signature of AWS",
    make: (random) => draw(random, "0123456789abcdef", 64),
    line: (secret, around) =>
      `Authorization: AWS4-HMAC-SHA256 Credential=AKIDX/20261121/eu/s3/aws4_request, SignedHeaders=host, Signature=${secret}\nX-Note: ${around}`,
  },
  {
    name: "presigned URL",
    make: (random) => draw(random, "0123456789abcdef", 64),
    line: (secret, around) =>
      `PUT https://b.s3.amazonaws.com/k?X-Amz-Expires=300&X-Amz-Signature=${secret}&x-id=PutObject ${around}`,
  },
  {
    name: "shared access signature",
    make: (random) => `${draw(random, mixed, 43)}%3D`,
    line: (secret, around) =>
      `https://x.blob.core.windows.net/c/f?sv=2024-01-01&se=2026-12-01&sr=b&sp=r&sig=${secret} ${around}`,
  },
  {
    name: "session cookie of Rails",
    make: secretOf(120),
    line: (secret, around) => `Cookie: locale=de; _shop_session=${secret}--x%3D\nX-Note: ${around}`,
  },
  {
    name: "set cookie",
    make: secretOf(48),
    line: (secret, around) =>
      `< Set-Cookie: sessionid=${secret}; Path=/; HttpOnly; SameSite=Lax\n< X-Note: ${around}`,
  },
  {
    name: "cookie in Rack",
    make: secretOf(64),
    line: (secret, around) =>
      `{"HTTP_COOKIE"=>"remember_user_token=${secret}; theme=dark", "NOTE"=>"${around}"}`,
  },
  {
    name: "cookies of requests",
    make: secretOf(32),
    line: (secret, around) => `<RequestsCookieJar[<Cookie sessionid=${secret} for shop.example/>]> ${around}`,
  },
  {
    name: "mysql command",
    make: secretOf(14),
    line: (secret, around) => `Command 'mysqldump -h db1 -u root -p${secret} shop' failed: ${around}`,
  },
  {
    name: "redis-cli command",
    make: secretOf(20),
    line: (secret, around) => `redis-cli -h cache -a ${secret} ping # ${around}`,
  },
  {
    name: "curl user",
    make: secretOf(16),
    line: (secret, around) => `curl -s -u deploy:${secret} https://ci.example/job # ${around}`,
  },
  {
    name: "curl header",
    make: secretOf(40),
    line: (secret, around) => `curl -H 'X-Api-Key: ${secret}' https://api.example # ${around}`,
  },
  {
    name: "netrc",
    make: secretOf(18),
    line: (secret, around) => `machine api.example.com login app password ${secret} # ${around}`,
  },
  {
    name: "Docker auth",
    make: basic,
    line: (secret, around) => `{"auths":{"ghcr.io":{"auth":"${secret}"}},"note":"${around}"}`,
  },
  {
    name: "PEM, escaped",
    make: (random) => draw(random, `${mixed}+/`, 128),
    line: (secret, around) =>
      `{"note":"${around}","key":"-----BEGIN EC PRIVATE KEY-----\\n${secret}\\n-----END EC PRIVATE KEY-----\\n"}`,
  },
  {
    name: "PEM, cut",
    make: (random) => draw(random, `${mixed}+/`, 64),
    line: (secret, around) => `${around} -----BEGIN OPENSSH PRIVATE KEY-----\n${secret}`,
  },
  {
    name: "base64 of JSON",
    make: (random) =>
      Buffer.from(JSON.stringify({ user: "app", password: draw(random, mixed, 16) })).toString("base64"),
    line: (secret, around) => `state=${secret} ${around}`,
  },
  {
    name: "unicode escapes",
    make: secretOf(16),
    line: (secret, around) => `{"\\u0070assword":"${secret}","note":"${around}"}`,
  },
  {
    name: "SQL user",
    make: secretOf(16),
    line: (secret, around) => `ALTER ROLE app WITH LOGIN PASSWORD '${secret}'; -- ${around}`,
  },
];

/** Harmless lines of kinds that no rule was written for. */
export function unseenHarmlessLine(random: Random): string {
  const number = (max: number): number => Math.floor(random() * max);
  const hex = (length: number): string => draw(random, "0123456789abcdef", length);
  const id = `${hex(8)}-${hex(4)}-7${hex(3)}-8${hex(3)}-${hex(12)}`;
  const kinds: readonly (() => string)[] = [
    () => `sidekiq ${number(99)}: uuid=${id} class=TokenCleanupJob elapsed=0.${number(999)} status=done`,
    () =>
      `[worker(host:web${number(9)} pid:${number(99_999)})] Job PasswordExpiryReminder (id=${number(99_999)}) (queue=default) COMPLETED after 0.${number(9999)}`,
    () =>
      `Completed 401 Unauthorized in ${number(90)}ms (ActiveRecord: ${number(9)}.${number(9)}ms | Allocations: ${number(9999)})`,
    () => `Redirected to https://shop.example/users/password/new?locale=de after ${number(9)} attempts`,
    () =>
      `celery.beat: Scheduler: Sending due task rotate-secrets (billing.rotate_secrets) slot ${number(99)}`,
    () =>
      `migration 2026${10 + number(2)}${10 + number(18)}${100_000 + number(99_999)} AddTokenDigestToApiKeys: migrated (0.0${number(999)}s)`,
    () => `warning: key "session" is duplicated and overwritten on line ${number(999)}`,
    () =>
      `{"msg":"rate limit","tokens":${number(999)},"key":"ip:route:${number(99)}","window_s":60,"remaining":${number(60)}}`,
    () => `Digest::SHA256 ${hex(64)}  shop-${number(9)}.${number(30)}.tar.gz`,
    () =>
      `gem install bcrypt-${number(4)}.${number(2)}.${number(20)} jwt-2.${number(9)}.0 devise_token_auth-1.${number(3)}.0 (${number(99)} s)`,
    () => `KeyError: 'api_key' in settings.py:${number(400)}; have ['host', 'port', 'timeout']`,
    () => `undefined method 'token' for nil:NilClass (app/models/session.rb:${number(200)})`,
    () =>
      `Cache hit: views/products/${number(99_999)}-2026112${number(9)}${number(9)}/${hex(32)} (0.${number(9)}ms)`,
    () => `ETag: W/"${hex(32)}" If-None-Match matched, 304 in ${number(9)}ms`,
    () =>
      `order=${number(999_999)} amount=${number(9999)}.${10 + number(89)} card_brand=visa last4=${1000 + number(8999)} authorized=true`,
    () => `Delivered mail ${hex(12)}@web${number(9)}.internal.local (${number(900)}ms)`,
    () =>
      `pid=${number(99_999)} tid=${draw(random, "abcdefghijklmnop0123", 4)} threads=[${number(5)}, ${number(5)}] backlog=${number(9)}`,
    () =>
      `nginx: 10.${number(255)}.${number(255)}.${number(255)} "GET /assets/application-${hex(64)}.js HTTP/2.0" 200 ${number(99_999)}`,
    () => `docker: sha256:${hex(64)} pulled registry.example/app:v${number(99)}`,
    () =>
      `kubelet: pod shop-worker-${hex(10)}-${draw(random, "bcdfghjklmnp", 5)} secret "shop-env" mounted in ${number(9)}.${number(9)}s`,
    () => `credentials for job ${number(999)} are refreshed every ${number(60)} minutes`,
    () => `authentication took ${number(90)}ms; password check skipped: sso`,
    () =>
      `pg: checkpoint complete: wrote ${number(9999)} buffers (${number(9)}.${number(9)}%); ${number(3)} WAL file(s) added; lsn=${hex(1)}/${hex(8).toUpperCase()}`,
    () => `slot 2026-03-29T02:30:00[Europe/Zurich] skipped, next 2026-03-30T02:30:00+02:00 (${number(99)})`,
    () => `trace ${hex(32)} span ${hex(16)} parent ${hex(16)} kind=server dur=${number(999)}us`,
    () =>
      `Imported ${number(9999)} contacts, phone column missing in ${number(99)}, email column empty in ${number(99)}`,
    () => `tel aviv warehouse: ${number(999)} cartons; pin ${number(9)} of connector J${number(9)} is low`,
    () => `tokenizer loaded vocab=${number(99_999)} merges=${number(99_999)} special_tokens=['<s>', '</s>']`,
    () =>
      `ISBN 978-3-16-${100_000 + number(899_999)}-${number(9)} reserved, sku ${draw(random, "ABCDEFGH", 3)}-${number(9999)}-${number(99)}`,
    () =>
      `backup of shop-2026-11-${10 + number(18)}.dump: ${number(99)} GiB, wal ${hex(24).toUpperCase()}, took ${number(99)}m`,
    () => `  app/services/auth/password_policy.rb:${number(99)}:in 'Auth::PasswordPolicy#check!'`,
    () =>
      `lat=47.${100_000 + number(899_999)} lon=8.${100_000 + number(899_999)} acc=${number(30)}m device=sensor-${number(9999)}`,
  ];
  return pick(random, kinds)();
}
