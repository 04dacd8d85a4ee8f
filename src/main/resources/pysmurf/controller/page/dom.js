/**
 * Makes elements. Text always goes in as text, never as markup, so nothing that a script prints can become part of the page.
 */

/** An element; props are attributes, or `on` (listeners), `class`, `text`. Children that are null or false are left out. */
export function el(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) {
      continue;
    }
    if (name === 'on') {
      Object.entries(value).forEach(([event, listener]) => element.addEventListener(event, listener));
    } else if (name === 'text') {
      element.textContent = value;
    } else if (name === 'class') {
      element.className = value;
    } else {
      element.setAttribute(name, value === true ? '' : value);
    }
  }
  element.append(...children.flat().filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

/** Puts these children in place of the present ones. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat().filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

/** Writes a text only where it differs, so that readers of the screen are not told the same again. */
export function say(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/** Runs a function at most once a frame, however often it is asked for. */
export function eachFrame(paint) {
  let asked = false;
  return () => {
    if (!asked) {
      asked = true;
      requestAnimationFrame(() => {
        asked = false;
        paint();
      });
    }
  };
}

/** Tells readers of the screen something in a polite moment. */
export function announce(text) {
  say(document.getElementById('announcer'), text);
}

let lastId = 0;

/** An id that no other element has. */
export function freshId(prefix) {
  lastId += 1;
  return `${prefix}-${lastId}`;
}

/** A button that copies a text and says so. */
export function copyButton(label, text, kind = 'small') {
  const button = el('button', {type: 'button', class: kind, text: label, on: {click: async () => {
    let copied = true;
    try {
      await navigator.clipboard.writeText(text());
    } catch {
      // no clipboard beyond localhost without TLS: the old way
      const area = el('textarea', {class: 'hidden-text', 'aria-hidden': 'true'});
      area.value = text();
      document.body.append(area);
      area.select();
      copied = document.execCommand('copy');
      area.remove();
      button.focus();
    }
    button.textContent = copied ? 'Copied' : 'Not copied: select it by hand';
    announce(button.textContent);
    setTimeout(() => { button.textContent = label; }, 2000);
  }}});
  return button;
}
