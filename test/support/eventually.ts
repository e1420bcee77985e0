// Waiting in real time, for what a fake clock cannot bring about: file events, sockets.

/** Resolves as soon as `condition` holds; rejects after 5 s. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 5000
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('waited 5 s in vain')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
