// Loaded by bin/meridian before the command line, in the main thread and in every worker: keeps back the one warning that says
// that node:ffi is experimental (it is used for batched UDP, and the Node version is pinned). `--disable-warning` could only
// silence all experimental warnings, since this one carries no code of its own.
'use strict'

const emitWarning = process.emitWarning

process.emitWarning = function emitOtherWarnings(warning, ...details) {
  if (typeof warning === 'string' && warning.startsWith('FFI is an experimental feature')) return
  Reflect.apply(emitWarning, process, [warning, ...details])
}
