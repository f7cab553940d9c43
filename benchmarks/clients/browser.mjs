// node browser.mjs NODE PAGE BROWSER OUT FILE...: shows each file on PAGE in a headless browser; a line of JSON and a picture for each.
// PAGE has `show(url)`, which resolves to what it sees. What cannot be loaded, 404s and errors on the console are problems.
import fs from 'fs'; import http from 'http'; import os from 'os'; import path from 'path'; import { createRequire } from 'module'
const [node, pageName, browserPath, out, ...files] = process.argv.slice(2)
const puppeteer = createRequire(path.join(node, 'package.json'))('puppeteer-core')
const here = path.dirname(new URL(import.meta.url).pathname)
const types = { '.js': 'text/javascript', '.html': 'text/html', '.wasm': 'application/wasm', '.png': 'image/png' }
let folder = '', problems = []
const server = http.createServer((request, response) => {
  const name = decodeURIComponent(request.url.split('?')[0])
  const place = name.startsWith('/model/') ? path.join(folder, name.slice(7))
    : name.startsWith('/node_modules/') ? path.join(node, name) : path.join(here, name)
  fs.readFile(place, (error, content) => {
    if (error && !name.endsWith('favicon.ico')) problems.push(`${name} is not there`)
    response.writeHead(error ? 404 : 200, { 'content-type': types[path.extname(place)] || 'application/octet-stream' })
    response.end(content)
  })
})
await new Promise(ready => server.listen(0, '127.0.0.1', ready))
const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'clients-'))
const browser = await puppeteer.launch({
  executablePath: browserPath, headless: true, userDataDir: profile, defaultViewport: { width: 320, height: 320 },
  args: ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--disable-background-networking', '--no-first-run'],
})
const page = await browser.newPage()  // one for all files: starting WebGL in software takes seconds
page.setDefaultTimeout(120000)
page.on('pageerror', error => problems.push(error.message))
page.on('console', message => { if (message.type() === 'error' && !/404/.test(message.text())) problems.push(message.text()) })
await page.goto(`http://127.0.0.1:${server.address().port}/${pageName}`)
await page.waitForFunction('window.show')
for (const file of files) {
  folder = path.dirname(file); problems = []
  let facts = {}
  try {
    const name = '/model/' + encodeURIComponent(path.basename(file)) + '?' + files.indexOf(file)  // not from the cache
    facts = await page.evaluate(url => window.show(url), name)
    const client = path.basename(pageName, '.html')
    facts.picture = `${path.basename(folder)}-${path.basename(file)}-${client}.png`
    await page.screenshot({ path: path.join(out, facts.picture) })
  } catch (error) { problems.push(String(error.message || error).slice(0, 300)) }
  console.log(JSON.stringify({ file, ...facts, problems: problems.map(text => text.slice(0, 300)) }))
}
await browser.close(); server.close(); fs.rmSync(profile, { recursive: true, force: true })
