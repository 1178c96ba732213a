/** Every kind of anchor, one file each in `kinds/`. A new one is a file and a line here. */
import type { AnchorKind } from "./anchor.ts";
import { email } from "./kinds/email.ts";
import { file } from "./kinds/file.ts";
import { syslog } from "./kinds/syslog.ts";
import { webhook } from "./kinds/webhook.ts";
import { witness } from "./kinds/witness.ts";

export const anchorKinds: Readonly<Record<string, AnchorKind>> = { file, syslog, webhook, email, witness };
