"""Markdown: `rows` puts a page's lines together, `structure` and `tables` say what they are."""
