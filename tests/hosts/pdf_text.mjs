// Prints what pdf.js finds in a PDF, one JSON object a page: { text, items: [{ text, box }] }.
// Boxes are left, top, right and bottom in points of the page as it is shown.
// node pdf_text.mjs FILE
import { readFileSync } from "node:fs";
import { getDocument, Util, VerbosityLevel } from "pdfjs-dist/legacy/build/pdf.mjs";

const data = new Uint8Array(readFileSync(process.argv[2]));
const pdf = await getDocument({ data, verbosity: VerbosityLevel.ERRORS }).promise;
for (let number = 1; number <= pdf.numPages; number++) {
  const page = await pdf.getPage(number);
  const viewport = page.getViewport({ scale: 1 });
  // Lengths of items are in units of the page, which need not be points.
  const unit = Math.hypot(viewport.transform[0], viewport.transform[1]);
  const { items } = await page.getTextContent();
  const text = items.map((item) => item.str + (item.hasEOL ? "\n" : "")).join("");
  const boxed = items
    .filter((item) => item.str.trim())
    .map((item) => {
      const [a, b, c, d, x, y] = Util.transform(viewport.transform, item.transform);
      const along = [a, b].map((side) => (side * unit * item.width) / Math.hypot(a, b));
      const up = [c, d].map((side) => (side * unit * item.height) / Math.hypot(c, d));
      const xs = [x, x + along[0], x + up[0], x + along[0] + up[0]];
      const ys = [y, y + along[1], y + up[1], y + along[1] + up[1]];
      const box = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
      return { text: item.str, box };
    });
  console.log(JSON.stringify({ text, items: boxed }));
}
