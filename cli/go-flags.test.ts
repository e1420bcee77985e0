import t from 'tap'
import { goFlags } from './go-flags.ts'

t.test('flags of CoreDNS with one dash or two, with a space or =', async (t) => {
  const cases: [args: string, flags: string[]][] = [
    ['-conf Corefile -dns.port 1053', ['--conf', 'Corefile', '--dns.port', '1053']],
    ['--conf=a=b -quiet', ['--conf', 'a=b', '--quiet']],
    ['-p 53', ['-p', '53']],
    ['-p=53 -pidfile=/run/x', ['-p', '53', '--pidfile', '/run/x']],
    ['-quiet=true -version=false -plugins=0', ['--quiet']],
    ['serve -conf stdin extra -x', ['serve', '--conf', 'stdin', 'extra', '-x']],
  ]
  for (const [args, flags] of cases) t.same(goFlags(args.split(' ')), flags, args)
})
