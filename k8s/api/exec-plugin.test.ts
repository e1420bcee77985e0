import t from 'tap'
import { folderWith } from '../../test/support/loopback-api.ts'
import { ConnectionError } from './api-connection.ts'
import { runExecPlugin } from './exec-plugin.ts'
import type { Mapping } from './kubeconfig.ts'

const v1 = 'client.authentication.k8s.io/v1'

const accessOf = (exec: Mapping, cluster: Mapping = { server: 'https://127.0.0.1:1' }) => ({
  clusterName: 'c',
  cluster,
  userName: 'u',
  user: { exec: { apiVersion: v1, interactiveMode: 'Never', ...exec } },
})

const credential = (status: object | undefined, apiVersion = v1): string =>
  JSON.stringify({ apiVersion, kind: 'ExecCredential', status })

const echo = (text: string): Mapping => ({ command: 'echo', args: [text] })

t.test('a plugin prints a token or a certificate, and when it ends', async (t) => {
  const run = (exec: Mapping) => runExecPlugin(accessOf(exec), { folder: '/', authority: '' })
  t.same(await run(echo(credential({ token: 't', expirationTimestamp: '2026-01-01T00:00:00Z' }))), {
    token: 't',
    certificate: '',
    key: '',
    expiresAtMs: Date.UTC(2026, 0, 1),
  })
  t.same(await run(echo(credential({ clientCertificateData: 'C', clientKeyData: 'K' }))), {
    token: '',
    certificate: 'C',
    key: 'K',
    expiresAtMs: null,
  })
})

t.test('a plugin is told what it is for, in its environment', async (t) => {
  const folder = folderWith(t, {
    'plugin.sh': `#!/bin/sh
cat <<END
{"apiVersion": "${v1}", "kind": "ExecCredential", "status": {"token": "$(echo "$KUBERNETES_EXEC_INFO|$EXTRA|$1" | base64 -w0)"}}
END
`,
  })
  const exec = { command: './plugin.sh', args: ['word'], env: [{ name: 'EXTRA', value: 'more' }] }
  const cluster = {
    server: 'https://127.0.0.1:1',
    extensions: [{ name: 'client.authentication.k8s.io/exec', extension: { audience: 'x' } }],
  }
  const told = async (exec: Mapping): Promise<unknown[]> => {
    const { token } = await runExecPlugin(accessOf(exec, cluster), { folder, authority: 'PEM' })
    const [info = '', extra, word] = atob(token).trim().split('|')
    return [JSON.parse(info), extra, word]
  }
  t.same(await told(exec), [{ kind: 'ExecCredential', apiVersion: v1, spec: { interactive: false } }, 'more', 'word'])
  t.match(await told({ ...exec, provideClusterInfo: true }), [
    {
      spec: {
        cluster: {
          server: 'https://127.0.0.1:1',
          'certificate-authority-data': btoa('PEM'),
          config: { audience: 'x' },
        },
      },
    },
  ])
})

t.test(
  "a plugin that gives no credentials is blamed in CoreDNS's words, and what it printed is not quoted",
  async (t) => {
    const folder = folderWith(t, {
      'loud.sh': '#!/bin/sh\nhead -c 2000000 /dev/zero\n',
      'slow.sh': '#!/bin/sh\nexec sleep 60\n',
    })
    const table: [exec: Mapping, reason: string][] = [
      [{ command: 'nosuchcommand' }, 'exec: executable nosuchcommand not found'],
      [{ command: './nosuch' }, `exec: fork/exec ${folder}/nosuch: no such file or directory`],
      [{ command: 'false' }, 'exec: executable false failed with exit code 1'],
      [{ command: './loud.sh' }, 'exec: executable ./loud.sh printed more than 1048576 bytes'],
      [{ command: './slow.sh' }, 'exec: executable ./slow.sh took longer than 0.3 s'],
      [echo('sekret'), 'decoding stdout: it is not JSON'],
      [echo('"sekret"'), 'decoding stdout: it is no ExecCredential'],
      [echo(credential(undefined)), "exec plugin didn't return a status field"],
      [echo(credential({})), "exec plugin didn't return a token or cert/key pair"],
      [echo(credential({ clientKeyData: 'K' })), 'exec plugin returned only certificate or key, not both'],
      [
        echo(credential({ token: 't' }, `${v1}beta1`)),
        `exec plugin is configured to use API version ${v1}, plugin returned version ${v1}beta1`,
      ],
      [
        { ...echo(credential({ token: 't' })), interactiveMode: 'Always' },
        'exec plugin cannot support interactive mode: standard input is not a terminal',
      ],
    ]
    for (const [exec, reason] of table) {
      const error = new ConnectionError(`getting credentials: ${reason}`)
      const isSlow = exec.command === './slow.sh'
      await t.rejects(
        runExecPlugin(accessOf(exec), { folder, authority: '', ...(isSlow ? { limitMs: 300 } : {}) }),
        error,
        reason,
      )
    }
  },
)
