// What a reflector and the consistency check tell of their work: news for the serving threads, and what operators see of it in metrics and in the log.

import type { EndpointSliceObject } from '../objects.ts'
import type { ChangeBatch } from '../store.ts'

/** What is counted, one series for each resource and label. */
export type CountName = 'watch_events' | 'lists' | 'api_errors' | 'undecodable' | 'consistency_checks'

/** Takes the news about one resource. */
export interface Report {
  /** Something changed in DNS. */
  batch(batch: ChangeBatch): void
  /** The store holds all there was at the API server a moment ago. */
  listed(): void
  /** The resource cannot be had: no right to list it, or it is not installed; nobody need wait for it. */
  unavailable(reason: 'forbidden' | 'missing'): void
  /** The API server said something: what we know is as old as this moment. */
  heard(): void
  /** The API server answers again after it could not be reached. */
  reachable(): void
  /** `label` is the type of an event, the reason of a list, the kind of an error or the result of a check. */
  count(name: CountName, label: string): void
  /** A slice that is in the store now was changed at this time, milliseconds since 1970. */
  programmed(slice: EndpointSliceObject, changedAtMs: number): void
  info(text: string): void
  warning(text: string): void
}
