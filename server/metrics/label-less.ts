// The metrics without labels. CoreDNS exports them at 0 from the start, whether their plugin is configured or not, and alerts rely on it
// (`rate(...)` of a series that appears with its first error misses that error), so the main thread registers them here.

import type { Metrics } from '../../plugins/plugin.ts'

const counters: Readonly<Record<string, string>> = {
  coredns_panics_total: 'A metrics that counts the number of panics.',
  coredns_forward_healthcheck_broken_total: 'Counter of the number of complete failures of the healthchecks.',
  coredns_forward_max_concurrent_rejects_total:
    'Counter of the number of queries rejected because the concurrent queries were at maximum.',
  coredns_health_request_failures_total: 'The number of times the health check failed.',
  coredns_local_localhost_requests_total: 'Counter of special localhost subdomain requests.',
  coredns_reload_failed_total: 'Counter of the number of failed reload attempts.',
}

/** Makes every metric without labels appear in `metrics`, with value 0. */
export function registerLabelLess(metrics: Metrics): void {
  for (const [name, help] of Object.entries(counters)) metrics.counter({ name, help })
  metrics.gauge({
    name: 'coredns_hosts_reload_timestamp_seconds',
    help: 'The timestamp of the last reload of hosts file.',
    merge: 'max',
  })
  metrics.histogram({
    name: 'coredns_health_request_duration_seconds',
    help: 'Histogram of the time (in seconds) each request took.',
    buckets: [0.00025, 0.0025, 0.025, 0.25, 2.5],
  })
}

/** Exports `coredns_build_info`; `revision` is the commit that it was built from, '' if unknown. */
export function registerBuildInfo(
  metrics: Metrics,
  build: { readonly version: string; readonly revision: string },
): void {
  const family = metrics.gauge({
    name: 'coredns_build_info',
    help: "A metric with a constant '1' value labeled by version, revision, and goversion from which the server was built.",
    labels: ['version', 'revision', 'goversion'],
    merge: 'max',
  })
  // Dashboards group by `goversion`: what runs us stands there.
  family.with(build.version, build.revision, `node${process.versions.node}`).set(1)
}
