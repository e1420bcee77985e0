// What decoding returns for bytes that are no DNS message. A fault is a frozen value and never thrown: a throw costs a hundred times more, and
// attackers choose how many there are.

/** Why bytes were not a message; `reason` is for logs. */
export interface Fault {
  readonly fault: string
}

const makeFault = (reason: string): Fault => Object.freeze({ fault: reason })

/** Every fault that decoding a message can meet. */
export const faults = {
  short: makeFault('message ends early'),
  namePastEnd: makeFault('name runs past the end'),
  nameTooLong: makeFault('name longer than 255 octets'),
  pointerChain: makeFault('too many compression pointers in one name'),
  labelType: makeFault('unknown label type'),
  pointerForward: makeFault('compression pointer does not point back'),
  rdataPastEnd: makeFault('rdata runs past the end'),
  rdataMalformed: makeFault('rdata does not fit its type'),
  optTwice: makeFault('more than one OPT record'),
  optOwner: makeFault('OPT record with an owner other than the root'),
  optMalformed: makeFault('EDNS options run past the end'),
} as const

export const isFault = (value: object): value is Fault => 'fault' in value
