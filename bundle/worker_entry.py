"""What the executable `ocr-sidecar-worker` runs."""

from ocr_worker.__main__ import main

main()
