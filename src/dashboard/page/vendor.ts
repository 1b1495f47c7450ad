/**
 * The two chart libraries, served by the same server from their packages and loaded when the first chart is drawn.
 * The addresses are variables because no bundler stands between this file and the browser.
 */
import type * as LightweightCharts from 'lightweight-charts'
import type uPlot from 'uplot'

const UPLOT: string = '../vendor/uplot.js'
const LIGHTWEIGHT_CHARTS: string = '../vendor/lightweight-charts.js'

export type UPlotClass = typeof uPlot
export type Charts = typeof LightweightCharts

export async function loadUPlot(): Promise<UPlotClass> {
  return ((await import(UPLOT)) as { readonly default: UPlotClass }).default
}

export async function loadCharts(): Promise<Charts> {
  return (await import(LIGHTWEIGHT_CHARTS)) as Charts
}
