// Opens every page in Chromium, in both schemes and at two widths, and says what is wrong with it.
// Usage: node judge.mjs NODE_MODULES SITE CHROMIUM; prints one JSON value.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { extname, join, resolve } from "node:path";

const [modules, site, executablePath] = process.argv.slice(2);
const require = createRequire(join(resolve(modules), "x.js"));
const { chromium } = require("playwright-core");
const { HtmlValidate, StaticConfigLoader } = require("html-validate");
const axe = await readFile(join(modules, "axe-core", "axe.min.js"), "utf8");
const pages = JSON.parse(await readFile("/dev/stdin", "utf8"));

const types = {
  ".html": "text/html; charset=utf-8", ".css": "text/css", ".svg": "image/svg+xml",
  ".woff2": "font/woff2", ".xml": "application/atom+xml", ".json": "application/feed+json",
};
const server = createServer(async (request, response) => {
  try {
    const path = decodeURIComponent(new URL(request.url, "http://x").pathname);
    const data = await readFile(join(site, path.endsWith("/") ? `${path}index.html` : path));
    response.writeHead(200, { "content-type": types[extname(path)] ?? "application/octet-stream" });
    response.end(data);
  } catch {
    response.writeHead(404).end();
  }
}).listen(0, "127.0.0.1");
await new Promise((done) => server.once("listening", done));
const root = `http://127.0.0.1:${server.address().port}/`;

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const found = { looks: 0, problems: [], fetched: [] };
for (const colorScheme of ["light", "dark"]) {
  for (const width of [1280, 320]) {
    const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 } });
    for (const path of pages) {
      const where = `${path} ${colorScheme} ${width}`;
      const say = (what) => found.problems.push(`${where}: ${what}`);
      const page = await context.newPage();
      page.on("console", (message) => say(`console: ${message.text()}`));
      page.on("pageerror", (error) => say(`script: ${error}`));
      page.on("request", (request) => {
        if (!request.url().startsWith(root)) found.fetched.push(`${where}: ${request.url()}`);
      });
      page.on("response", (response) => {
        if (response.status() >= 400) say(`${response.status()} ${response.url()}`);
      });
      await page.goto(root + path, { waitUntil: "load" });
      const wide = await page.evaluate(() => {
        const root = document.documentElement;
        return root.scrollWidth - root.clientWidth;
      });
      if (wide > 0) say(`${wide} px wider than the window`);
      // evaluate() runs beside the page and its Content-Security-Policy, which stays in force.
      await page.evaluate(axe);
      const result = await page.evaluate(() => window.axe.run(document));
      for (const one of result.violations)
        say(`axe ${one.id}: ${one.nodes.map((node) => node.html).slice(0, 3).join(" | ")}`);
      found.looks += 1;
      await page.close();
    }
    await context.close();
  }
}
await browser.close();

const validator = new HtmlValidate(new StaticConfigLoader({
  root: true,
  extends: ["html-validate:recommended"],
  rules: { "long-title": "off" }, // a title is as long as the model made it
}));
for (const path of pages) {
  const html = await readFile(join(site, path), "utf8");
  const report = await validator.validateString(html, path);
  for (const { messages } of report.results)
    for (const { ruleId, line, message } of messages)
      found.problems.push(`${path}:${line}: html-validate ${ruleId}: ${message}`);
}
server.close();
console.log(JSON.stringify(found));
