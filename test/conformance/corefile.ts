// What the runner changes in the Corefiles of a suite before the server reads them: where the cluster comes from, and `compat`.

/** Every `kubeconfig {$KUBECONFIG}` becomes `manifests FILE`; a kubeconfig that a case is about stays. */
export const useManifests = (corefile: string, file: string): string =>
  corefile.replace(/^(\s*)kubeconfig \{\$KUBECONFIG\}[^\S\n]*$/gm, (_, indent: string) => `${indent}manifests ${file}`)

/** Every `kubeconfig {$KUBECONFIG}` is followed by a `startup_timeout`: on a busy machine the first list may take longer than the 5 s that a start waits for it. */
export const withPatience = (corefile: string): string =>
  corefile.replace(
    /^(\s*)kubeconfig \{\$KUBECONFIG\}[^\S\n]*$/gm,
    (line, indent: string) => `${line}\n${indent}startup_timeout 15s`,
  )

/** The Corefile with `compat coredns` as the first line of every server block; snippets stay as they are. */
export function withCompat(corefile: string): string {
  let depth = 0
  let key = ''
  return corefile
    .split('\n')
    .map((line) => {
      const words = wordsOf(line)
      if (words.length === 0) return line
      if (depth === 0) key = key === '' ? (words[0] ?? '') : key
      const opens = words.at(-1) === '{'
      const isServerBlock = opens && depth === 0 && !key.startsWith('(')
      if (opens) depth++
      else if (words[0] === '}') depth--
      else if (depth === 0 && words[0] === 'import') key = ''
      if (depth > 0) key = ''
      return isServerBlock ? `${line}\n    compat coredns` : line
    })
    .join('\n')
}

/** The words of a line without its comment; quotes hold words together, a `#` inside one is no comment. */
function wordsOf(line: string): string[] {
  const words = line.match(/"(?:[^"\\]|\\.)*"?|[^\s"]\S*/g) ?? []
  const comment = words.findIndex((word) => word.startsWith('#'))
  return comment < 0 ? words : words.slice(0, comment)
}
