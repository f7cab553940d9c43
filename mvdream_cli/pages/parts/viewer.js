// The object to turn: WebGL 2, nothing else. `openViewer(canvas, mesh)` resolves to {show(mode), reset(), look(yaw, pitch)}, or
// rejects. Modes: 0 color, 1 shape, 2 normals, 3 wireframe (its lines are drawn as 4).
'use strict';

async function unpack(mesh) {
  const zipped = Uint8Array.from(atob(mesh.data), c => c.charCodeAt(0));
  const stream = new Blob([zipped]).stream().pipeThrough(new DecompressionStream('gzip'));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const kinds = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array }, columns = {};
  let at = 0;
  for (const [name, width, size] of mesh.columns) {  // bytes in planes, columns one after the other, differences of rows
    const rows = name === 'index' ? 3 * mesh.faces : mesh.vertices, count = rows * width, values = new kinds[size](count);
    for (let c = 0; c < width; c++) {
      let before = 0;
      for (let r = 0; r < rows; r++) {
        let value = 0;
        for (let b = 0; b < size; b++) value += bytes[at + b * count + c * rows + r] * 256 ** b;
        before = (before + value) % 256 ** size;
        values[r * width + c] = before;
      }
    }
    columns[name] = values;
    at += count * size;
  }
  return columns;
}

const VERTEX = `#version 300 es
in vec3 position; in vec3 normal; in vec2 uv; in vec3 color; in vec4 tangent;
uniform mat4 toClip; uniform vec3 low, size; uniform int mode;
out vec3 n; out vec2 st; out vec3 paint; out vec4 t; out vec3 place;
void main() {
  place = low + size * position; n = normal; st = vec2(uv.x, 1.0 - uv.y); paint = color; t = tangent;
  gl_Position = toClip * vec4(place, 1.0);
  if (mode == 4) gl_Position.z -= 0.0008 * gl_Position.w;  // lines lie on their faces
}`;
const FRAGMENT = `#version 300 es
precision highp float; precision highp int;
in vec3 n; in vec2 st; in vec3 paint; in vec4 t; in vec3 place;
uniform sampler2D picture, bumps; uniform int mode; uniform bool textured, bumpy; uniform mat3 toCamera; uniform vec3 eye;
out vec4 result;
void main() {
  vec3 normal = normalize(n);
  if (bumpy) {
    vec3 along = normalize(t.xyz - normal * dot(normal, t.xyz)), b = texture(bumps, st).xyz * 2.0 - 1.0;
    normal = normalize(b.x * along + b.y * sign(t.w) * cross(normal, along) + b.z * normal);
  }
  if (dot(normal, eye - place) < 0.0 && !gl_FrontFacing) normal = -normal;
  vec3 seen = toCamera * normal;
  if (mode == 4) { result = vec4(0.2, 0.2, 0.22, 1.0); return; }
  if (mode == 3) { result = vec4(vec3(0.86 + 0.14 * seen.z), 1.0); return; }
  if (mode == 2) { result = vec4(0.5 + 0.5 * seen, 1.0); return; }
  if (mode == 1) {
    float lamp = max(dot(seen, normalize(vec3(-0.45, 0.65, 0.6))), 0.0), sky = 0.5 + 0.5 * normal.z;
    result = vec4(vec3(0.92, 0.9, 0.87) * (0.22 + 0.28 * sky + 0.55 * lamp), 1.0); return;
  }
  result = vec4(textured ? texture(picture, st).rgb : paint, 1.0);
}`;

function program(gl) {
  const made = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text); gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader));
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(made));
  gl.useProgram(made);
  return made;
}

async function textureOf(gl, unit, url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  gl.activeTexture(gl.TEXTURE0 + unit);
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, image);
  gl.generateMipmap(gl.TEXTURE_2D);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR);
}

function edgesOf(index) {  // each edge once: neighbors share them
  const seen = new Set(), lines = [];
  for (let f = 0; f < index.length; f += 3) {
    for (let k = 0; k < 3; k++) {
      const a = index[f + k], b = index[f + (k + 1) % 3], low = Math.min(a, b), high = Math.max(a, b), key = low * 4194304 + high;
      if (!seen.has(key)) { seen.add(key); lines.push(low, high); }
    }
  }
  return new Uint32Array(lines);
}

function reach(position, size) {  // from the middle of the box to the farthest vertex
  let most = 0;
  for (let k = 0; k < position.length; k += 3) {
    most = Math.max(most, Math.hypot(...size.map((s, c) => s * (position[k + c] / 65535 - 0.5))));
  }
  return most;
}

async function openViewer(canvas, mesh) {
  const gl = canvas.getContext('webgl2', { antialias: true, preserveDrawingBuffer: true });
  if (!gl) throw new Error('this browser has no WebGL 2');
  const columns = await unpack(mesh), shader = program(gl), at = name => gl.getUniformLocation(shader, name);
  const normalized = { position: gl.UNSIGNED_SHORT, normal: gl.BYTE, uv: gl.UNSIGNED_SHORT, color: gl.UNSIGNED_BYTE, tangent: gl.BYTE };
  for (const [name, width] of mesh.columns) {
    const where = gl.getAttribLocation(shader, name);
    if (where < 0) continue;
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, columns[name], gl.STATIC_DRAW);
    gl.enableVertexAttribArray(where);
    gl.vertexAttribPointer(where, width, normalized[name], true, 0, 0);
  }
  const faces = gl.createBuffer();
  gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, faces);
  gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, columns.index, gl.STATIC_DRAW);
  let edges = null, edgeCount = 0;
  if (mesh.texture) await textureOf(gl, 0, mesh.texture);
  if (mesh.normal_map) await textureOf(gl, 1, mesh.normal_map);
  gl.uniform1i(at('picture'), 0); gl.uniform1i(at('bumps'), 1);
  gl.uniform1i(at('textured'), mesh.texture ? 1 : 0); gl.uniform1i(at('bumpy'), mesh.normal_map ? 1 : 0);
  gl.uniform3fv(at('low'), mesh.low); gl.uniform3fv(at('size'), mesh.size);
  gl.enable(gl.DEPTH_TEST);

  const center = mesh.low.map((x, k) => x + mesh.size[k] / 2), radius = reach(columns.position, mesh.size), fovy = 0.6;
  const start = { yaw: 0.45, pitch: 0.26, far: radius / Math.sin(fovy / 2) };
  let camera = { ...start }, mode = 0, asked = false, turning = !matchMedia('(prefers-reduced-motion: reduce)').matches;

  function draw() {
    asked = false;
    const sharp = Math.min(window.devicePixelRatio || 1, 2), width = Math.round(canvas.clientWidth * sharp), height = Math.round(canvas.clientHeight * sharp);
    if (!width || !height) return;
    if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
    gl.viewport(0, 0, width, height);
    gl.clearColor(0.957, 0.953, 0.941, 1); gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    // world: z up, front +x; yaw 0 looks at the front
    const cy = Math.cos(camera.yaw), sy = Math.sin(camera.yaw), cp = Math.cos(camera.pitch), sp = Math.sin(camera.pitch);
    const back = [cp * cy, cp * sy, sp], right = [-sy, cy, 0], up = [-sp * cy, -sp * sy, cp];
    const eye = center.map((x, k) => x + back[k] * camera.far);
    const away = v => -(v[0] * eye[0] + v[1] * eye[1] + v[2] * eye[2]);
    const narrow = Math.min(1, width / height), focal = narrow / Math.tan(fovy / 2), near = Math.max(camera.far - 2 * radius, 0.02 * radius), far = camera.far + 2 * radius;
    const x = focal * height / width, y = focal, z = (near + far) / (near - far), w = 2 * near * far / (near - far);
    const row = (v, s) => [v[0] * s, v[1] * s, v[2] * s, away(v) * s];
    const r = [row(right, x), row(up, y), row(back, z), row(back, -1)];
    r[2][3] += w;
    gl.uniformMatrix4fv(at('toClip'), false, [0, 1, 2, 3].flatMap(k => r.map(line => line[k])));
    gl.uniformMatrix3fv(at('toCamera'), false, [0, 1, 2].flatMap(k => [right[k], up[k], back[k]]));
    gl.uniform3fv(at('eye'), eye);
    gl.uniform1i(at('mode'), mode);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, faces);
    gl.drawElements(gl.TRIANGLES, columns.index.length, gl.UNSIGNED_INT, 0);
    if (mode === 3) {
      gl.uniform1i(at('mode'), 4);
      gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, edges);
      gl.drawElements(gl.LINES, edgeCount, gl.UNSIGNED_INT, 0);
    }
  }
  const ask = () => { if (!asked) { asked = true; requestAnimationFrame(draw); } };
  function turn() { if (turning) { camera.yaw -= 0.006; draw(); requestAnimationFrame(turn); } }
  function move(yaw, pitch, zoom) {
    turning = false;
    camera.yaw -= yaw;
    camera.pitch = Math.min(1.55, Math.max(-1.55, camera.pitch + pitch));
    camera.far = Math.min(8 * radius / fovy, Math.max(0.6 * radius, camera.far * zoom));
    ask();
  }
  const fingers = new Map();
  canvas.addEventListener('pointerdown', e => { canvas.setPointerCapture(e.pointerId); fingers.set(e.pointerId, [e.clientX, e.clientY]); turning = false; });
  canvas.addEventListener('pointermove', e => {
    if (!fingers.has(e.pointerId)) return;
    const before = [...fingers.values()], [x, y] = fingers.get(e.pointerId);
    fingers.set(e.pointerId, [e.clientX, e.clientY]);
    if (before.length === 1) return move(7 * (e.clientX - x) / canvas.clientWidth, 7 * (e.clientY - y) / canvas.clientHeight, 1);
    const apart = points => Math.max(1, Math.hypot(points[0][0] - points[1][0], points[0][1] - points[1][1]));
    move(0, 0, apart(before) / apart([...fingers.values()]));
  });
  for (const kind of ['pointerup', 'pointercancel']) canvas.addEventListener(kind, e => fingers.delete(e.pointerId));
  canvas.addEventListener('wheel', e => { e.preventDefault(); move(0, 0, Math.exp(Math.max(-60, Math.min(60, e.deltaY)) * 0.003)); }, { passive: false });
  const keys = { ArrowLeft: [-0.15, 0, 1], ArrowRight: [0.15, 0, 1], ArrowUp: [0, 0.15, 1], ArrowDown: [0, -0.15, 1], '+': [0, 0, 0.9], '=': [0, 0, 0.9], '-': [0, 0, 1.1] };
  canvas.addEventListener('keydown', e => { if (keys[e.key]) { e.preventDefault(); move(...keys[e.key]); } });
  new ResizeObserver(ask).observe(canvas);
  draw();
  turn();
  return {
    show(chosen) {
      if (chosen === 3 && !edges) {
        const lines = edgesOf(columns.index);
        edges = gl.createBuffer(); edgeCount = lines.length;
        gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, edges);
        gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, lines, gl.STATIC_DRAW);
      }
      mode = chosen; ask();
    },
    reset() { turning = false; camera = { ...start }; ask(); },
    look(yaw, pitch) { turning = false; camera.yaw = yaw; camera.pitch = pitch; draw(); },
  };
}
