/** Loaded first into a child process, it makes it a machine where no native library can be loaded. */
process.dlopen = () => {
  throw new Error('no native library loads here')
}
