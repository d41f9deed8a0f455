/** The container that an agent runs in. */
export interface AgentPlace {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}
