// A page as a browser shows it: pictures of it at desktop and phone width, and of each mode of its viewer; exits with 1 if it
// asks for anything, overflows, complains, or draws nothing. Needs Chromium and `npm i puppeteer-core` beside a copy of this file:
//   node pages.mjs runs/RUN/index.html pictures
import fs from 'fs';
import os from 'os';
import path from 'path';
import puppeteer from 'puppeteer-core';

const [page, out] = process.argv.slice(2), profile = fs.mkdtempSync(path.join(os.tmpdir(), 'page-'));
const url = page.includes('://') ? page : 'file://' + path.resolve(page), problems = [];
fs.mkdirSync(out, { recursive: true });
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium', headless: true, userDataDir: profile,
  args: ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--no-first-run', '--disable-background-networking'],
});
const sizes = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844, deviceScaleFactor: 2, hasTouch: true, isMobile: true } };
for (const [name, size] of Object.entries(sizes)) {
  const tab = await browser.newPage();
  tab.on('console', said => problems.push(`${name}: ${said.text()}`));
  tab.on('pageerror', error => problems.push(`${name}: ${error.message}`));
  tab.on('request', asked => { if (!asked.url().startsWith('data:') && asked.url() !== url && url.startsWith('file:')) problems.push(`${name} asks for ${asked.url()}`); });
  await tab.setViewport(size);
  await tab.goto(url);
  await tab.evaluate('window.ready');
  const width = await tab.evaluate('document.documentElement.scrollWidth');
  if (width > size.width) problems.push(`${name}: ${width} px wide`);
  await tab.evaluate('window.viewer && window.viewer.look(0.45, 0.26)');
  await tab.screenshot({ path: path.join(out, `${name}.png`), fullPage: true });
  const modes = await tab.$$eval('#modes button', found => found.map(button => button.textContent));
  for (const mode of name === 'desktop' ? modes.filter(text => text !== 'Reset') : []) {
    await tab.evaluate(text => [...document.querySelectorAll('#modes button')].find(button => button.textContent === text).click(), mode);
    await new Promise(done => setTimeout(done, 300));
    await (await tab.$('#frame')).screenshot({ path: path.join(out, `${mode.toLowerCase()}.png`) });
    const colors = await tab.evaluate(() => {
      const canvas = document.querySelector('canvas'), gl = canvas.getContext('webgl2'), pixels = new Uint8Array(4 * canvas.width * canvas.height);
      gl.readPixels(0, 0, canvas.width, canvas.height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
      return new Set(new Uint32Array(pixels.buffer)).size;
    });
    if (colors < 10) problems.push(`${mode}: ${colors} colors`);
  }
  await tab.close();
}
await browser.close();
fs.rmSync(profile, { recursive: true, force: true });
console.log(problems.length ? problems.join('\n') : `${page}: as it should be; pictures are in ${out}`);
process.exit(problems.length ? 1 : 0);
