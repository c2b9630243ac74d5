"""How the page looks: one column of text, figures beside each other where there is room, light and dark."""

LOOKS = """
:root {
  color-scheme: light dark;
  --font: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif;
  --page: #f6f5f2; --card: #ffffff; --ink: #222222; --soft: #5c5c58; --grey: #8a8a8a; --line: #e2e0da;
  --yes: #00734f; --perhaps: #8f5f00; --no: #a63c00;
  --c0: #0072b2; --c1: #b87400; --c2: #009e73; --c3: #cc79a7; --c4: #d55e00; --c5: #56b4e9; --c6: #b8ab00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14161a; --card: #1d2026; --ink: #ececea; --soft: #a9aaa6; --grey: #8d9096; --line: #33373f;
    --yes: #4fc99d; --perhaps: #edb94a; --no: #ff9a62;
    --c0: #6cbcf0; --c1: #f0b73c; --c2: #3cc79b; --c3: #e3a0c5; --c4: #ff8a45; --c5: #8fd0f5; --c6: #f0e442;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink); font: 1rem/1.55 var(--font); }
main { max-width: 66rem; margin: 0 auto; padding: clamp(1.1rem, 4vw, 3rem) clamp(.8rem, 3.5vw, 2.5rem) 3rem; }
header p { margin: 0; color: var(--soft); }
h1 { margin: .1rem 0 .2rem; font-size: clamp(1.7rem, 5.5vw, 2.6rem); line-height: 1.15; letter-spacing: -.02em;
  overflow-wrap: anywhere; }
h2 { margin: 0 0 .6rem; font-size: 1.25rem; letter-spacing: -.01em; }
h3 { margin: 1.4rem 0 .3rem; font-size: 1rem; }
p { margin: .4rem 0; max-width: 46rem; overflow-wrap: anywhere; }
section { margin-top: 1.1rem; padding: clamp(1rem, 3vw, 1.7rem); background: var(--card);
  border: 1px solid var(--line); border-radius: 14px; }
.note, small, .tile span, figcaption { color: var(--soft); }
.note, figcaption { font-size: .9rem; }
small { font-size: .82em; white-space: nowrap; }
.verdict { border-left: 6px solid var(--tone); }
.verdict h2 { font-size: clamp(1.2rem, 3.6vw, 1.6rem); line-height: 1.3; color: var(--tone); }
.verdict ul { margin: .6rem 0 0; padding-left: 1.1rem; max-width: 50rem; }
.verdict li { margin: .35rem 0; overflow-wrap: anywhere; }
.yes { --tone: var(--yes); } .perhaps { --tone: var(--perhaps); } .no { --tone: var(--no); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.6rem, 1fr)); gap: .7rem; margin-top: 1.1rem; }
.tile { padding: .8rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: 14px; }
.tile b { display: block; font-size: 1.45rem; font-weight: 650; letter-spacing: -.01em;
  font-variant-numeric: tabular-nums; }
.tile span { display: block; font-size: .85rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); gap: 1rem 1.6rem; }
.beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); gap: .4rem 2.2rem; }
.beside > div { min-width: 0; }
.beside h3 { margin-top: .3rem; }
figure { margin: .6rem 0 0; max-width: 30rem; min-width: 0; }
figure svg { display: block; width: 100%; height: auto; overflow: visible; }
.scroll { overflow-x: auto; margin: .6rem 0; -webkit-overflow-scrolling: touch; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { padding: .42rem .8rem; text-align: left; border-bottom: 1px solid var(--line); vertical-align: middle; }
th:first-child { padding-left: 0; }
thead th { font-weight: 500; color: var(--soft); white-space: nowrap; }
tbody th { font-weight: 550; min-width: 7.5rem; max-width: 16rem; overflow-wrap: anywhere; }
tbody tr:last-child > * { border-bottom: 0; }
.n { text-align: right; white-space: nowrap; }
.contest td, .contest th { white-space: nowrap; }
.contest tbody tr:first-child th { color: var(--c0); }
.columns td:last-child { min-width: 12rem; color: var(--soft); }
.confusion tbody th { min-width: 4rem; }
.confusion td { min-width: 3.6rem; text-align: right; border: 1px solid var(--card);
  background: color-mix(in srgb, var(--hue, var(--c4)) calc(var(--share, 0) * 50%), var(--page)); }
.confusion .right { --hue: var(--c0); }
.spark { display: block; width: 96px; height: 22px; fill: var(--c0); }
.contest, .columns, .bars { width: 100%; }
.bars { max-width: 48rem; }
.bars td:nth-child(2) { width: 60%; }
.bar { display: block; width: 100%; min-width: 4.5rem; height: .7rem; }
.bar i { display: block; height: 100%; border-radius: 3px; background: var(--c0); min-width: 1px; }
.bar.pale i { background: var(--grey); }
dl { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .25rem 1.2rem; margin: .4rem 0; }
dt { color: var(--soft); } dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
footer { margin-top: 1.4rem; color: var(--soft); font-size: .85rem; }
@media (min-width: 44rem) { tbody th { overflow-wrap: break-word; } }
@media (max-width: 44rem) { .contest small, .bars small { display: block; } }
@media (max-width: 30rem) { th, td { padding: .38rem .55rem; } .tile b { font-size: 1.25rem; } }
@media print { body { background: none; } section, .tile { break-inside: avoid; } }
"""
