// What survives a reload: one record in sessionStorage, so that a tab's identity, its last sequence
// number and the text on show always agree with each other. It ends with the tab.

const KEY = 'rapport';

/** @returns {Record<string, any>} empty if nothing was kept or storage is switched off */
export function load() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

/** @param {Record<string, any>} record */
export function save(record) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(record));
  } catch {
    // Full or switched off: the page works on, only a reload starts empty.
  }
}
