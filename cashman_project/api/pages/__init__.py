"""The browsable pages: plain HTML that needs no script."""
