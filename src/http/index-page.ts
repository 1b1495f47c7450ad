/** The plain page at `/`: what this server answers. */
import type { FeedManagerState } from '../types/health.js'

export interface RouteHelp {
  readonly path: string
  readonly help: string
}

export function indexPage(
  routes: readonly RouteHelp[],
  managers: readonly { readonly name: string; readonly venue: string; readonly state: FeedManagerState }[],
): string {
  const rows = routes.map(({ path, help }) => `<li><a href="${path}">${path}</a> ${escapeHtml(help)}</li>`)
  const states = managers.map(
    ({ name, venue, state }) => `<li>${escapeHtml(name)} (${escapeHtml(venue)}): ${escapeHtml(state)}</li>`,
  )
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>feedbus</title></head>
<body>
<h1>feedbus</h1>
<ul>
${states.join('\n')}
</ul>
<h2>Routes</h2>
<ul>
${rows.join('\n')}
</ul>
</body>
</html>
`
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
}
