// Every directive, in the order in which the layers of a server block stand (CoreDNS's plugin.cfg, whole), with the plugin that serves it. A bare name is a
// directive of CoreDNS that Meridian does not have yet: it keeps its place and is refused by an error that says so.

import { acl } from './acl/acl.ts'
import { any } from './any/any.ts'
import { auto } from './auto/auto.ts'
import { autopath } from './autopath/autopath.ts'
import { bind } from './bind/bind.ts'
import { bufsize } from './bufsize/bufsize.ts'
import { cache } from './cache/cache.ts'
import { cancel } from './cancel/cancel.ts'
import { chaos } from './chaos/chaos.ts'
import { compat } from './compat/compat.ts'
import { debug } from './debug/debug.ts'
import { errors } from './errors/errors.ts'
import { family } from './family/family.ts'
import { file } from './file/file.ts'
import { forward } from './forward/forward.ts'
import { header } from './header/header.ts'
import { health } from './health/health.ts'
import { hosts } from './hosts/hosts.ts'
import { k8s_external } from './k8s_external/k8s_external.ts'
import { kubernetes } from './kubernetes/kubernetes.ts'
import { loadbalance } from './loadbalance/loadbalance.ts'
import { local } from './local/local.ts'
import { log } from './log/log.ts'
import { loop } from './loop/loop.ts'
import { metadata } from './metadata/metadata.ts'
import { minimal } from './minimal/minimal.ts'
import type { Plugin } from './plugin.ts'
import { prometheus } from './prometheus/prometheus.ts'
import { ready } from './ready/ready.ts'
import { reload } from './reload/reload.ts'
import { rewrite } from './rewrite/rewrite.ts'
import { root } from './root/root.ts'
import { template } from './template/template.ts'
import { transfer } from './transfer/transfer.ts'
import { whoami } from './whoami/whoami.ts'

export const order: readonly (Plugin | string)[] = [
  root,
  metadata,
  'geoip',
  cancel,
  'proxyproto',
  'quic',
  'grpc_server',
  'https',
  'https3',
  'timeouts',
  'multisocket',
  reload,
  'nsid',
  bufsize,
  bind,
  debug,
  'trace',
  ready,
  health,
  'pprof',
  'shed',
  prometheus,
  errors,
  log,
  compat,
  family,
  'dnstap',
  local,
  'dns64',
  any,
  chaos,
  loadbalance,
  'tsig',
  rewrite,
  autopath,
  acl,
  cache,
  header,
  'dnssec',
  'tls',
  minimal,
  template,
  transfer,
  hosts,
  'route53',
  'azure',
  'clouddns',
  k8s_external,
  kubernetes,
  file,
  auto,
  'secondary',
  'etcd',
  loop,
  forward,
  'grpc',
  'erratic',
  whoami,
  'on',
  'sign',
  'view',
  'nomad',
]
