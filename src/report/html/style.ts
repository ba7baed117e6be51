/** Colours by meaning; every text has a contrast of 4.5 or more (WCAG AA). */
const LIGHT = `
--ground:#f7f6f2;--card:#fffefb;--line:#dfdcd2;--text:#20262b;--soft:#5c636a;--track:#e9e6dd;--cell:#f1efe8;
--good:#1d6b43;--good-g:#e0f0e6;--open:#7d5200;--open-g:#fbeccb;--bad:#a8231b;--bad-g:#fbe3df;--far:#6c3fa4;--far-g:#ede4f8;--soft-g:#eceae3;
--asked:#b9c4cc;--wanted:#1d6b43;--used:#16425b;--link:#0b5a75;
--h0:#0b5a75;--h0-g:#d8ebf2;--h1:#8a3b12;--h1-g:#fae3d5;--h2:#4d5a00;--h2-g:#ebefcb;--h3:#8c2360;--h3-g:#f8dfec;--h4:#3c4a9c;--h4-g:#e2e5f7;--h5:#0d6157;--h5-g:#d5efea;`;
const DARK = `
--ground:#14181b;--card:#1b2024;--line:#333b41;--text:#e6e8e6;--soft:#a3acb3;--track:#2d343a;--cell:#20262b;
--good:#7fd6a3;--good-g:#17352a;--open:#f2c46b;--open-g:#3a2d10;--bad:#ff9d92;--bad-g:#43201d;--far:#cbaaf3;--far-g:#33264a;--soft-g:#2a3136;
--asked:#55626c;--wanted:#7fd6a3;--used:#8ecbe8;--link:#8ecbe8;
--h0:#8ecbe8;--h0-g:#173542;--h1:#f5b08c;--h1-g:#43291b;--h2:#d0d983;--h2-g:#31350f;--h3:#f3a6cc;--h3-g:#431f33;--h4:#b1bcf8;--h4-g:#262d52;--h5:#86d8cb;--h5-g:#123a35;`;

const PAGE = `
*{box-sizing:border-box}
body{margin:0 auto;max-width:84rem;padding:2rem clamp(1rem,3vw,2.5rem) 4rem;background:var(--ground);color:var(--text);overflow-wrap:break-word;font:1rem/1.5 system-ui,"Segoe UI",Roboto,"Noto Sans",sans-serif}
h1{font-size:1.75rem;line-height:1.2;margin:0;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{font-size:1.25rem;margin:2.5rem 0 .5rem}
h3{font-size:1.05rem;margin:0 0 .5rem;overflow-wrap:anywhere}
p{margin:.25rem 0 .75rem}
header p{margin:0;color:var(--soft)}
.soft,.legend{color:var(--soft);font-weight:400}
.legend{font-size:.875rem;max-width:60rem}
code,.list,.count,.name,th[scope=row]{font-variant-numeric:tabular-nums}
code{font-family:ui-monospace,"DejaVu Sans Mono",Menlo,monospace;font-size:.9em}
a{color:var(--link)}
:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:4px}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.skip{position:absolute;left:-99rem}
.skip:focus{left:1rem;top:1rem;background:var(--card);padding:.5rem 1rem;z-index:2}
ul,ol{list-style:none;margin:0;padding:0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.75rem;margin:1.5rem 0 0}
.tile{display:flex;flex-direction:column-reverse;justify-content:flex-end;background:var(--card);border:1px solid var(--line);border-radius:12px;padding:.75rem 1rem}
.tile dt{color:var(--soft);font-size:.875rem;line-height:1.3}
.tile dd{margin:0;font-size:1.75rem;line-height:1.3;font-weight:600;font-variant-numeric:tabular-nums}
.tile.good dd{color:var(--good)}.tile.open dd{color:var(--open)}.tile.bad dd{color:var(--bad)}.tile.remote dd{color:var(--far)}`;

const HUES = [0, 1, 2, 3, 4, 5]
  .map((n) => `.sign.hue${n}{background:var(--h${n}-g);color:var(--h${n})}.cpu.hue${n}{background:var(--h${n}-g)}`)
  .join('');

const NODES = `
.nodes{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:1rem}
.node,.domain,.card,details{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1rem}
.devices{display:flex;flex-wrap:wrap;gap:.25rem .9rem;margin-bottom:.75rem;font-size:.875rem}
.devices li{min-width:0;overflow-wrap:anywhere}
.sign{display:inline-block;min-width:1.35em;padding:0 .3em;border-radius:4px;text-align:center;font-size:.8em;font-weight:700;line-height:1.5;border:1px solid currentColor}
.cpus{display:grid;grid-template-columns:repeat(auto-fill,minmax(6.75rem,1fr));gap:.4rem}
.cpu{background:var(--cell);border-radius:8px;min-height:4.75rem;font-size:.8125rem;line-height:1.35;color:var(--soft)}
.cpu>.name,.cpu a{padding:.35rem .5rem}
.cpu>.name{display:block}
.cpu a,.face{display:flex;flex-direction:column;height:100%}
.cpu{position:relative}
.cpu a{color:var(--text);text-decoration:none;border-radius:8px}
.cpu a:hover{box-shadow:0 0 0 2px var(--link)}
.cpu a .name{font-weight:600}
.cpu a i{margin-top:auto}
.cpu .line{display:block}
.cpu .sign{background:var(--card)}
.cpu.off{background:repeating-linear-gradient(45deg,var(--cell) 0 4px,var(--track) 4px 6px)}
.badge{display:inline-block;min-width:1.4em;padding:0 .3em;border-radius:1em;background:var(--used);color:var(--card);font-size:.72rem;font-weight:700;text-align:center;line-height:1.4}
.compact .cpus{grid-template-columns:repeat(auto-fill,minmax(2rem,1fr));gap:3px}
.compact .cpu{min-height:2.25rem;font-size:.72rem;border-radius:5px}
.compact .cpu>.name,.compact .cpu a{padding:.15rem .2rem}
.compact .cpu a{border-radius:5px}
.lines,.signs{padding-bottom:3px}
.signs{display:flex;flex-direction:column;gap:2px;align-items:flex-start;min-height:2.1rem}
.signs .sign{font-size:.6rem;padding:0 .2em}
.compact .badge{font-size:.62rem}
i{display:block;height:5px;border-radius:3px;margin-top:.3rem;background:linear-gradient(var(--far) 0 0) 0/var(--r,0) 100% no-repeat,linear-gradient(var(--used) 0 0) 0/var(--w) 100% no-repeat var(--track)}
.compact i{height:4px}
.track{fill:var(--track)}
.far-word{color:var(--far);font-weight:600}
details{margin-top:1rem}
.domain details{border:0;padding:0;margin-top:.5rem}
:target{scroll-margin-top:1rem}
section:target{outline:2px solid var(--link);outline-offset:2px}
summary{cursor:pointer;font-weight:600}
details .scroll{margin-top:.75rem}`;

const TABLES = `
.domain{margin-top:1rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.875rem}
th,td{text-align:left;padding:.35rem .75rem .35rem 0;vertical-align:top;border-bottom:1px solid var(--line)}
thead th{color:var(--soft);font-weight:600;font-size:.8125rem;white-space:nowrap}
th[scope=row]{font-weight:600}
td.list{min-width:9rem}
.time{white-space:nowrap}
.interrupts td:nth-child(2){white-space:nowrap}
th.guest{min-width:9rem;max-width:30rem;overflow-wrap:anywhere}
tr.device th{padding-top:1rem;font-weight:600}
.about{position:sticky;left:0;width:fit-content;max-width:min(100%,calc(100vw - 4rem));overflow-wrap:anywhere}
.alias{font-weight:600}
.interrupts tr:not(.device)>:nth-child(n+4):nth-child(-n+6),td.list{max-width:14rem;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
.interrupts td:nth-child(8),td.count{min-width:7rem;font-variant-numeric:tabular-nums}.interrupts td:nth-child(8),.count{text-align:right;padding-right:0}.count+.count{padding-left:.75rem}.count+:not(.count){padding-left:1.5rem}
tbody:last-child tr:last-child>*{border-bottom:0}
tr:target{background:var(--open-g)}
.listed li{padding:.15rem 0;overflow-wrap:anywhere}.symbols{position:absolute}
.tile dd a{color:inherit}
.interrupts use,.interrupts svg>rect{height:100%}.interrupts use{width:100%}.interrupts svg>rect{width:var(--cpu);fill:var(--used)}.interrupts svg>.astray{fill:var(--bad)}
.interrupts svg{display:block;width:clamp(8rem,16vw,14rem);height:16px;margin-top:3px;border-radius:2px}
.asked{fill:var(--asked)}.wanted{fill:var(--wanted)}.edge{fill:var(--card)}
.key{display:inline-block;width:.9em;height:.9em;border-radius:2px;vertical-align:-.1em;margin-left:.4em}
.key.asked{background:var(--asked)}.key.wanted{background:var(--wanted);height:.3em;vertical-align:0}.key.used{background:var(--used);width:.35em}.key.used.astray{background:var(--bad)}
.state,td>b,li>b{display:inline-block;padding:0 .5em;border-radius:1em;font-size:.8125rem;font-weight:600;white-space:nowrap}
b.good{background:var(--good-g);color:var(--good)}b.open{background:var(--open-g);color:var(--open)}b.bad{background:var(--bad-g);color:var(--bad)}b.soft{background:var(--soft-g);color:var(--soft)}b.remote,.state.remote{background:var(--far-g);color:var(--far)}
b.good::before{content:"✓ " / ""}b.open::before{content:"→ " / ""}b.bad::before{content:"✕ " / ""}b.soft::before{content:"– " / ""}b.remote::before{content:"↔ " / ""}
td small{display:block;color:var(--soft);font-size:.8125rem}td:nth-child(7) small{min-width:12rem}
.problems{margin:.35rem 0 .5rem;font-weight:400;font-size:.875rem}
.problems li{padding-left:.6rem;border-left:3px solid var(--line);margin:.2rem 0}
.problems .error{border-color:var(--bad)}.problems .error strong{color:var(--bad)}
.problems .warning{border-color:var(--open)}.problems .warning strong{color:var(--open)}
.rule{color:var(--soft)}
@media (max-width:40rem){.nodes:not(.compact) .cpus{grid-template-columns:repeat(auto-fill,minmax(5.25rem,1fr))}.nodes:not(.compact) .cpu{min-height:4rem;font-size:.75rem}body{padding-top:1.25rem}h1{font-size:1.4rem}.tiles{grid-template-columns:1fr 1fr}.domain,.node,details{padding:.75rem}}
@media print{body{max-width:none;padding:0;font-size:.8rem}.scroll{overflow:visible}.skip{display:none}.tile,.node,tr,li{break-inside:avoid}h2,h3,thead,tr.device{break-after:avoid}.interrupts svg,.key,.badge,.sign,.cpu,b,i{print-color-adjust:exact}table,thead th,td>b{font-size:.7rem}thead th,.time{white-space:normal}td.count{min-width:0}td.list,th.guest{min-width:6rem}}
@media (min-width:120rem){body{max-width:150rem}}
@media (forced-colors:active){.cpu{border:1px solid}i,svg rect{forced-color-adjust:none}}`;

/** The page's style sheet: light, or dark if the reader's system is dark. */
export const STYLE =
  `:root{color-scheme:light dark;${LIGHT}}@media (prefers-color-scheme:dark){:root{${DARK}}}${PAGE}${HUES}${NODES}${TABLES}`.replaceAll(
    '\n',
    '',
  );
