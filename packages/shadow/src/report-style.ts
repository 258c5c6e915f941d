/** One sheet for light and dark; colours keep a contrast of 4.5 to their ground in both. */
export const reportStyle: string = `
:root{color-scheme:light dark;--ink:#1c2321;--dim:#5a6662;--ground:#fdfdfb;--card:#f1f4f1;--line:#d5dcd8;--good:#1d6b45;--bad:#a3261f;--open:#7a5200;--noise:#8aa0b4;--excess:#b5432f}
@media (prefers-color-scheme:dark){:root{--ink:#e6ece9;--dim:#a3b0ab;--ground:#141917;--card:#1e2522;--line:#36403c;--good:#6cc79a;--bad:#f08a80;--open:#e0b45a;--noise:#62798f;--excess:#e0705a}}
body{margin:0 auto;max-width:72rem;padding:2rem 1rem;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
h1{margin:0;font-size:2rem;text-transform:capitalize}h2{margin:2rem 0 .5rem}h4{margin:0 0 .3rem;color:var(--dim)}
header.pass h1,tr.pass td:nth-child(2){color:var(--good)}header.fail h1,tr.fail td:nth-child(2),.failed{color:var(--bad)}
header.inconclusive h1,tr.inconclusive td:nth-child(2),header.error h1,tr.error td:nth-child(2){color:var(--open)}
.dim,small{color:var(--dim)}table{border-collapse:collapse;width:100%}th,td{padding:.35rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
.bar{display:flex;width:9rem;height:.9rem;margin-top:.3rem;background:var(--card);border-radius:3px;overflow:hidden}.bar i{background:var(--noise)}.bar b{background:var(--excess)}
article{margin:0 0 1rem;padding:.8rem 1rem;background:var(--card);border-radius:6px}article p{margin:0 0 .4rem}
.sides{display:grid;grid-template-columns:1fr 1fr;gap:1rem}@media (max-width:40rem){.sides{grid-template-columns:1fr}}
pre{margin:0 0 .4rem;white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.45 ui-monospace,monospace}pre.input{font-weight:600}
footer{margin-top:2rem}
`;
