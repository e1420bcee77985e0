// The order in which upstreams are tried for one question.

/** The policies of a Corefile. */
export const policyNames = ['random', 'round_robin', 'sequential'] as const
export type PolicyName = (typeof policyNames)[number]

/** Orders the upstreams for the next question; `upstreams` itself is never changed. */
export type Policy = <Upstream>(upstreams: readonly Upstream[]) => readonly Upstream[]

/** A policy with its own state; `random` gives numbers in [0, 1). */
export function makePolicy(name: PolicyName, random: () => number): Policy {
  if (name === 'sequential') return (upstreams) => upstreams
  if (name === 'random') return (upstreams) => shuffled(upstreams, random)
  let turn = 0
  return (upstreams) => {
    turn = (turn + 1) % Math.max(1, upstreams.length)
    // The one whose turn it is comes first, the rest stay in the Corefile's order.
    return [...upstreams.slice(turn, turn + 1), ...upstreams.slice(0, turn), ...upstreams.slice(turn + 1)]
  }
}

function shuffled<Upstream>(upstreams: readonly Upstream[], random: () => number): readonly Upstream[] {
  if (upstreams.length < 2) return upstreams
  const order = [...upstreams]
  for (let i = order.length - 1; i > 0; i--) {
    const other = Math.floor(random() * (i + 1))
    ;[order[i], order[other]] = [order[other]!, order[i]!]
  }
  return order
}
