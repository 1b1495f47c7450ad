/** Style of a report: light and dark by the reader's setting, on paper without colour areas. */
export const REPORT_STYLE = `
:root{color-scheme:light dark;--bg:#fff;--panel:#f6f7f9;--text:#1a1d21;--soft:#5d6672;--rule:#dfe3e8;--good:#12714a;--goodbg:#e3f4ec;--warn:#8a5a00;--warnbg:#fdf1d7;--bad:#b3261e;--badbg:#fbe6e4;--l0:#2563c9;--l1:#b4540a;--l2:#0b7f76;--l3:#7b3fb8;--up:#12805a;--down:#c2362b;--bar0:#a9c4ee;--bar1:#c9daf5}
@media(prefers-color-scheme:dark){:root{--bg:#14171b;--panel:#1c2026;--text:#e4e7eb;--soft:#98a2af;--rule:#2f353d;--good:#62d39f;--goodbg:#15301f;--warn:#f0bf55;--warnbg:#33290f;--bad:#ff8d84;--badbg:#3a1a18;--l0:#78a9ff;--l1:#f2a65a;--l2:#4fd1c5;--l3:#c79bf2;--up:#3fbf8c;--down:#f0766c;--bar0:#335b99;--bar1:#27446f}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1040px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:22px;margin:0 0 2px}h2{font-size:17px;margin:36px 0 10px}h3{font-size:14px;margin:18px 0 4px;color:var(--soft);font-weight:600}
p{margin:6px 0}.soft{color:var(--soft)}
.verdict{border-left:5px solid;border-radius:4px;padding:12px 18px;margin:18px 0}
.verdict strong{font-size:18px;display:block}.verdict ul{margin:6px 0 0;padding-left:20px}
.good{border-color:var(--good);background:var(--goodbg)}.healed,.incomplete{border-color:var(--warn);background:var(--warnbg)}.failed{border-color:var(--bad);background:var(--badbg)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:10px;margin:16px 0}
.tile{background:var(--panel);border:1px solid var(--rule);border-radius:6px;padding:8px 12px}
.tile b{display:block;font-size:20px;font-variant-numeric:tabular-nums}.tile span{color:var(--soft);font-size:13px}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:13px}
th{text-align:left;color:var(--soft);font-weight:600;border-bottom:1px solid var(--rule);padding:4px 10px 4px 0;white-space:nowrap}
td{border-bottom:1px solid var(--rule);padding:3px 10px 3px 0;vertical-align:top}
td.t{white-space:nowrap}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.tag{font-size:12px;font-weight:600;white-space:nowrap}.tag.ok{color:var(--good)}.tag.warn{color:var(--warn)}.tag.bad{color:var(--bad)}
.meter{display:inline-block;width:80px;height:8px;background:var(--panel);border:1px solid var(--rule);border-radius:4px;overflow:hidden;vertical-align:middle}
.meter i{display:block;height:100%;background:var(--l0)}
code,.log{font:12px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.log td{white-space:pre-wrap;overflow-wrap:anywhere}.log td:first-child,.log td:nth-child(2){white-space:nowrap}
details{margin:8px 0}summary{cursor:pointer;color:var(--soft)}
svg{display:block;width:100%;height:auto;background:var(--panel);border:1px solid var(--rule);border-radius:6px;margin:6px 0}
svg text{font:11px system-ui,sans-serif;fill:var(--soft)}svg .inbar{fill:var(--text)}
.grid{stroke:var(--rule)}.axis{stroke:var(--soft)}.line{fill:none;stroke-width:1.6;stroke-linejoin:round}
.line.l0{stroke:var(--l0)}.line.l1{stroke:var(--l1)}.line.l2{stroke:var(--l2)}.line.l3{stroke:var(--l3)}
rect.stale{fill:var(--bad);opacity:.14}.bar.even{fill:var(--bar0)}.bar.odd{fill:var(--bar1)}
.lost{stroke:var(--bad);stroke-width:2.5}.handover{fill:none;stroke:var(--good);stroke-width:2}
.candle path{fill:none}.candle.up path,.candle.up rect{stroke:var(--up);fill:var(--up)}.candle.down path,.candle.down rect{stroke:var(--down);fill:var(--down)}
.candle.backfill rect:not(.volume){fill:var(--panel)}.candle .volume{opacity:.35;stroke:none}.missing{fill:var(--bad);opacity:.18}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;font-size:13px;color:var(--soft)}.legend i{display:inline-block;width:14px;height:4px;border-radius:2px;margin-right:6px;vertical-align:middle}
.legend .l0{background:var(--l0)}.legend .l1{background:var(--l1)}.legend .l2{background:var(--l2)}.legend .l3{background:var(--l3)}.legend .stale{background:var(--bad);opacity:.4;height:10px}
footer{margin-top:40px;color:var(--soft);font-size:13px;border-top:1px solid var(--rule);padding-top:10px}
@media print{body{font-size:11px}main{max-width:none;padding:0}svg,.tile{break-inside:avoid}}
`
