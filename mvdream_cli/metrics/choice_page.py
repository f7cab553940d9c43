"""A page on which a person chooses between two objects of a prompt, again and again: offline, by keyboard or mouse.

Arrow left or right chooses, arrow down says that both are alike, arrow up or Backspace goes back. Choices stay in the browser
until they are saved to a file. The judge's choice and the owners' names are shown after the own choice, not before.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mvdream_cli.atomic import written_whole
from mvdream_cli.metrics.report import STYLE, data_url, page

MORE_STYLE = """
#pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }
#pair button { padding: .4rem; background: none; border: 2px solid var(--line); border-radius: 10px; cursor: pointer; }
#pair button.chosen { border-color: #2a7; } #pair img { width: 100%; display: block; }
#prompt { font-size: 1.2rem; min-height: 2em; } kbd { border: 1px solid var(--line); border-radius: 4px; padding: 0 .4em; }
"""

BODY = """
<p id="prompt"></p>
<div id="pair"><button id="left"><img alt="left object"></button><button id="right"><img alt="right object"></button></div>
<p><kbd>&larr;</kbd> left is better, <kbd>&rarr;</kbd> right, <kbd>&darr;</kbd> alike, <kbd>&uarr;</kbd> back.
<span id="place"></span></p>
<p id="last"></p>
<p id="total"></p>
<p><button id="save">Save choices.json</button> <button id="clear">Start over</button></p>
<script id="study" type="application/json">@STUDY@</script>
<script>
const study = JSON.parse(document.getElementById('study').textContent);
const key = 'mvdream-' + study.identity, pairs = study.pairs, at = id => document.getElementById(id);
let choices = {}, k = 0;
try { choices = JSON.parse(localStorage.getItem(key)) || {}; } catch (error) { console.warn(error); }
const named = choice => choice === 'tie' ? 'neither' : study.names[choice];
function wilson(hits, count) {
  const z = 1.959964, share = hits / count, z2 = z * z / count, center = share + z2 / 2;
  const half = z * Math.sqrt(share * (1 - share) / count + z2 / count / 4);
  return [(center - half) / (1 + z2), (center + half) / (1 + z2)];
}
function total() {
  const made = Object.values(choices), a = made.filter(c => c === 'a').length, b = made.filter(c => c === 'b').length;
  if (!(a + b)) return '';
  const [low, high] = wilson(a, a + b), percent = x => (100 * x).toFixed(0) + ' %';
  return `${study.names.a} ${a}, ${study.names.b} ${b}, ties ${made.length - a - b}: ` +
    `${study.names.a} preferred in ${percent(a / (a + b))} of the decided (95 %: ${percent(low)} to ${percent(high)}).`;
}
function show() {
  const done = k >= pairs.length, pair = pairs[Math.min(k, pairs.length - 1)];
  at('prompt').textContent = done ? 'All pairs are seen. Save the choices.' : pair.prompt;
  at('left').firstChild.src = pair.swapped ? pair.b : pair.a;
  at('right').firstChild.src = pair.swapped ? pair.a : pair.b;
  const choice = done ? undefined : choices[k], left = pair.swapped ? 'b' : 'a';
  at('left').className = choice === left ? 'chosen' : '';
  at('right').className = choice && choice !== 'tie' && choice !== left ? 'chosen' : '';
  at('place').textContent = `Pair ${Math.min(k + 1, pairs.length)} of ${pairs.length}.`;
  const before = pairs[k - 1];
  at('last').textContent = before && choices[k - 1]
    ? `Last pair: you chose ${named(choices[k - 1])}, the judge (${study.judge}) ${named(before.judge)}.` : '';
  at('total').textContent = done ? total() : '';
}
function choose(side) {
  if (k >= pairs.length) return;
  const left = pairs[k].swapped ? 'b' : 'a', right = left === 'a' ? 'b' : 'a';
  choices[k] = side === 'tie' ? 'tie' : side === 'left' ? left : right;
  try { localStorage.setItem(key, JSON.stringify(choices)); } catch (error) { console.warn(error); }
  k += 1; show();
}
function back() { k = Math.max(0, k - 1); show(); }
const keys = { ArrowLeft: () => choose('left'), ArrowRight: () => choose('right'), ArrowDown: () => choose('tie'),
               ArrowUp: back, Backspace: back };
document.addEventListener('keydown', event => {
  if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
});
at('left').onclick = () => choose('left'); at('right').onclick = () => choose('right');
at('clear').onclick = () => { choices = {}; k = 0; localStorage.removeItem(key); show(); };
at('save').onclick = () => {
  const text = JSON.stringify({ identity: study.identity, names: study.names, choices }, null, 1);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  link.download = 'choices.json'; link.click();
};
while (k < pairs.length && choices[k]) k += 1;
show();
</script>
"""


def write_choice_page(
    path: Path,
    *,
    identity: str,
    names: tuple[str, str],
    judge: str,
    pairs: Sequence[tuple[str, np.ndarray, np.ndarray, bool, str]],
) -> Path:
    """Write the page.

    Args:
        identity: of the pairs; the saved choices carry it.
        names: of A and B. judge: who chose, by name.
        pairs: (prompt, picture of A, picture of B, whether B stands left, the judge's "a", "b" or "tie"); uint8 (H, W, 3).
    """
    listed = [
        {"prompt": prompt, "a": data_url(a), "b": data_url(b), "swapped": swapped, "judge": choice}
        for prompt, a, b, swapped, choice in pairs
    ]
    study = {"identity": identity, "names": dict(zip("ab", names)), "judge": judge, "pairs": listed}
    text = json.dumps(study, ensure_ascii=False).replace("<", "\\u003c")  # no prompt ends the script
    with written_whole(path) as partial:
        partial.write_text(page("Which object is better?", BODY.replace("@STUDY@", text), STYLE + MORE_STYLE), encoding="utf-8")
    return path
