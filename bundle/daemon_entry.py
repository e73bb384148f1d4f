"""What the executable `ocr-sidecar` runs. It imports no more, as it is the guard as well."""

import sys

from daemon.__main__ import main

sys.exit(main())
