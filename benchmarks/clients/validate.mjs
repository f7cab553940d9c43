// node validate.mjs NODE OUT FILE...: Khronos' glTF validator. A line of JSON for each file; errors are problems, warnings are not.
import fs from 'fs'; import path from 'path'; import { createRequire } from 'module'
const [node, , ...files] = process.argv.slice(2)
const validator = createRequire(path.join(node, 'package.json'))('gltf-validator')
for (const file of files) {
  const beside = uri => fs.promises.readFile(path.resolve(path.dirname(file), decodeURIComponent(uri))).then(b => new Uint8Array(b))
  let problems
  try {
    const report = await validator.validateBytes(new Uint8Array(fs.readFileSync(file)), { uri: file, externalResourceFunction: beside })
    problems = report.issues.messages.filter(m => m.severity === 0).map(m => `${m.code} ${m.pointer}: ${m.message}`)
    console.error(path.basename(file), report.issues.messages.filter(m => m.severity === 1).map(m => m.code).join(' '))
  } catch (error) { problems = [String(error)] }
  console.log(JSON.stringify({ file, problems }))
}
