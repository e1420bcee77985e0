// The `meridian` command. Called as `coredns` it is CoreDNS's command line: flags without a subcommand.

import { Command } from 'commander'
import { check } from './check.ts'
import { demo } from './demo.ts'
import { goFlags } from './go-flags.ts'
import { type ServeFlags, serve } from './serve.ts'

const invokedAs = process.env.MERIDIAN_INVOKED_AS ?? 'meridian'
const argv = process.argv.slice(2)

function serveCommand(name: string): Command {
  return new Command(name)
    .description('answer queries as a Corefile says (flags of CoreDNS; one or two dashes)')
    .option('--conf <file>', 'Corefile to load ("stdin" reads a pipe)', '')
    .option('--dns.port <port>', 'port of server blocks that name none', '53')
    .option('-p <port>', 'the same as --dns.port')
    .option('--pidfile <file>', 'file to write the process id to', '')
    .option('--plugins', 'list the plugins that are built', false)
    .option('--quiet', 'print no zones and version at start', false)
    .option('--version', 'print the version', false)
    .option('--manifests <path>', "YAML file or folder that stands in for the API server of every 'kubernetes'", '')
    .allowExcessArguments(true)
}

if (invokedAs === 'coredns') {
  const command = serveCommand('coredns').action(() => serve(command.opts<ServeFlags>(), command.args))
  await command.parseAsync(goFlags(argv), { from: 'user' })
} else {
  const program = new Command('meridian').description(
    'A DNS server for Kubernetes clusters that takes the place of CoreDNS.',
  )
  const serving = serveCommand('serve').action(() => serve(serving.opts<ServeFlags>(), serving.args))
  const showing = serveCommand('demo')
    .description('serve the demo on 127.0.0.1:1053, or --conf FILE')
    .action(() => demo(showing.opts<ServeFlags>(), showing.args))
  const checking = new Command('check')
    .description('print every problem of a Corefile; exit 1 if there is one')
    .argument('[file]', 'the Corefile', 'Corefile')
    .option('--dns.port <port>', 'port of server blocks that name none', '53')
    .option('--manifests <path>', "stands in for the API server of every 'kubernetes'", '')
    .action((file: string) => check(file, checking.opts<{ 'dns.port': string; manifests: string }>()))
  program.addCommand(serving, { isDefault: false }).addCommand(checking).addCommand(showing)
  await program.parseAsync(goFlags(argv), { from: 'user' })
}
