/** The button that asks a process to end cleanly. */
import {post, Problem} from './api.js';
import {announce, el} from './dom.js';
import {state} from './state.js';

/** A button for this session; null if it belongs to no process, or is ending already. */
export function stopButton(session) {
  if (!state.isProcess(session) || !['starting', 'running'].includes(session.status)) {
    return null;
  }
  const name = `${session.op_name} #${session.session_id}`;
  const button = el('button', {type: 'button', class: 'small stop', text: 'Stop', 'aria-label': `Stop ${name}`,
    title: 'Asks the process to end; it closes what it has open', on: {click: async () => {
      button.disabled = true;
      try {
        await post(`/api/v1/sessions/${session.session_id}/stop`);
        announce(`Stop of ${name} sent.`);
      } catch (problem) {
        if (!(problem instanceof Problem)) {
          throw problem;
        }
        button.disabled = false;
        announce(`${name} was not stopped: ${problem.message}`);
        button.title = `Not stopped: ${problem.message}`;
      }
    }}});
  return button;
}
