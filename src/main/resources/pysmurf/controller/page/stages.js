/** The bar of a pipeline's stages, with times and the progress of the one that runs. */
import {el, fill} from './dom.js';
import {badge, duration, sign, words} from './format.js';

/** Paints the bar into its place; call it as often as you like. */
export function paintStages(place, session) {
  const stages = session?.stages ?? [];
  if (stages.length === 0) {
    fill(place);
    return;
  }
  fill(place, el('ol', {class: 'stages', 'aria-label': 'Stages'}, stages.map(stage => stageItem(stage, session))));
}

function stageItem(stage, session) {
  const running = stage.status === 'running';
  const progress = running && session.data?.progress?.stage === stage.name ? session.data.progress : null;
  const end = stage.end_time ?? (session.status === 'done' ? session.end_time : Date.now() / 1000);
  const spent = stage.start_time === null ? '' : duration(Math.max(0, end - stage.start_time));
  return el('li', {class: `stage is-${stage.status}`, 'aria-current': running ? 'step' : null},
    el('span', {class: 'stage-name'}, el('span', {'aria-hidden': 'true', text: `${sign(stage.status)}\u00a0`}), breakable(stage.name)),
    el('span', {class: 'stage-state'}, el('span', {text: words(stage.status)}), ' ', el('span', {text: spent})),
    progress === null ? null : progressBar(progress),
    stage.detail ? el('span', {class: 'stage-detail', text: stage.detail}) : null);
}

function progressBar(progress) {
  const part = progress.total > 0 ? Math.min(1, progress.done / progress.total) : 0;
  const of = progress.band === undefined ? '' : `band ${progress.band}: `;
  const text = `${of}${progress.done} of ${progress.total}`;
  return el('span', {class: 'stage-progress'},
    el('progress', {max: '1', value: String(part), 'aria-label': text}),
    el('span', {text: `${text} (${Math.round(part * 100)} %)`}));
}

/** A name that may be broken behind its underscores. */
function breakable(name) {
  return name.split('_').flatMap((part, index) => index === 0 ? [part] : ['_', el('wbr'), part]);
}

/** What went wrong, in words: the stages that have something to say. */
export function stageTroubles(session) {
  return (session.stages ?? []).filter(stage => stage.detail || ['failed', 'warned', 'timed_out'].includes(stage.status))
    .map(stage => el('li', {}, badge(stage.status), ' ', el('strong', {text: stage.name}), stage.detail ? `: ${stage.detail}` : ''));
}
