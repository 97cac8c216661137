// How the page looks, in the light and in the dark.

#ifndef PENSTOCK_EXAMPLES_REPLAY_STYLE_H_
#define PENSTOCK_EXAMPLES_REPLAY_STYLE_H_

#include <string_view>

namespace replay {

inline constexpr std::string_view kStyle = R"(
:root {
  color-scheme: light dark;
  --page: #f4f6f8; --card: #ffffff; --ink: #1b2430; --soft: #5c6877; --line: #e0e5eb;
  --permitted: #3d82bd; --denied: #e2652b; --mark: #eef4fa;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #11161c; --card: #192029; --ink: #e6ebf1; --soft: #9ba8b7; --line: #2b3542;
    --permitted: #5b9fd8; --denied: #f08350; --mark: #202c39;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2.5rem 1.25rem 3rem; max-width: 66rem; background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif;
}
h1 { margin: 0 0 .25rem; font-size: 1.75rem; line-height: 1.2; letter-spacing: -.01em; }
h2 { margin: 0 0 .75rem; font-size: 1.25rem; }
h3 { margin: 2rem 0 .5rem; font-size: 1rem; }
code, .key { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .92em; }
.soft, .axis { color: var(--soft); }
.facts { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.5rem 0; padding: 0; list-style: none; }
.facts li, section {
  background: var(--card); border: 1px solid var(--line); border-radius: .75rem;
}
.facts li { flex: 1 1 9rem; padding: .75rem 1rem; }
.facts b { display: block; font-size: 1.4rem; line-height: 1.3; font-variant-numeric: tabular-nums; white-space: nowrap; }
.facts span { color: var(--soft); font-size: .85rem; }
section { margin: 1.5rem 0; padding: 1.5rem; }
.bar { display: flex; height: .6rem; margin: .75rem 0 .5rem; border-radius: .3rem; overflow: hidden; }
.bar span, .legend i { background: var(--permitted); }
.bar span + span, .legend i.denied { background: var(--denied); }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; margin: 0 0 1rem; }
.legend i { display: inline-block; width: .75rem; height: .75rem; margin-right: .45rem; border-radius: .2rem; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
th { color: var(--soft); font-weight: 500; text-align: left; white-space: nowrap; }
th, td { padding: .45rem .75rem .45rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td:first-child, th:first-child { padding-left: .5rem; }
.name { white-space: nowrap; }
tr:last-child td { border-bottom: 0; }
.number { text-align: right; white-space: nowrap; }
.key { overflow-wrap: anywhere; }
.given td { background: var(--mark); }
.tag {
  margin-left: .4rem; padding: .05rem .45rem; border-radius: 1rem; background: var(--permitted); color: var(--card);
  font-size: .75rem;
}
.multiples { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); gap: 1.25rem; }
figure { margin: 1rem 0 0; }
figcaption { font-size: .92rem; }
svg { display: block; width: 100%; height: auto; }
svg text.axis { fill: var(--soft); font-size: 11px; }
svg text.context { font-weight: 600; }
svg .grid { stroke: var(--line); }
svg line.axis { stroke: var(--soft); }
svg .permitted { fill: var(--permitted); }
svg .denied { fill: var(--denied); }
svg .hit { fill: transparent; }
svg .hit:hover { fill: var(--ink); fill-opacity: .08; }
footer { color: var(--soft); font-size: .85rem; }
)";

}  // namespace replay

#endif  // PENSTOCK_EXAMPLES_REPLAY_STYLE_H_
