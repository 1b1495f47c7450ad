/** Maintained order books of a feed: what the manager and the public entry need of them. */
export type { BookSideView, BookView } from './book-view.js'
export { type BookContinuity, MaintainedBooks } from './maintained-books.js'
