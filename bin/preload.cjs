// Loaded by bin/meridian before the command line, in the main thread and in every worker.
'use strict'

// Until the server has its own handlers: SIGUSR1 must not open Node's debugger, nor SIGHUP and SIGUSR2 end the process.
for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGHUP']) process.on(signal, () => {})

// Keeps back the one warning that says that node:ffi is experimental (it is used for batched UDP, and the Node version is pinned). `--disable-warning` could only
// silence all experimental warnings, since this one carries no code of its own.
const emitWarning = process.emitWarning

process.emitWarning = function emitOtherWarnings(warning, ...details) {
  if (typeof warning === 'string' && warning.startsWith('FFI is an experimental feature')) return
  Reflect.apply(emitWarning, process, [warning, ...details])
}
