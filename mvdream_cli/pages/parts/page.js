// Draws what is told of a run; a live page asks for it again every two seconds.
'use strict';
const told = JSON.parse(document.getElementById('told').textContent), $ = id => document.getElementById(id);

function make(tag, text, ...children) {
  const node = document.createElement(tag);
  if (text) node.textContent = text;
  node.append(...children);
  return node;
}
function figure(caption, src) {
  const image = make('img');
  image.src = src; image.alt = caption; image.loading = 'lazy';
  return make('figure', '', image, make('figcaption', caption));
}
function clock(seconds) {
  const whole = Math.round(seconds), two = x => String(x).padStart(2, '0');
  return whole >= 3600 ? `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}` : `${Math.floor(whole / 60)}:${two(whole % 60)}`;
}
function fill(node, key, children) {  // only where something changed, so that nothing flickers
  const now = JSON.stringify(key);
  if (node.dataset.shown !== now) { node.dataset.shown = now; node.replaceChildren(...children()); }
}

function chart(svg, { step, loss }) {
  svg.toggleAttribute('hidden', step.length < 2);
  if (step.length < 2) return;
  const W = 600, H = 170, left = 46, bottom = 18, NS = 'http://www.w3.org/2000/svg';
  const half = Math.floor(loss.length / 40), mean = part => part.reduce((sum, x) => sum + x, 0) / part.length;
  const smooth = loss.map((_, k) => { const reach = Math.min(half, k, loss.length - 1 - k); return mean(loss.slice(k - reach, k + reach + 1)); });
  const sorted = [...loss].sort((a, b) => a - b), low = sorted[0], high = sorted[Math.floor(0.99 * (sorted.length - 1))] || low + 1;
  const x = s => left + (W - left) * (s - step[0]) / (step[step.length - 1] - step[0]);
  const y = v => (H - bottom) * (1 - (Math.min(v, high) - low) / (high - low || 1)) + 2;
  const node = (tag, values, text) => {
    const made = document.createElementNS(NS, tag);
    for (const [name, value] of Object.entries(values)) made.setAttribute(name, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const line = values => values.map((v, k) => `${k ? 'L' : 'M'}${x(step[k]).toFixed(1)} ${y(v).toFixed(1)}`).join('');
  const short = v => Number(v.toPrecision(3)).toString();
  svg.setAttribute('viewBox', `0 0 ${W} ${H}`);
  svg.replaceChildren(
    node('line', { x1: left, x2: W, y1: y(low), y2: y(low) }), node('line', { x1: left, x2: W, y1: y(high), y2: y(high) }),
    node('text', { x: 0, y: y(high) + 9 }, short(high)), node('text', { x: 0, y: y(low) }, short(low)),
    node('text', { x: left, y: H - 1 }, `step ${step[0]}`), node('text', { x: W, y: H - 1, 'text-anchor': 'end' }, step[step.length - 1]),
    node('path', { d: line(loss), class: 'raw' }), node('path', { d: line(smooth) }), node('text', { x: W, y: 12, 'text-anchor': 'end' }, 'loss'));
}

function draw(now) {
  $('title').textContent = now.title;
  fill($('state'), [now.command, now.status, now.reason, now.step, now.steps, now.seconds_left], () => {
    const parts = [now.command, now.status + (now.reason ? `: ${now.reason}` : '')];
    if (now.step !== null) parts.push(`step ${now.step}${now.steps ? ` of ${now.steps}` : ''}`);
    if (now.seconds_left !== null) parts.push(`${clock(now.seconds_left)} left`);
    const children = [make('span', parts.filter(Boolean).join(' · '))];
    if (now.live && now.steps && now.status === 'running') {
      const bar = make('progress');
      bar.max = now.steps; bar.value = now.step || 0;
      children.push(bar);
    }
    return children;
  });
  const of = kind => now.pictures.filter(picture => picture[0] === kind);
  const shown = [...of('views'), ...(now.mesh && $('frame').dataset.failed === undefined ? [] : of('sheet'))];
  $('pictures').hidden = !shown.length;
  fill($('pictures'), shown.map(picture => picture[2].slice(-200)), () => shown.map(([, caption, src]) => figure(caption, src)));
  const previews = of('preview');
  $('progress').hidden = !previews.length && now.losses.step.length < 2;
  fill($('previews'), previews.map(picture => picture[2].slice(-200)), () => previews.map(([, caption, src]) => figure(caption, src)));
  chart($('chart'), now.losses);
  $('log').hidden = !now.live || !now.log.length;
  $('log').lastElementChild.textContent = now.log.join('\n');
  fill($('facts'), now.facts, () => now.facts.flatMap(([name, text]) => [make('dt', name), make('dd', text)]));
  $('settings').hidden = !now.settings.length;
  fill($('settings').lastElementChild, now.settings,
    () => now.settings.map(([name, value]) => make('tr', '', make('th', name), make('td', value))));
}

async function openObject(mesh) {
  if (!mesh) return;
  $('object').hidden = false;
  let viewer;
  try {
    viewer = await openViewer(document.querySelector('canvas'), mesh);
  } catch (error) {
    $('frame').dataset.failed = ''; $('object').hidden = true;
    console.warn(error);
    return draw(told);
  }
  const modes = [['Color', 0], ['Shape', 1], ['Normals', 2], ['Wireframe', 3]], buttons = [];
  const choose = (button, act) => () => { buttons.forEach(other => other.setAttribute('aria-pressed', other === button)); act(); };
  const add = (name, act) => {
    const button = make('button', name);
    button.setAttribute('aria-pressed', !buttons.length);
    buttons.push(button); $('modes').append(button);
    button.onclick = choose(button, act);
  };
  for (const [name, mode] of modes) add(name, () => { $('flat').hidden = true; viewer.show(mode); });
  if (mesh.texture) {
    $('flat').src = mesh.texture;
    add('Texture', () => { $('flat').hidden = false; });
  }
  const again = make('button', 'Reset');
  again.onclick = viewer.reset;
  $('modes').append(again);
  $('hint').textContent = `Drag to turn; two fingers, the wheel, + and - to come nearer. ${mesh.faces.toLocaleString('en')} triangles.`;
  window.viewer = viewer;
}

draw(told);
window.ready = openObject(told.mesh);
if (told.live) {
  setInterval(async () => {
    if (document.hidden) return;
    try {
      const now = { ...await (await fetch('state.json')).json(), live: true };
      if (!told.mesh && now.mesh) return location.reload();
      draw({ ...now, mesh: told.mesh });
    } catch (error) {
      $('state').textContent = 'The server of this page has ended.';
    }
  }, 2000);
}
