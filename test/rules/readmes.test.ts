// Every plugin has a manual page with the same sections, as CoreDNS's have.
import t from 'tap'
import { exists, filesOf, readText } from './tree.ts'

const sections = ['Name', 'Description', 'Syntax', 'Metrics', 'Ready', 'Examples', 'See also']

const headingsOf = (markdown: string): string[] =>
  [...markdown.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^## (.+?)\s*$/gm)].map((match) => match[1] ?? '')

t.test('headings are read outside of code', async (t) => {
  t.same(headingsOf('# x\n\n## Name\n\n~~~\n## See also \n```\n## no\n```\n### no\n'), ['Name', 'See also'])
})

const plugins = [...new Set(filesOf('plugins/*/**/*.ts').map((path) => path.split('/')[1] ?? ''))]

for (const plugin of plugins) {
  t.test(`the manual page of ${plugin} has every section, in order`, async (t) => {
    const page = `plugins/${plugin}/README.md`
    if (!t.equal(exists(page), true, page)) return
    const headings = headingsOf(readText(page))
    t.same(
      headings.filter((heading) => sections.includes(heading)),
      sections,
    )
  })
}
