// What the runner changes in a Corefile, and nothing else in it.
import t from 'tap'
import { useManifests, withCompat } from './corefile.ts'

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
