// The operators' view. Words are written `English|中文`.

const $ = (id) => document.getElementById(id);
const query = new URLSearchParams(`${location.search}&${location.hash.slice(1)}`);
const zh = +/^zh/i.test(query.get('lang') ?? navigator.language);
const t = (words) => words.split('|')[zh] ?? words;
let begun, now, past; // the server's start, its series now and for 5 minutes

/** Asks anew 2 s after each answer: a slow server is not asked twice at once. */
async function watch() {
  await poll();
  setTimeout(watch, 2e3);
}

async function poll() {
  if (document.hidden || !$('form').hidden) return;
  try {
    const headers = { authorization: `Bearer ${sessionStorage.token}` };
    const response = await fetch('metrics', { headers, signal: AbortSignal.timeout(5e3) });
    if (response.status === 401) return tell('denied', sessionStorage.token ? 'Wrong token|權杖不正確' : 'Token needed|需要權杖');
    show(await response.text());
    tell('open', 'Live|即時');
  } catch {
    tell('down', 'Server down|伺服器無回應');
  }
}

function tell(state, words) {
  $('form').hidden = state !== 'denied';
  if ($('state').textContent === t(words)) return;
  $('state').dataset.state = state;
  $('state').textContent = t(words);
}

const keys = (metric, words = '') => Object.keys(now)
  .filter((key) => key.startsWith(metric) && key.includes(`"${words.split('|')[0]}`));

/** p50, p95, p99, interpolated in buckets. */
function quantiles(metric, words) {
  const buckets = [[0, 0], ...keys(`${metric}_seconds_bucket`, words)
    .map((key) => [parseFloat(key.split('le="')[1]), now[key] - (past[0][key] ?? 0)])];
  return [.5, .95, .99].map((share) => {
    const rank = share * buckets.at(-1)[1];
    const nth = buckets.findIndex(([, count]) => count && count >= rank);
    const [[low, below], [high, count]] = buckets.slice(nth - 1);
    return low + ((high || low) - low) * (rank - below) / (count - below);
  });
}

const time = (s) => s >= 1 ? `${s.toFixed(2)} s` : s >= 0 ? `${Math.ceil(s * 1e3)} ms` : '–';
const times = (words, ...of) => [words, ...quantiles(...of).map(time)];
const up = (it) => t(['down|無回應', 'ok|正常'][now[`upstream_up{upstream="${it}"}`]] ?? 'not configured|未設定');
const row = ([words, ...cells]) => `<tr><th>${t(words).replace('_', ' ')}<td>${cells.join('<td>')}`;
const card = (title, top, rows = []) => `<section><h2>${t(title)}</h2>${top}<table>${rows.map(row).join('')}</table></section>`;

function bars(title, metric, labels) {
  const sum = (words) => keys(metric, words).reduce((sum, key) => sum + now[key], 0);
  const bar = (count) => [`<svg><rect width="${count / (sum() || 1) * 100}%"/></svg>`, count];
  return card(title, '', labels.split(' ').map((words) => [words, ...bar(sum(words))]));
}

function curve(title, of, write) {
  const top = Math.max(...past.map((then) => then[of] || 0));
  const points = past.map((then) => [then.at - now.at, -then[of] / top || 0]);
  return card(title, `<small>max ${write(top)}</small><b>${write(now[of])}</b><svg viewBox="-300 -1 300 1" preserveAspectRatio="none"
    role="img" aria-label="max ${write(top)}"><polyline points="${points}"/></svg>`);
}

function show(text) {
  now = { at: Date.now() / 1e3 };
  for (const [, key, value] of text.matchAll(/^(?:rapport_)?(\w\S*) (\S+)$/gm)) now[key] = +value;
  if (begun !== (begun = now.process_start_time_seconds)) past = [{ at: begun, turn_seconds_count: 0 }];
  past = [...past, now].filter(({ at }) => at > now.at - 300);
  const recent = past.find(({ at }) => at > now.at - 10.5);
  now.rate = (now.turn_seconds_count - recent.turn_seconds_count) / (now.at - recent.at) || 0;
  now.first = quantiles('first_token')[1];

  $('main').innerHTML = card('Sessions|對話', `<b>${now.sessions}</b>`, [
    ['sockets|連線', now.sockets], ['running|進行中', now.turns_running],
    ['model|模型', up('llm')], ['camera|攝影機', up('vlm')],
  ]) + curve('Turns per second|每秒回合', 'rate', (rate) => rate.toFixed(1))
    + curve('First token, p95|第一個字 p95', 'first', time)
    + card('Last 5 minutes, about|最近 5 分鐘，約略', '', [
      ['', 'p50', 'p95', 'p99'], times('first token|第一個字', 'first_token'), times('whole turn|全程', 'turn'),
      ...'describe|描述 rewrite|改寫 retrieve|檢索 answer|回答 select|選語氣 convert|轉換'.split(' ')
        .map((words) => times(words, 'stage', words)),
    ])
    + bars('Tones|語氣', 'replies', 'child|兒童 elder|長者 professional|專業 casual|輕鬆')
    + bars('Descriptions|描述', 'replies', 'fresh|即時 cached|快取 client|用戶端 fallback|無')
    + bars('Turns|回合', 'turns', 'completed|完成 interrupted|打斷 cancelled|取消 failed|失敗 timed_out|逾時');
}

if (query.has('token')) {
  sessionStorage.token = query.get('token');
  query.delete('token');
  history.replaceState(null, '', `?${query}`);
}
document.documentElement.lang = zh ? 'zh-Hant' : 'en';
document.title = t('Status · Rapport|狀態 · Rapport');
$('form').onsubmit = () => {
  sessionStorage.token = $('form')[0].value;
  $('form').hidden = true;
  poll();
  return false;
};
watch();
