/** The shapes of what the interface answers about people and sessions, and what it takes. */
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from "@simplewebauthn/server";
import { type Static, Type } from "typebox";
import { type Right, type Role, rights, roleNames } from "../access/policy.ts";
import type { CheckState } from "../access/posture.ts";
import { type Stream, streams } from "../model/event.ts";

const time = () => Type.String({ format: "date-time", description: "RFC 3339, UTC, microseconds" });
const text = (lengthMax: number) => Type.String({ minLength: 1, maxLength: lengthMax });
const role = () => Type.Unsafe<Role>(Type.String({ enum: [...roleNames] }));
const names = () => Type.Array(text(128), { minItems: 1, maxItems: 100 });
const team = {
  services: Type.Optional(names()),
  environments: Type.Optional(names()),
};
const closed = { additionalProperties: false } as const;

export const meSchema = Type.Object({
  access: Type.Unsafe<"people" | "open">(Type.String({ enum: ["people", "open"] })),
  /** Nobody can sign in yet: whoever started the server has a link. */
  first: Type.Boolean({ description: "no administrator is there yet" }),
  /** What the button says; absent where there is no provider. */
  provider: Type.Optional(Type.String({ description: "name of the OpenID provider" })),
  me: Type.Optional(
    Type.Object({
      kind: Type.String({ description: "person, key, owner or anyone" }),
      name: Type.String(),
      role: Type.Optional(role()),
      rights: Type.Array(Type.Unsafe<Right>(Type.String({ enum: Object.keys(rights) }))),
      streams: Type.Array(Type.String()),
      fields: Type.Array(Type.String()),
      ...team,
      by: Type.String({ description: "how it was proven" }),
      hasPassword: Type.Optional(Type.Boolean()),
      hasCodes: Type.Optional(Type.Boolean({ description: "one-time codes are set up" })),
      recoveryCodes: Type.Optional(Type.Integer({ description: "recovery codes that are left" })),
      passkeys: Type.Optional(
        Type.Array(
          Type.Object({
            id: Type.String(),
            name: Type.String(),
            createdTime: time(),
            lastUsedTime: Type.Optional(time()),
          }),
        ),
      ),
    }),
  ),
});
export type Me = Static<typeof meSchema>;

export const signInSchema = Type.Object(
  { name: text(100), password: text(400), code: Type.Optional(text(40)) },
  closed,
);

export const tokenSchema = Type.Object({ token: text(200) }, closed);
export const acceptSchema = Type.Object(
  { token: text(200), name: Type.Optional(text(64)), password: text(400) },
  closed,
);
export const invitationSchema = Type.Object({
  kind: Type.Unsafe<"first" | "person" | "reset">(Type.String({ enum: ["first", "person", "reset"] })),
  name: Type.Optional(Type.String()),
  role: role(),
  expiresTime: time(),
});
export type InvitationAnswer = Static<typeof invitationSchema>;

export const sessionSchema = Type.Object({
  id: Type.String({ description: "names the session; it is not what the cookie holds" }),
  person: Type.String(),
  current: Type.Boolean(),
  madeTime: time(),
  seenTime: time(),
  expiresTime: time(),
  by: Type.String({ description: "how the person proved who it is" }),
  address: Type.String(),
  browser: Type.String(),
});
export type SessionAnswer = Static<typeof sessionSchema>;
export const sessionListSchema = Type.Object({ rows: Type.Array(sessionSchema) });
export type SessionList = Static<typeof sessionListSchema>;

export const passwordSchema = Type.Object({ password: text(400) }, closed);
export const newPasswordSchema = Type.Object({ password: text(400), next: text(400) }, closed);
export const codeSchema = Type.Object({ code: text(40) }, closed);
export const newTotpSchema = Type.Object({
  secret: Type.String({ description: "base32" }),
  address: Type.String({ description: "otpauth://" }),
});
export type NewTotpAnswer = Static<typeof newTotpSchema>;
export const recoveryCodesSchema = Type.Object({ codes: Type.Array(Type.String()) });
export type RecoveryCodesAnswer = Static<typeof recoveryCodesSchema>;

export const personSchema = Type.Object({
  id: Type.String(),
  name: Type.String(),
  role: role(),
  ...team,
  hasCodes: Type.Boolean(),
  passkeys: Type.Integer(),
  provider: Type.Boolean({ description: "signs in at the OpenID provider" }),
  createdTime: time(),
  lastSeenTime: Type.Optional(time()),
  disabled: Type.Boolean(),
});
export type PersonAnswer = Static<typeof personSchema>;

export const peopleSchema = Type.Object({
  rows: Type.Array(personSchema),
  invitations: Type.Array(
    Type.Object({
      id: Type.String(),
      kind: Type.String(),
      name: Type.Optional(Type.String()),
      role: role(),
      madeBy: Type.String(),
      expiresTime: time(),
    }),
  ),
});
export type PeopleAnswer = Static<typeof peopleSchema>;

export const inviteSchema = Type.Object({ name: text(64), role: role(), ...team }, closed);
export const linkSchema = Type.Object({
  path: Type.String({ description: "of the page; good once, and shown this once" }),
});
export type LinkAnswer = Static<typeof linkSchema>;

export const changePersonSchema = Type.Object(
  {
    role: Type.Optional(role()),
    services: Type.Optional(Type.Union([names(), Type.Null()])),
    environments: Type.Optional(Type.Union([names(), Type.Null()])),
    disabled: Type.Optional(Type.Boolean()),
  },
  closed,
);
export type ChangePerson = Static<typeof changePersonSchema>;

const checkSchema = Type.Object({
  id: Type.String(),
  asvs: Type.Optional(Type.String({ description: "requirement of OWASP ASVS 5.0" })),
  state: Type.Unsafe<CheckState>(Type.String({ enum: ["good", "weak", "bad"] })),
  sentence: Type.String(),
  evidence: Type.String({ description: "by what it is known" }),
  advice: Type.Optional(Type.String()),
});
export const doctorSchema = Type.Object({ rows: Type.Array(checkSchema) });
export type DoctorAnswer = Static<typeof doctorSchema>;

/** As the browser takes and gives them (WebAuthn level 3, JSON forms); the library checks them. */
const webAuthn = { type: "object", additionalProperties: true } as const;
export const provenSchema = Type.Object({ password: Type.Optional(text(400)) }, closed);
export const passkeyOptionsSchema = Type.Object({ options: Type.Unsafe<object>(webAuthn) });
export type PasskeyOptions = Static<typeof passkeyOptionsSchema>;
export const newPasskeySchema = Type.Object(
  {
    name: text(64),
    response: Type.Unsafe<RegistrationResponseJSON>({ ...webAuthn, required: ["id", "response"] }),
  },
  closed,
);
export const passkeyAnswerSchema = Type.Object(
  { response: Type.Unsafe<AuthenticationResponseJSON>({ ...webAuthn, required: ["id", "response"] }) },
  closed,
);

const streamDays = Type.Unsafe<Record<Stream, number>>(
  Type.Object(Object.fromEntries(streams.map((name) => [name, Type.Integer({ description: "days" })]))),
);
export const retentionSchema = Type.Object({
  days: streamDays,
  wanted: Type.Optional(streamDays),
  agreedBy: Type.Array(Type.String(), { description: "who has agreed to what is wanted" }),
});
export type RetentionAnswer = Static<typeof retentionSchema>;

export const newEnrolmentSchema = Type.Object(
  {
    host: Type.String({
      pattern: "^[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?$",
      description: "name of the host; its key sends under this name",
    }),
  },
  closed,
);
export const enrolmentSchema = Type.Object({
  token: Type.String({ description: "good once, for an hour; shown this once" }),
});
export type Enrolment = Static<typeof enrolmentSchema>;
export const enrolSchema = Type.Object(
  {
    token: text(200),
    bound: Type.Optional(Type.Boolean({ description: "good from the address that asks only" })),
    request: Type.Optional(
      Type.String({ maxLength: 4000, description: "request for a certificate: PKCS #10 in PEM" }),
    ),
  },
  closed,
);
export const enrolledSchema = Type.Object({
  id: Type.String(),
  key: Type.String({ description: "shown this once" }),
  certificate: Type.Optional(Type.String({ description: "PEM; where one was asked for" })),
});
export type Enrolled = Static<typeof enrolledSchema>;
export const certificateSchema = Type.Object({ certificate: Type.String({ description: "PEM" }) });
