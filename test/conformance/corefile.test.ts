// What the runner changes in a Corefile, and nothing else in it.
import t from 'tap'
import { useManifests, withCompat, withPatience } from './corefile.ts'

t.test('a kubeconfig of the runner becomes manifests, one that a case is about stays', async (t) => {
  const corefile = [
    'kubernetes {',
    '    kubeconfig {$KUBECONFIG}',
    '    kubeconfig nowhere',
    '    kubeconfig',
    '}',
  ].join('\n')
  t.equal(useManifests(corefile, '/c.yaml'), corefile.replace('kubeconfig {$KUBECONFIG}', 'manifests /c.yaml'))
})

t.test('a start waits longer for the kubeconfig of the runner', async (t) => {
  const corefile = 'kubernetes {\n    kubeconfig {$KUBECONFIG}\n    ttl 30\n}\nkubernetes {\n    kubeconfig nowhere\n}'
  t.equal(withPatience(corefile), corefile.replace('    ttl', '    startup_timeout 15s\n    ttl'))
})

t.test('compat stands in every server block and nowhere else', async (t) => {
  const compat = '    compat coredns'
  const lines = [
    '(snippet) {',
    '    errors',
    '}',
    'import more/*.conf',
    'a.test:{$PORT} b.test,',
    'c.test { # comment {',
    compat,
    '    template IN A {',
    '        answer "{{ .Name }} {"',
    '    }',
    '    # d.test {',
    '}',
    '.:53 {',
    compat,
    '    hosts {',
    '        fallthrough',
    '    }',
    '}',
    '',
  ]
  t.equal(withCompat(lines.filter((line) => line !== compat).join('\n')), lines.join('\n'))
})
