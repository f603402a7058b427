// What is better with scripts: the reader's time zone is filled in, the box opens for one's own interests, and the editor
// checks and previews while one types. Everything works without.
'use strict';

const zone = document.querySelector('input[data-here]');
if (zone) {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (here) zone.value = here;
}

const digest = document.querySelector('select#digest');
const more = document.querySelector('details#more');
if (digest && more) {
  digest.addEventListener('change', () => {
    if (digest.value === 'own') more.open = true;
  });
}

const editor = document.querySelector('form[data-editor]');
if (editor) {
  const text = editor.querySelector('textarea');
  const faults = editor.querySelector('#faults');
  const foreseen = document.querySelector('#foreseen');
  const where = editor.dataset.editor;
  let asked = 0;
  let waiting;

  const ask = async (what) => {
    const body = new URLSearchParams({ csrf: editor.elements.csrf.value, text: text.value });
    const answer = await fetch(`${where}/${what}`, { method: 'POST', body });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  };

  const show = (found) => {
    faults.replaceChildren();
    text.toggleAttribute('aria-invalid', found.length > 0);
    if (!found.length) {
      const good = document.createElement('p');
      good.className = 'good';
      good.textContent = 'No faults.';
      faults.append(good);
      return;
    }
    const list = document.createElement('ul');
    for (const { line, why } of found) {
      const item = document.createElement('li');
      if (line) {
        const button = document.createElement('button');
        Object.assign(button, { type: 'button', className: 'line', textContent: `line ${line}` });
        button.dataset.line = line;
        item.append(button, ' ');
      }
      item.append(why);
      list.append(item);
    }
    faults.append(list);
  };

  const look = async () => {
    const number = (asked += 1);
    foreseen.classList.add('is-busy');
    try {
      const found = await ask('preview');
      if (number !== asked) return; // something was typed since
      show(found.faults);
      // Our own template wrote it, and escaped what strangers wrote.
      if (!found.faults.length) foreseen.innerHTML = found.html;
    } catch {
      if (number === asked) faults.textContent = 'It cannot be checked at the moment. Saving still works.';
    } finally {
      if (number === asked) foreseen.classList.remove('is-busy');
    }
  };

  // What was typed before the script was there, or is there still from before, is looked at, too.
  if (foreseen.querySelector('[data-later]') || text.value !== text.defaultValue) look();

  text.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, 350);
  });

  faults.addEventListener('click', (event) => {
    const line = Number(event.target.dataset?.line);
    if (!line) return;
    const lines = text.value.split('\n');
    const start = lines.slice(0, line - 1).join('\n').length + (line > 1 ? 1 : 0);
    text.focus();
    text.setSelectionRange(start, start + (lines[line - 1] ?? '').length);
  });
}
