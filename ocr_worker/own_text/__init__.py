"""The text that a PDF page carries, kept where it is what a reader of the page sees.

`native_page` decides; `layer_check` compares what is in doubt with a `montage` of what
`layer_sample` takes, `picture_text` reads pictures beside it, `ink` says where there may be text.
"""
