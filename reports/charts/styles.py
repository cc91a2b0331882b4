"""The colours and letters of the charts, light and dark as the reader's system asks.

The style sheet is a constant, so that a Content-Security-Policy can allow it by its hash.
"""

import base64
import hashlib

STYLES = """
.chart{
--card:#fff;--ink:#1c242c;--muted:#5a6570;--line:#e4e5e0;--edge:#8b949c;
--income:#1c7c45;--expense:#c8553d;--accent:#0b6477;--faint:#c9dade;
font:13px/1.3 system-ui,sans-serif;font-variant-numeric:tabular-nums}
@media (prefers-color-scheme:dark){.chart{
--card:#1b2227;--ink:#e6eaed;--muted:#9ba7b0;--line:#2f393f;--edge:#71808a;
--income:#4fae78;--expense:#dd7c65;--accent:#6cc5d6;--faint:#3d5a64}}
.chart text{fill:var(--ink)}
.chart .mirrored text{transform:scaleX(-1);transform-box:fill-box;transform-origin:center}
.chart .card{fill:var(--card)}
.chart .title{font-size:17px;font-weight:600}
.chart .muted{fill:var(--muted)}
.chart .small{font-size:12px;fill:var(--muted)}
.chart .strong{font-weight:600}
.chart .grid{stroke:var(--line)}
.chart .zero{stroke:var(--edge)}
.chart .mean{stroke:var(--ink);stroke-width:1.5;stroke-dasharray:5 4}
.chart .income{fill:var(--income)}
.chart .expense{fill:var(--expense)}
.chart .accent{fill:var(--accent)}
.chart .before{fill:var(--faint);stroke:var(--edge)}
.chart .rest{fill:var(--edge)}
.chart .hub{fill:var(--edge)}
.chart .ghost{fill:var(--line)}
.chart .flow{opacity:.38}
.chart .flow:hover,.chart .flow:focus{opacity:.62}
.chart .area{fill:var(--accent);opacity:.14}
.chart .curve{fill:none;stroke:var(--accent);stroke-width:2.5;stroke-linejoin:round;stroke-linecap:round}
.chart .net{fill:none;stroke:var(--ink);stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.chart .under{fill:none;stroke:var(--card);stroke-width:5;stroke-linejoin:round}
.chart .gap{stroke:var(--card);stroke-width:4;opacity:.75}
.chart .dot{fill:var(--card);stroke:var(--ink);stroke-width:2}
.chart .end{fill:var(--accent);stroke:var(--card);stroke-width:2}
.chart .target{fill:var(--ink);opacity:0}
.chart .target:hover{opacity:.07}
"""

# Its source in a Content-Security-Policy (CSP 3, section 2.3.1).
STYLES_SOURCE = f"'sha256-{base64.b64encode(hashlib.sha256(STYLES.encode()).digest()).decode()}'"
