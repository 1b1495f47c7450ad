/** Composes the page: link, state, panels, keys. Draws once per frame whatever arrived. */
import { byId, setClass, setHidden, setText } from './dom.js'
import { every, isReloadRecent, monotonicMs, nextFrame } from './doors.js'
import { listenForKeys } from './keyboard.js'
import { Link, type LinkState } from './link.js'
import * as format from './model/format.js'
import { PageState, type Slice } from './model/state.js'
import type { Panel } from './panel.js'
import { ConnectionsPanel } from './panels/connections.js'
import { FooterPanel } from './panels/footer.js'
import { GapsPanel } from './panels/gaps.js'
import { GridPanel } from './panels/grid.js'
import { LadderPanel } from './panels/ladder.js'
import { LogPanel } from './panels/log.js'
import { MarketPanel } from './panels/market.js'
import { OverviewPanel } from './panels/overview.js'
import { RawPanel } from './panels/raw.js'
import { StreamDetailPanel } from './panels/stream-detail.js'
import { Selection } from './selection.js'
import { Theme } from './theme.js'

const state = new PageState()
const changed = new Set<Slice>()
let isFrameWanted = false
/** Our clock when the last message arrived: the server's time counts on from there. */
let receivedMs = 0

const link = new Link({
  onMessage: (message) => {
    for (const slice of state.apply(message)) changed.add(slice)
    receivedMs = monotonicMs()
    if (message.kind === 'full' || changed.has('feeds')) selection.chooseDefaults(state)
    wantFrame()
  },
  onState: (linkState) => showLink(linkState),
  onOutdated: () => reload(),
})
const selection = new Selection((interest) => {
  link.setInterest(interest)
  for (const slice of ['feeds', 'market', 'stream', 'raw'] as const) changed.add(slice)
  wantFrame()
})
const theme = new Theme(() => {
  detail.recolor()
  market.recolor()
})
const grid = new GridPanel(selection)
const detail = new StreamDetailPanel(theme)
const market = new MarketPanel(selection, theme)
const panels: readonly Panel[] = [
  new OverviewPanel(),
  grid,
  detail,
  new ConnectionsPanel(),
  market,
  new LadderPanel(selection),
  new GapsPanel(),
  new LogPanel(),
  new RawPanel(selection),
  new FooterPanel(),
]

function wantFrame(): void {
  if (isFrameWanted) return
  isFrameWanted = true
  nextFrame(draw)
}

function draw(): void {
  isFrameWanted = false
  if (!state.hasData) return
  const nowMs = state.serverMs + (link.state === 'live' ? monotonicMs() - receivedMs : 0)
  for (const panel of panels) {
    if (panel.slices.some((slice) => changed.has(slice))) panel.render(state, nowMs)
  }
  changed.clear()
  setText(byId('title'), state.title)
  setText(byId('clock'), `${format.timeOfDay(nowMs)} UTC`)
}

const LINK_TEXTS: Readonly<Record<LinkState, string>> = {
  connecting: '↻ connecting',
  live: '● live',
  silent: '▲ no news',
  lost: '✕ connection lost',
}
const LINK_TONES: Readonly<Record<LinkState, string>> = {
  connecting: 'warn',
  live: 'ok',
  silent: 'bad',
  lost: 'bad',
}

/** A page that is not live must not look alive: everything is greyed out, and a banner says since when. */
function showLink(linkState: LinkState): void {
  const pill = byId('link')
  setClass(pill, `chip ${LINK_TONES[linkState]}`)
  setText(pill, LINK_TEXTS[linkState])
  const isOld = linkState === 'silent' || linkState === 'lost'
  document.body.classList.toggle('old', isOld)
  document.body.classList.toggle('ready', state.hasData)
  setHidden(byId('old-banner'), !isOld)
  showAge()
}

function showAge(): void {
  if (link.state === 'live' || link.state === 'connecting') return
  document.title = '✕ connection to feedbus lost'
  const since = state.hasData ? ` What you see is ${format.duration(link.silentMs)} old.` : ''
  setText(byId('old-text'), `The connection to feedbus is lost.${since} Trying again.`)
}

/** The server was replaced by another version: its page is another one, too. */
function reload(): void {
  if (isReloadRecent()) return
  location.reload()
}

listenForKeys({
  search: () => grid.focusSearch(),
  toggleProblems: () => grid.toggleProblems(),
  nextTheme: () => theme.next(),
})
// Ages and countdowns go on between messages; a lost link counts on as well.
every(() => {
  showAge()
  if (link.state !== 'live') return
  for (const slice of ['managers', 'gaps', 'market'] as const) changed.add(slice)
  wantFrame()
}, 1_000)
link.start()
