// Why a file cannot be read, in the words of CoreDNS's messages.

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  ENOTDIR: 'not a directory',
  EISDIR: 'is a directory',
  ELOOP: 'too many levels of symbolic links',
  ENAMETOOLONG: 'file name too long',
  EMFILE: 'too many open files',
}

/** Such as `no such file or directory`; the error's own text where there are no better words. */
export const fileReason = (error: unknown): string => reasons[codeOf(error)] ?? errorText(error)

/** An error's system code, such as `ENOENT`; '' without one. */
export const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException | null)?.code ?? ''

const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error))
