// The bounds of talking to an API server (how long a watch may be silent, and how often is looked, is in watch-timing.ts).

/** Until a new connection is up, TLS included; a load balancer may lead to a dead server, and the next attempt elsewhere. */
export const connectLimitMs = 10_000

/** Until the head of a response has come. API servers end their own requests after 60 s, but send the head of a page long before. */
export const headLimitMs = 30_000

/** How long a socket is quiet before TCP asks whether the other end is still there (it gives up ten seconds of no answer later). */
export const tcpKeepAliveMs = 15_000

/** Sockets of one connection: a watch holds one for minutes, a list or check for a moment; there are six kinds of objects. */
export const socketsMax = 24

/** Sockets that are kept for the next request, and for how long. */
export const idleSocketsMax = 4
export const idleSocketMs = 90_000

/** How often files of credentials are looked at (service account tokens live for ten minutes and more, and are replaced when a fifth of that is left). */
export const credentialsLookMs = 60_000

/** How long before their end credentials are renewed; a tenth of their life if that is less. */
export const credentialsLeewayMs = 30_000

/** After credentials could not be had: how long until they are tried again. */
export const credentialsRetryMs = 1_000

/** What an exec plugin may take, and what everything about a kubeconfig may. */
export const execLimitMs = 50_000
export const credentialsLimitMs = 60_000

/** What an OpenID provider may take for an answer, and how long before its end a token of it is renewed. */
export const oidcLimitMs = 10_000
export const oidcLeewaySeconds = 60

/** Octets that an exec plugin may print. */
export const execOutputMax = 1024 * 1024

/** Octets of a kubeconfig, certificate, key or token file. */
export const credentialsFileMax = 4 * 1024 * 1024

/** client-go's limits where the Corefile has 0. */
export const queriesPerSecondDefault = 5
export const burstDefault = 10
