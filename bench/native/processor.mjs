/** What a connection costs while little happens: processor time of the client's process over a span, per mode. */
import { reportOf, sleep } from './crew.mjs'

/** Rows `{ name, rates: [{ rate, share }] }`; share of one core, start of the process not counted. */
export async function measureProcessor(crew, { rates, spanMs }) {
  const rows = []
  for (const mode of ['pump', 'poll']) {
    const service = `bench-cpu-${mode}`
    const connector = crew.rust('fake_connector', [service, '--buffer', '1000', '--bots', '4', '--quiet', '1'], {
      far: true,
    })
    await reportOf(connector, 'ready', {})
    const member = crew.node('watch-client.ts', [service, '--mode', mode, '--bot', '5', '--books', 'no'], {
      threaded: mode === 'pump',
    })
    await reportOf(member, 'ready', { others: [connector] })
    await reportOf(connector, 'registered', { others: [member] })
    const shares = []
    for (const rate of rates) {
      if (rate > 0) connector.send({ cmd: 'market', rate, batch: rate < 20 ? 1 : 20 })
      // The pump's naps grow until nothing has come for a second.
      await sleep(rate === 0 ? 1_500 : 300)
      shares.push({ rate, share: await shareOf(member, spanMs) })
      if (rate > 0) await connector.ask({ cmd: 'stop' }, 'stopped', 10_000)
    }
    await crew.end(member)
    await crew.end(connector)
    rows.push({ name: `JS ${mode}`, rates: shares })
  }
  return rows
}

async function shareOf(member, spanMs) {
  const first = await member.ask({ cmd: 'cpu' }, 'cpu', 10_000)
  await sleep(spanMs)
  const last = await member.ask({ cmd: 'cpu' }, 'cpu', 10_000)
  return (last.user + last.system - first.user - first.system) / 1e3 / (last.uptimeMs - first.uptimeMs)
}

export function printProcessor(rows, print) {
  const heads = rows[0].rates.map(({ rate }) => (rate === 0 ? 'idle' : `${rate}/s`))
  print(`| share of one core | ${heads.join(' | ')} |`)
  print(`| --- |${' --- |'.repeat(heads.length)}`)
  for (const { name, rates } of rows)
    print(`| ${name} | ${rates.map(({ share }) => `${(share * 100).toFixed(1)} %`).join(' | ')} |`)
}
