/** What a server does with certificates of agents; apart from what makes them, which is loaded only where it is needed. */
export const agentModes = ["off", "accepted", "required"] as const;
export type AgentMode = (typeof agentModes)[number];
