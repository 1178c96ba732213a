/** Every kind of channel, one file each in `channels/`. A new one is a file and a line here. */
import type { ChannelKind } from "./channel.ts";
import { alertmanager } from "./channels/alertmanager.ts";
import { command } from "./channels/command.ts";
import { email } from "./channels/email.ts";
import { ntfy } from "./channels/ntfy.ts";
import { pagerduty } from "./channels/pagerduty.ts";
import { slack } from "./channels/slack.ts";
import { teams } from "./channels/teams.ts";
import { webhook } from "./channels/webhook.ts";

export const channelKinds: Readonly<Record<string, ChannelKind>> = {
  email,
  webhook,
  slack,
  teams,
  pagerduty,
  ntfy,
  alertmanager,
  command,
};
