/** `npm run bench decode`: see ../decode.mjs. */
import { main } from '../decode.mjs'

process.exitCode = main(process.argv.slice(2))
