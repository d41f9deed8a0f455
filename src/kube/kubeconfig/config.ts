/** The fields of a kubeconfig that are read: client-go's tools/clientcmd/api/v1/types.go. */
import { anything, bytes, flag, listOf, located, mapOf, optional, record, text, type Shape } from '../yaml/shape.ts';

const extensions = listOf(record({ name: text, extension: anything }));

const cluster = record({
  server: text,
  'tls-server-name': text,
  'insecure-skip-tls-verify': flag,
  'certificate-authority': text,
  'certificate-authority-data': bytes,
  'proxy-url': text,
  'disable-compression': flag,
  extensions,
});

const exec = record({
  command: text,
  args: listOf(text),
  env: listOf(record({ name: text, value: text })),
  apiVersion: text,
  installHint: text,
  provideClusterInfo: flag,
  interactiveMode: text,
});

const authProvider = record({ name: text, config: mapOf(text) });

const user = record({
  'client-certificate': text,
  'client-certificate-data': bytes,
  'client-key': text,
  'client-key-data': bytes,
  token: text,
  tokenFile: text,
  as: text,
  'as-uid': text,
  'as-groups': listOf(text),
  'as-user-extra': mapOf(listOf(text)),
  username: text,
  password: text,
  'auth-provider': optional(authProvider),
  exec: optional(exec),
  extensions,
});

const context = record({ cluster: text, user: text, namespace: text, extensions });

export const config = record({
  apiVersion: text,
  kind: text,
  preferences: record({ colors: flag, extensions }),
  clusters: listOf(located(record({ name: text, cluster }))),
  users: listOf(located(record({ name: text, user }))),
  contexts: listOf(located(record({ name: text, context }))),
  'current-context': text,
  extensions,
});

type Of<S> = S extends Shape<infer T> ? T : never;
export type ClusterFields = Of<typeof cluster>;
export type UserFields = Of<typeof user>;
export type ContextFields = Of<typeof context>;
export type AuthProviderFields = Of<typeof authProvider>;
export type ExecFields = Of<typeof exec>;
