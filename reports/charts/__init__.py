"""Charts as SVG: plain values in, text out. It knows no database and no HTTP (docs/adr/0040-charts-of-our-own.md)."""
