/** Reading venue frames: from bytes where the order of keys is the known one, through `JSON.parse` otherwise. */
export { FrameCursor, LEVELS_FROM } from './cursor.js'
export { excerptOf, isJsonObject, JsonFields, type JsonObject, type JsonResult, parseJson, shown } from './json.js'
export { keyWord, Literal, letterSet } from './literal.js'
export { decimalOf, readDecimal, readInteger, readSignedDecimal, SURPRISE } from './numbers.js'
