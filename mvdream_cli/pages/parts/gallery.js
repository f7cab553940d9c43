// A card for each run; asked for again every three seconds.
'use strict';
const $ = id => document.getElementById(id), cards = new Map();

function card(run) {
  const link = document.createElement('a'), cover = document.createElement('div'), about = document.createElement('div');
  const title = document.createElement('strong'), state = document.createElement('span');
  link.href = run.link;
  cover.className = 'cover'; about.className = 'about';
  about.append(title, state);
  link.append(cover, about);
  return { link, cover, title, state };
}
function update(made, run) {
  const text = [run.command, run.status, run.status === 'running' && run.step !== null ? `step ${run.step}${run.steps ? ` of ${run.steps}` : ''}` : ''];
  made.title.textContent = run.title;
  made.state.textContent = text.filter(Boolean).join(' · ');
  const image = run.cover ? `url("${run.cover}")` : '';
  if (made.cover.dataset.image !== image) {
    made.cover.dataset.image = made.cover.style.backgroundImage = image;
    made.cover.className = run.cover_kind === 'sheet' ? 'cover sheet' : 'cover';
    made.cover.textContent = image ? '' : 'no picture yet';
  }
}
function draw(told) {
  $('title').textContent = told.title;
  const going = told.runs.filter(run => run.status === 'running').length;
  $('state').textContent = told.runs.length ? `${told.runs.length} runs${going ? `, ${going} going on` : ''}` : 'No run here yet.';
  const links = new Set(told.runs.map(run => run.link));
  for (const [link, made] of cards) if (!links.has(link)) { made.link.remove(); cards.delete(link); }
  for (const run of told.runs) {
    if (!cards.has(run.link)) cards.set(run.link, card(run));
    update(cards.get(run.link), run);
  }
  const order = told.runs.map(run => cards.get(run.link).link);
  if (order.some((node, k) => $('runs').children[k] !== node)) $('runs').replaceChildren(...order);
}
draw(JSON.parse($('told').textContent));
setInterval(async () => {
  if (document.hidden) return;
  try { draw(await (await fetch('gallery.json')).json()); } catch (error) { $('state').textContent = 'The server of this page has ended.'; }
}, 3000);
