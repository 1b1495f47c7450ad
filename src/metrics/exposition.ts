/**
 * One metric of the table in Prometheus text format, byte for byte what `prom-client` writes. Written here because a
 * scrape of 500 symbols has twenty thousand series: going through the registry, which hashes the labels of each,
 * takes several times as long and holds the event loop for it.
 */

import type { Labels, Scrape } from './scrape.js'
import type { MetricDefinition } from './table/definition.js'

export function exposition({ name, help, type, read }: MetricDefinition, scrape: Scrape): string {
  // Two sources of one name must not give two lines of one series: Prometheus would refuse the whole scrape.
  const values = new Map<string, number>()
  const isCounter = type === 'counter'
  read(scrape, (labels, value) => {
    const key = labelText(labels)
    values.set(key, isCounter ? (values.get(key) ?? 0) + value : value)
  })
  const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`]
  for (const [labels, value] of values) lines.push(`${name}${labels} ${value}`)
  return lines.join('\n')
}

/** Labels of a feed serve ten metrics of one scrape. */
const texts = new WeakMap<Labels, string>()

function labelText(labels: Labels): string {
  const known = texts.get(labels)
  if (known !== undefined) return known
  let text = ''
  for (const label in labels) text += `${text === '' ? '{' : ','}${label}="${escaped(labels[label] ?? '')}"`
  if (text !== '') text += '}'
  texts.set(labels, text)
  return text
}

const TO_ESCAPE = /[\\"\n]/

function escaped(value: string): string {
  // Names of symbols and streams need none of it; asking first is what makes it cheap.
  if (!TO_ESCAPE.test(value)) return value
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
