/** One sheet for light and dark, screen and paper. */
export const reportStyle = `
:root { color-scheme: light dark; --ink: #1c2421; --dim: #5b6a64; --paper: #fbfcfb; --card: #fff; --line: #d9e0dc;
  --good: #1a7f5a; --bad: #b3261e; --unsure: #8a5a00; --bar: #44534d; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ece9; --dim: #9aaaa3; --paper: #121715; --card: #1a211e;
  --line: #303a36; --good: #4cc699; --bad: #ff8a80; --unsure: #f0b74a; --bar: #b4c2bc; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 70rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.1rem; margin: 2.25rem 0 .6rem; } h3 { font-size: .95rem; margin: 1.1rem 0 .3rem; }
p, li { max-width: 56rem; } p { margin: .4rem 0; } time { white-space: nowrap; }
header, figure { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.1rem 1.25rem; margin: 0; }
header { border-left: 6px solid var(--dim); }
header.pass { border-left-color: var(--good); } header.fail { border-left-color: var(--bad); }
header.error { border-left-color: var(--bad); }
header.inconclusive, header.incomparable { border-left-color: var(--unsure); }
.dim, figcaption, .tick, .sub { color: var(--dim); } figcaption { font-size: .9rem; margin-top: .4rem; }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; unicode-bidi: isolate; }
ul { padding-left: 1.2rem; margin: .4rem 0; } li { margin: .25rem 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; }
th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td > code { overflow-wrap: break-word; } td:first-child { min-width: 8rem; }
th { font-weight: 600; color: var(--dim); white-space: nowrap; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.pass, td.ok { color: var(--good); } td.fail, td.worse { color: var(--bad); } td.inconclusive, td.warn, td.unknown { color: var(--unsure); }
details { border-top: 1px solid var(--line); padding: .5rem 0; } summary { cursor: pointer; }
pre { overflow-x: auto; font: .82rem/1.45 ui-monospace, monospace; background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; padding: .8rem; }
.plot { width: 100%; min-width: 36rem; height: auto; display: block; font: 14px system-ui, sans-serif; }
.plot text { fill: var(--ink); } .plot .tick { fill: var(--dim); font-size: 12px; } .plot .sub { fill: var(--dim); font-size: 12px; }
.plot .grid { stroke: var(--line); } .plot .zero { stroke: var(--dim); stroke-width: 1.5; }
.plot .margin { stroke: var(--bad); stroke-width: 2; stroke-dasharray: 4 3; }
.plot .bar { stroke: var(--bar); stroke-width: 4; } .plot .cap { stroke: var(--bar); stroke-width: 2; }
.plot .pass .dot { fill: var(--good); } .plot .fail .dot { fill: var(--bad); } .plot .inconclusive .dot { fill: var(--unsure); }
.share { display: inline-block; height: .65em; background: var(--bar); border-radius: 2px; min-width: 1px; }
@media print { body { max-width: none; } details > * { display: block; } }
`;
