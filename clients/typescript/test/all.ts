// All tests, as one file: Node 20 takes no patterns, and the shells of Windows do not either.

import "./lines.test.js";
import "./sidecar.test.js";
import "./jobs.test.js";
import "./endings.test.js";
import "./electron.test.js";
