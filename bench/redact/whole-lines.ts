/**
 * Whole lines as Rails, Delayed::Job, Django, Celery, Puma and what stands beside them write them,
 * made up before the rules were looked at. Three kinds of four were worked on after a first run; of
 * every fourth only a count was ever taken, and no rule was changed for it. Frozen.
 */
import type { Random } from "./material.ts";
import { pick } from "./material.ts";
import type { Shapes } from "./unseen.ts";
import { draw } from "./unseen-secrets.ts";

const digits = "0123456789";
const small = "abcdefghijklmnopqrstuvwxyz";
const large = small.toUpperCase();
const alphabets: { readonly [letter: string]: string } = {
  d: digits,
  h: `${digits}abcdef`,
  H: `${digits}ABCDEF`,
  s: small,
  L: large,
  m: `${small}${large}${digits}`,
  w: `${small}${large}${digits}-_`,
  b: `${small}${large}${digits}+/`,
  p: `${small}${large}${digits}!#%*`,
  C: "0123456789ABCDEFGHJKMNPQRSTVWXYZ",
};

/** Replaces `{h40}` with 40 hexadecimal digits, and so on with the other alphabets. */
function fill(random: Random, template: string): string {
  return template.replaceAll(/\{([dhHsLmwbpC])(\d+)\}/g, (_, letter: string, length: string) =>
    draw(random, alphabets[letter] as string, Number(length)),
  );
}

/** A kind of leak: what the secret looks like, and the line with it (`§`) and with text that stays (`¶`). */
type Leak = readonly [secret: string, line: string];

const leaks: readonly Leak[] = [
  // Delayed::Job handlers.
  [
    "{m14}",
    "--- !ruby/object:Delayed::PerformableMethod\nobject: !ruby/class Mailer\nmethod_name: :welcome\nargs:\n- 7\n- password: §\n  note: ¶\n",
  ],
  [
    "{w22}",
    "--- !ruby/object:Delayed::PerformableMethod\nobject: !ruby/object:User\n  raw_attributes:\n    id: 9\n    note: ¶\n    reset_password_token: '§'\n    created_at: 2026-01-02 03:04:05.000000000 Z\nmethod_name: :invite\nargs: []\n",
  ],
  ["{h32}", "--- !ruby/object:SyncJob\napi_key: §\nurl: https://api.example.test/v1\nnote: ¶\n"],
  ["{m18}", '--- !ruby/struct:ImportJob\nbucket: uploads\nsecret_access_key: "§"\nnote: "¶"\n'],
  [
    "{m12}",
    "--- !ruby/object:ActiveJob::QueueAdapters::DelayedJobAdapter::JobWrapper\njob_data:\n  job_class: SignupJob\n  arguments:\n  - _aj_symbol_keys:\n    - passphrase\n    passphrase: §\n    note: ¶\n",
  ],
  ["{m12}", "--- !ruby/hash:ActiveSupport::HashWithIndifferentAccess\nnote: ¶\ndb_password: |-\n  §\nn: 1\n"],
  ["{m20}", "--- !ruby/object:Sftp\nnote: ¶\npwd: &1 §\nport: 22\n"],
  [
    "{m16}",
    "[Worker(host:app1 pid:77)] Job PushJob (id=9) (queue=default) FAILED (0 prior attempts) with RuntimeError: bad credentials client_secret=§ ¶",
  ],
  // Ruby inspect, errors.
  ["{m14}", '#<User id: 1, email: nil, encrypted_password: "§", note: "¶">'],
  ["{m14}", '#<Net::LDAP:0x00007f3c2d8a @host="ldap", @auth={:method=>:simple, :password=>"§"}, @note="¶">'],
  ["{m14}", '#<Faraday::Env @method=:post @body="grant_type=password&username=x&password=§" @note="¶">'],
  ["{m24}", 'KeyError: key not found: :x in {note: "¶", access_token: "§", "y" => 1}'],
  ["{m16}", '#<struct Config user="app", passwd="§", note="¶">'],
  ["{m16}", '#<data Settings smtp_password="§", note="¶">'],
  ["{m16}", 'undefined method `foo\' for {"api_secret"=>"§", "note"=>"¶"}:Hash (NoMethodError)'],
  ["{m16}", 'ArgumentError (unknown keyword: :x; given [1, {"otp_secret"=>"§"}], ¶)'],
  ["{m20}", '{"headers"=>{"X-Api-Key"=>["§"], "Accept"=>["*/*"]}, "note"=>"¶"}'],
  ["{m20}", 'headers: {"Authorization" => "Token token=§", "Note" => "¶"}'],
  // Rails parameters and SQL.
  ["{m12}", '  Parameters: {"utf8"=>"✓", "user"=>{"login"=>"x", "password_confirmation"=>"§"}, "note"=>"¶"}'],
  ["{d6}", '  Parameters: {"otp_attempt"=>"§", "note"=>"¶"}'],
  ["{w43}", '  Parameters: {"authenticity_token"=>"§==", "note"=>"¶", "commit"=>"Save"}'],
  [
    "{m14}",
    '  User Update (0.6ms)  UPDATE "users" SET "password" = $1, "updated_at" = $2 WHERE "users"."id" = $3 /* ¶ */  [["password", "§"], ["updated_at", "2026-01-01 00:00:00"], ["id", 5]]',
  ],
  [
    "{h40}",
    "  Token Load (0.2ms)  SELECT `tokens`.* FROM `tokens` WHERE `tokens`.`access_token` = '§' AND note = '¶' LIMIT 1",
  ],
  ["{m14}", "  User Create (1.1ms)  INSERT INTO `users` (`id`, `note`, `pin_code`) VALUES (NULL, '¶', '§')"],
  [
    "{m20}",
    '(0.001) UPDATE "app_user" SET "api_token" = \'§\' WHERE "app_user"."id" = 4; args=(\'§\', 4); note ¶',
  ],
  [
    "pbkdf2_sha256$870000${m22}${b43}=",
    '(0.002) INSERT INTO "auth_user" ("password", "note") VALUES (\'§\', \'¶\') RETURNING "auth_user"."id"; args=(\'§\', \'¶\')',
  ],
  ["{m16}", "ERROR:  password authentication; STATEMENT:  ALTER ROLE app WITH LOGIN PASSWORD '§' -- ¶"],
  ["{m16}", "LOG:  statement: CREATE USER app IDENTIFIED BY '§' /* ¶ */"],
  // Python.
  ["{m14}", "{'user': 'x', 'password': '§', 'note': '¶'}"],
  ["{m14}", "Account(id=3, secret_key='§', note='¶')"],
  ["{m14}", "<Config note='¶' token='§'>"],
  ["{m14}", "OrderedDict([('note', '¶'), ('client_secret', '§')])"],
  ["{m14}", "defaultdict(<class 'str'>, {'auth_token': '§', 'note': '¶'})"],
  ["{m14}", "SecretHolder(api_key=b'§', note='¶')"],
  [
    "{m14}",
    "Task app.tasks.login[{h8}-{h4}-4{h3}-9{h3}-{h12}] received args=('x',) kwargs={'password': '§', 'note': '¶'}",
  ],
  [
    "{m14}",
    'Traceback (most recent call last):\n  File "/srv/a.py", line 9, in connect\n    client = Client(host, password="§")\nTypeError: ¶\n',
  ],
  [
    "{m18}",
    "  File \"/srv/a.py\", line 4, in f\n    g()\n        db_pass = '§'\n        note = '¶'\n        n = 3\n",
  ],
  ["{m18}", "│ locals │ note = '¶' │ signing_key = '§' │ n = 3 │"],
  ["{m18}", "KeyError: 'x' (settings={'AWS_SECRET_ACCESS_KEY': '§', 'NOTE': '¶'})"],
  ["{m18}", "pydantic ValidationError: input_value={'webhook_secret': '§', 'note': '¶'}, input_type=dict"],
  // logfmt, JSON lines, level lines.
  ["{m18}", 'level=info msg="¶" sessionToken=§ dur=5ms'],
  ["{m18}", 'ts=2026-01-01T00:00:00Z level=warn msg="¶" db.password="§" n=4'],
  ["{m18}", 'time=12:00 note="¶" args="--user x --password §"'],
  ["{h32}", '{"level":30,"note":"¶","req":{"headers":{"x-api-key":"§","host":"a.test"}}}'],
  ["{h32}", '{"note":"¶","body":"{\\"user\\":{\\"clientSecret\\":\\"§\\"}}"}'],
  ["{d3}", '{"note":"¶","card":{"cvv":"§","exp":"12/29"}}'],
  ["{d6}", '{"note":"¶","mfa":{"otp":§}}'],
  ["{m20}", '{"note":"¶","data":[{"name":"DB_PASS","value":"§"}]}'],
  ["{m20}", '{"note":"¶","env":["PATH=/bin","SMTP_PASSWORD=§"]}'],
  ["{m20}", '{"note":"¶","cmd":["psql","--password","§"]}'],
  // URLs, headers, cookies, commands.
  ["{m16}", "GET https://app:§@git.example.test/a/b.git ¶"],
  ["{m24}", 'Started GET "/reset?reset_token=§&x=1" for 203.0.113.7 ¶'],
  ["{m24}", "redirect to https://app.example.test/cb#access_token=§&state=9 ¶"],
  ["{h64}", "GET https://b.s3.amazonaws.com/k?X-Amz-Expires=60&X-Amz-Signature=§ ¶"],
  ["{b43}=", "GET https://a.blob.core.windows.net/c?sv=2024-01-01&sig=§ ¶"],
  ["{m16}", "redis://:§@cache.example.test:6379/0 refused ¶"],
  ["{m16}", "amqp://worker:§@mq.example.test:5672// closed ¶"],
  ["{m16}", "mongodb+srv://app:§@c0.example.test/db?w=majority ¶"],
  ["{m16}", "Server=db;Database=a;User Id=sa;Password=§;Encrypt=true ¶"],
  ["{m16}", "host=db dbname=a user=app password='§' sslmode=require ¶"],
  ["{m16}", "jdbc:postgresql://db/a?user=app&password=§&ssl=true ¶"],
  ["{m30}", "Authorization: Bearer § ¶"],
  ["{b31}=", "proxy-authorization: Basic §\nx-note: ¶"],
  ["{h32}", "Set-Cookie: _app_session=§; path=/; HttpOnly\nX-Note: ¶"],
  ["{m26}", "Cookie: theme=dark; sessionid=§; lang=de\nNote: ¶"],
  ["{m26}", 'HTTP_COOKIE="csrftoken=§" note="¶"'],
  ["{m16}", "curl -u admin:§ https://a.example.test/x # ¶"],
  ["{m16}", "curl -H 'X-Auth-Token: §' https://a.example.test/x # ¶"],
  ["{m16}", "mysqldump -uapp -p§ shop > /tmp/x.sql # ¶"],
  ["{m16}", "PGPASSWORD=§ pg_dump -h db shop # ¶"],
  ["{m16}", "sshpass -p '§' ssh app@host # ¶"],
  ["{m16}", "openssl enc -aes-256-cbc -pass pass:§ -in a # ¶"],
  // Vendors' tokens where no key says so.
  ["sk-proj-{w74}T3BlbkFJ{w74}", "request failed: Incorrect API key provided: § ¶"],
  ["sk-ant-api03-{w93}AA", "retry with § ¶"],
  ["ghp_{m36}", "remote: Invalid § ¶"],
  ["xoxb-{d12}-{d13}-{m24}", "slack said no to § ¶"],
  ["glpat-{w20}", "fatal: § ¶"],
  ["sk_live_{m24}", "Stripe::AuthenticationError: Invalid API Key provided: § ¶"],
  ["whsec_{m32}", "checking hook with § ¶"],
  ["AIza{w35}", "maps key § rejected ¶"],
  ["SG.{w22}.{w43}", "mail sent by § ¶"],
  ["dckr_pat_{w27}", "login § ¶"],
  ["npm_{m36}", "publish § ¶"],
  ["EAAC{m120}", "access_token=§ ¶"],
  // People.
  ["+49 151 {d8}", "called phone § ¶"],
  ["{s6}.{s5}@{s6}.example", "mail to <§> failed ¶"],
  ["5{d2}-4{d1}-2{d3}", "applicant ssn: § ¶"],
  // Encoded.
  ["{m14}", "body=user%3Dx%26password%3D§%26note%3D1 ¶"],
  ["{m14}", "raw=%7B%22password%22%3A%22§%22%7D ¶"],
  ["{m14}", "raw: \\u0022password\\u0022:\\u0022§\\u0022 ¶"],
  ["{m14}", '"{\\"note\\":\\"¶\\",\\"inner\\":\\"{\\\\\\"secret\\\\\\":\\\\\\"§\\\\\\"}\\"}"'],
  // Cut off.
  ["{m30}", 'note ¶ {"user":{"password":"§'],
  ["{m30}", "note ¶ kwargs={'api_token': '§"],
  ["{m30}", 'note ¶ :secret_key_base=>"§...'],
  ["{m30}", "note ¶ Authorization: Bearer §"],
  // Sentences.
  ["{m12}", "the new password is § ¶"],
  ["{m12}", "Your temporary password: § ¶"],
  ["{d6}", "Your verification code is § ¶"],
  ["{m12}", "login with user bob and password § failed ¶"],
];

const harmless: readonly string[] = [
  "password: nil, remember_me: false, attempts: {d1}",
  "level=info token_count={d3} prompt_tokens={d4} completion_tokens={d3} max_tokens={d4}",
  'SELECT "users"."id", "users"."password_digest" FROM "users" WHERE "users"."id" = {d4} LIMIT 1',
  "User.password_changed_at={d4}-01-02T03:04:05Z unchanged",
  "{h40} Merge pull request #{d4} from feature/token-refresh",
  "primary_key: id, foreign_key: user_id, partition_key: {d4}",
  "request_id={h8}-{h4}-4{h3}-8{h3}-{h12} path=/api/v1/orders/{d6}",
  'trace_id={h32} span_id={h16} trace_flags=01 msg="job done"',
  "traceparent: 00-{h32}-{h16}-01",
  "id=01J{C23} kind=order.created n={d2}",
  'ETag: W/"{h32}"',
  'If-None-Match: "{h40}"',
  "order 4242424242424242x shipped in box {d3}",
  "invoice_number={d10} amount_cents={d5} currency=EUR",
  "bundler 2.5.{d2} rails 7.1.{d1}.{d1} ruby 3.3.{d1}p{d3}",
  "time=1767225{d6} duration_ns={d9} gc_ns={d7}",
  'File "/srv/app/auth/password_validation.py", line {d3}, in validate_password',
  "app/models/concerns/token_authenticatable.rb:{d2}:in `generate_token'",
  "from /usr/lib/ruby/3.1.0/openssl/ssl.rb:{d3}:in `connect'",
  "Completed 401 Unauthorized in {d2}ms (ActiveRecord: {d1}.{d1}ms | Allocations: {d5})",
  "Filter chain halted as :verify_authenticity_token rendered or redirected",
  "Can't verify CSRF token authenticity.",
  "Processing by PasswordsController#update as HTML",
  'Parameters: {"page"=>"{d2}", "sort_key"=>"name", "per_page"=>"{d2}"}',
  'Parameters: {"password"=>"[FILTERED]", "user"=>{"token"=>"[FILTERED]"}, "id"=>"{d4}"}',
  "[SECRET] rotation finished for {d2} services",
  "secret rotation: {d1} of {d1} done",
  "cache_key=views/products/{d4}-2026{d10}/{h32}",
  "cache read: posts/{d4}/comments-{h32}",
  "img src=data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA{b400}",
  "fingerprint SHA256:{b43} accepted publickey for deploy from 192.0.2.7 port {d5} ssh2",
  "digest=sha256:{h64} image=registry.example/app:1.{d1}.{d1}",
  "integrity=sha512-{b86}== resolved",
  "delayed_job: locked_by=host:app{d1} pid:{d5} locked_at=nil run_at=2026-01-01 00:00:00 UTC attempts={d1}",
  "--- !ruby/object:Delayed::PerformableMethod\nobject: !ruby/object:User\n  raw_attributes:\n    id: {d4}\nmethod_name: :reset_password_later\nargs: []\n",
  "Job User#send_password_email (id={d5}) (queue=mail) COMPLETED after 0.{d4}",
  "Task auth.expire_sessions[{h8}-{h4}-4{h3}-9{h3}-{h12}] succeeded in 0.{d6}s: None",
  "celery@app1 ready. concurrency={d1} prefetch={d1} pool=prefork auth=plain",
  "mingle: sync with {d1} nodes; secret santa day {d2}",
  'msg="password reset requested" user_id={d5} channel=email',
  'msg="session expired" session_count={d3} session_timeout={d4}',
  "auth_method=oauth2 auth_provider=google auth_duration_ms={d3}",
  "token_type=bearer expires_in={d4} scope=read",
  "api_key_id={d4} api_key_name=reporting revoked=false",
  "keyboard=us keymap=de key_size=2048 key_type=rsa keys={d2}",
  "passed={d3} failed={d1} pass_rate=0.{d2} bypass=false",
  "pinned={d1} ping={d2}ms pin_count={d1} spinning=false",
  "author=bob authority=none authored_at=2026-01-0{d1}",
  "csrf protection enabled; session store cookie; secure=true",
  "secrets: {d1} found, {d1} rotated",
  "tokens: {d4} in, {d4} out",
  "credentials loaded from ~/.aws/credentials profile default",
  "Loading secrets from config/credentials.yml.enc",
  "ENV SECRET_KEY_BASE is missing; set password in config/database.yml",
  "ArgumentError: wrong number of arguments (given {d1}, expected {d1}; required keyword: password)",
  "TypeError: login() missing 1 required positional argument: 'password'",
  "KeyError: 'password'",
  "NameError: undefined local variable or method `api_key' for main:Object",
  "ActiveModel::UnknownAttributeError: unknown attribute 'secret_token' for User.",
  "Validation failed: Password is too short (minimum is {d1} characters), Password confirmation doesn't match Password",
  'django.db.utils.IntegrityError: duplicate key value violates unique constraint "auth_token_key"',
  'ERROR:  relation "password_resets" does not exist at character {d2}',
  'FATAL:  password authentication failed for user "app"',
  "ALTER TABLE users ADD COLUMN password_digest varchar(255) NOT NULL",
  "CREATE INDEX index_users_on_reset_password_token ON users (reset_password_token)",
  '{"level":30,"time":1767225{d6},"pid":{d5},"hostname":"app1","msg":"token refreshed","ttl":{d4}}',
  '{"password":null,"token":"","secret":false,"n":{d3}}',
  '{"event":"password_changed","actor_id":{d5},"success":true}',
  '{"key":"user:{d5}:name","value":"{d3}","hit":true}',
  '{"keys":["a","b"],"primaryKey":"id","sortKey":"created","publicKeyCount":{d1}}',
  'GET /assets/application-{h64}.css HTTP/1.1" 304 0',
  'GET "/password/edit" for 192.0.2.{d2} at 2026-01-0{d1}',
  "https://docs.example.test/guides/tokens?version={d1}&lang=en#authorization",
  "https://example.test/search?q=password+manager&page={d1}",
  "host=db1 port=5432 dbname=shop connect_timeout={d2}",
  "pid={d5} rss={d5} sid={d4} uid={d4} gid={d4} ppid={d5}",
  "puma: Worker {d1} (PID: {d5}) booted in {d1}.{d2}s, phase: {d1}",
  "phone_verified=true email_verified=false card_brand=visa card_count={d1}",
  "barcode={d12} sku=AB-{d4}-{d4} batch={d8}",
  "isbn 978-3-16-148410-{d1} ean {d13} weight {d2}.{d1} kg",
  "block_hash=0x{h64} gas={d6}",
  "worker_id=app1:{d5}:1767225{d6} state=idle",
  "version=2026.{d2}.{d2}+build.{d4} sha={h7} release=v{d1}.{d2}.{d1}",
  "coordinates 52.{d6},13.{d6} accuracy={d2}m",
  "GC: 4{d3} {d4} {d4} {d4}x heap pages",
  "iban check skipped; card check skipped; otp not required",
  "authorization: granted",
  "authorization failed for user {d4}",
  "cookie: none",
  "Set-Cookie header missing, retry {d1}",
  "the token is invalid or has expired",
  "password is required",
  "wrong password for user {d4}, {d1} attempts left",
  "secret key is not set",
  "code={d3} status_code={d3} exit_code={d1} zip_code={d5} country_code=DE",
  "verification code sent to user {d5}",
  "checksum md5={h32} size={d6}",
  "S3 upload s3://bucket/{h8}/{h32}.jpg etag={h32}",
  "backtrace_id={h16} error_hash={h40} group={h12}",
];

const kindsOf = <T>(all: readonly T[], held: boolean): readonly T[] =>
  all.filter((_, index) => (index % 4 === 3) === held);

function shapesOf(held: boolean, seed: number, hash: string): Shapes {
  const lines = kindsOf(harmless, held);
  return {
    seed,
    secrets: {},
    containers: [],
    credentials: kindsOf(leaks, held).map(([secret, line]) => ({
      name: line.slice(0, 60),
      make: (random) => fill(random, secret),
      line: (value, around) =>
        fill(() => 0.4, line)
          .replaceAll("§", () => value)
          .replace("¶", () => around),
    })),
    harmlessLine: (random) => fill(random, pick(random, lines)),
    hash,
  };
}

export const workedOnLines: Shapes = shapesOf(
  false,
  51_120_934,
  "cf256a2f551f79432b48d8ee219c9a7f5dd6fa6e272d76f36adff7df37fd35da",
);
export const heldOutLines: Shapes = shapesOf(
  true,
  51_120_935,
  "85d400837e70a90b15d30bac8f1d89f4d11f6ee327648dcfb3015933a917c598",
);
