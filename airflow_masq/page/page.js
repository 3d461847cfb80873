// The page "Masquerade": reads the checks' asset events and reports over Airflow's own REST API, with the user's session.
//
//   asset ──▶ events, the newest first ──▶ one row per environment ──▶ a row opened: the report's XCom, older events
//
// Whatever an event or a report says is untrusted: it is checked, cut, and shown as text. Nothing is put in as markup.
//
// The order of this file: what is asked of Airflow; values from its answers; what is loaded and when; elements;
// the first screen; one environment; its address map; what starts it all.

const ASSET_URI = "x-airflow-masq://source-ip/check";
const EVENT_SCHEMA = "airflow-masq/report-event/v1";
const NAMELESS = "unknown"; // the environment of a report that does not know which one it is about
const OUTCOMES = ["FAIL", "ERROR", "INCONCLUSIVE", "PASS"]; // the worst first
const KINDS = { node: "Node", pod: "Pod", service: "Service", nat: "Cloud NAT", "node-external": "Node, external", foreign: "Other", ambiguous: "Ambiguous" };

const RECENT_HOURS = 3; // what the first screen asks for at once; older checks are asked task by task
const OVERLAP_MINUTES = 15; // a reload asks from before the newest event, since a transaction may end late
const LATE_HOURS = 24;
const ANSWER_SECONDS = 30;
const PAGE_EVENTS = 100; // Airflow's default limit of a page
const MOST_PAGES = 10;
const MOST_TASKS = 500;
const MOST_LOOKED_BACK = 50; // so many tasks are asked for environments that they have not checked of late
const MOST_ENVIRONMENTS = 500; // of one event
const MOST_COLUMNS = 12;
const MOST_TARGETS = 200; // of an opened environment
const MOST_ROWS = 1000;
const HISTORY_EVENTS = 48;
const MOST_READ = 10000;
const MOST_TEXT = 500;
const MOST_PROSE = 5000; // of a code's own text
const MOST_NAME = 80;
const AT_ONCE = 6; // a browser opens six connections to a host
const RELOAD_SECONDS = 60;

// ---------------------------------------------------------------- Airflow's REST API, version 2 and version 1

// Version 1 says dataset where version 2 says asset.
const APIS = {
  v2: {
    noun: "asset",
    hasTimeFilter: true,
    dag: (dag) => `../dags/${dag}`,
    run: (dag, run, task) => `../dags/${dag}/runs/${run}/tasks/${task}`,
  },
  v1: {
    noun: "dataset",
    hasTimeFilter: false,
    dag: (dag) => `../dags/${dag}/grid`,
    run: (dag, run, task) => `../dags/${dag}/grid?dag_run_id=${run}&task_id=${task}&tab=logs`,
  },
};
const isFramed = window.parent !== window; // Airflow 3 shows the page in a frame
const apiName = document.documentElement.dataset.api;
const api = APIS[apiName];

// What went wrong with a question: a status of HTTP, or a word of ours.
class ApiError extends Error {
  constructor(status, path) {
    super(`Airflow answered ${status} to ${path.split("?")[0]}. The log of its server says why.`);
    this.status = status;
  }
}

async function ask(path) {
  let answer;
  try {
    const options = { headers: { Accept: "application/json" }, credentials: "same-origin", signal: AbortSignal.timeout(ANSWER_SECONDS * 1000) };
    answer = await fetch(`../api/${apiName}/${path}`, options);
    if (!answer.ok) throw new ApiError(answer.status, path);
    if (!(answer.headers.get("content-type") || "").includes("json")) throw new ApiError(401, path); // the login page
    return await answer.json();
  } catch (error) {
    if (error instanceof ApiError) throw error;
    if (error.name === "TimeoutError") throw new ApiError("late", path);
    throw new ApiError(answer ? "unreadable" : "unreachable", path);
  }
}

function explainError(error) {
  const reasons = {
    401: "Your session has ended. Sign in to Airflow again, then reload this page.",
    403: "Airflow refuses to answer: your session has ended, or your role may not read this. Sign in again. The page needs the permissions to read assets (in Airflow 2: datasets), DAG runs, task instances and XComs.",
    404: "Airflow's REST API does not have this page's question. Airflow 2.10 or later is needed.",
    late: `Airflow did not answer within ${ANSWER_SECONDS} s. Try again later; if it stays so, look at the load of its API server and database.`,
    unreachable: "Airflow cannot be reached. Check your connection to it, then try again.",
    unreadable: "Airflow's answer ended early or is not JSON. A proxy in between may have cut it. Try again.",
  };
  return reasons[error.status] || `Airflow's REST API cannot be read: ${text(error.message)}`;
}

async function findAsset() {
  const answer = await ask(`${api.noun}s?uri_pattern=${encodeURIComponent(ASSET_URI)}&limit=20`);
  const asset = list(answer[`${api.noun}s`]).find((each) => each?.uri === ASSET_URI);
  if (!asset) return null;
  const producers = list(asset.producing_tasks, MOST_READ).map((each) => ({ dagId: each.dag_id, taskId: each.task_id }));
  return { id: asset.id, producers: producers.slice(0, MOST_TASKS), omitted: Math.max(0, producers.length - MOST_TASKS) };
}

// Posted events name no source task, so asking by task leaves them out.
async function askEvents(asset, { dagId, taskId, since, limit, offset = 0 }) {
  const query = new URLSearchParams({ [`${api.noun}_id`]: asset.id, source_task_id: taskId, order_by: "-timestamp", limit, offset });
  if (dagId !== undefined) query.set("source_dag_id", dagId);
  if (since !== undefined && api.hasTimeFilter) query.set("timestamp_gte", since.toISOString());
  const answer = await ask(`${api.noun}s/events?${query}`);
  const events = list(answer[`${api.noun}_events`]);
  const reachedOld = since !== undefined && events.some((each) => new Date(each?.timestamp) < since);
  return { events: events.map(readEvent).filter(Boolean), sent: events.length, total: answer.total_entries, reachedOld };
}

// The report of a check with every verdict; null where its run has none of this environment.
async function askReport(check) {
  const [dag, run, task] = [check.dagId, check.runId, check.taskId].map(encodeURIComponent);
  const path = `dags/${dag}/dagRuns/${run}/taskInstances/${task}/xcomEntries/return_value`;
  let { value } = await ask(path);
  try {
    for (let depth = 0; typeof value === "string" && depth < 3; depth += 1) value = JSON.parse(value);
  } catch {
    throw new ApiError("unreadable", path);
  }
  return list(value).find((each) => each && text(each.environment) === check.environment) || null;
}

async function askHistory(row) {
  const { events } = await askEvents(state.asset, { dagId: row.dagId, taskId: row.taskId, limit: HISTORY_EVENTS });
  return events.flatMap((event) => event.checks).filter((check) => check.environment === row.environment).reverse();
}

async function loadCodes() {
  if (state.codes) return;
  const answer = await fetch("codes.json", { credentials: "same-origin" });
  if (answer.ok) state.codes = await answer.json();
}

// ---------------------------------------------------------------- untrusted values

const text = (value, most = MOST_TEXT) => (["string", "number", "boolean"].includes(typeof value) ? String(value).slice(0, most) : "");
const shorten = (value) => (value.length > MOST_NAME ? `${value.slice(0, MOST_NAME)}…` : value);
const list = (value, most = MOST_ROWS) => (Array.isArray(value) ? value.slice(0, most) : []);
const count = (value) => (Number.isInteger(value) && value > 0 ? value : 0);
const outcomeOf = (value) => (OUTCOMES.includes(value) ? value : "ERROR");
const readTime = (value) => (Number.isNaN(Date.parse(text(value))) ? null : new Date(text(value)));
const nameTarget = (each) => text(each?.target) || "without a name";
const worst = (outcomes) => OUTCOMES.find((each) => outcomes.includes(each));
const byOutcome = (one, other) => OUTCOMES.indexOf(one) - OUTCOMES.indexOf(other);
const byName = (one, other) => one.localeCompare(other, undefined, { numeric: true }); // environment-2 before environment-10

// Reads an asset event into one check per environment; null for what the check's own task did not write.
function readEvent(event) {
  const extra = event?.extra;
  const time = readTime(event?.timestamp);
  if (extra?.schema !== EVENT_SCHEMA || !time || !event.source_dag_id || !event.source_run_id) return null;
  const source = { dagId: event.source_dag_id, taskId: event.source_task_id, runId: event.source_run_id, time };
  const rows = list(extra.environments, MOST_ENVIRONMENTS).filter((each) => each && typeof each === "object");
  return { ...source, checks: rows.map((each) => readCheck(each, source)), omitted: count(extra.environments_omitted) };
}

function readCheck(row, source) {
  const targets = new Map();
  for (const each of list(row.targets)) targets.set(nameTarget(each), outcomeOf(each?.outcome));
  const verdicts = list(row.verdicts).map(readVerdict);
  for (const each of verdicts) targets.set(each.target, worst([targets.get(each.target), each.outcome]));
  const changes = list(row.targets).filter((each) => OUTCOMES.includes(each?.previous));
  return {
    ...source,
    environment: text(row.environment),
    outcome: outcomeOf(row.outcome),
    coverage: text(row.coverage),
    problems: list(row.problems).map((each) => text(each)),
    changes: changes.map((each) => ({ target: nameTarget(each), outcome: outcomeOf(each.outcome), previous: each.previous, since: readTime(each.since) })),
    ranges: readRanges(row.ranges),
    allowlist: list(row.allowlist, 20).map((each) => ({ kind: text(each?.kind), sources: list(each?.sources, 50).map((each) => text(each)), targets: list(each?.targets, 50).map((each) => text(each)), omitted: count(each?.omitted) })),
    isBrief: !Array.isArray(row.targets), // one of many environments, which had room for little more than their names
    omitted: count(row.omitted),
    targets,
    verdicts,
  };
}

const readRanges = (ranges) => list(ranges, 50).map((each) => ({ kind: text(each?.kind), cidr: text(each?.cidr) }));

// A verdict of an event or of a report, which has more of it.
function readVerdict(each) {
  return {
    node: text(each?.vantage?.node_name || each?.node),
    host: text(each?.vantage?.hostname),
    pod: text(each?.vantage?.pod_ip),
    target: nameTarget(each),
    outcome: outcomeOf(each?.outcome),
    code: text(each?.code),
    expected: text(each?.expected),
    observed: text(each?.observed),
    attribution: text(each?.attribution),
    reason: text(each?.reason),
    findings: list(each?.findings, 20).map((finding) => `${text(finding?.code)} ${text(finding?.message)}`),
    evidence: list(each?.evidence, 50),
  };
}

// A report's verdicts, the worst first, so that none of them is left out where there are too many.
function readVerdicts(report) {
  const verdicts = list(report.verdicts, MOST_READ).map(readVerdict);
  return verdicts.sort((one, other) => byOutcome(one.outcome, other.outcome)).slice(0, MOST_ROWS);
}

function countLeftOut(report) {
  const omitted = Object.values(report.omitted || {}).map(count);
  return omitted.reduce((sum, each) => sum + each, Math.max(0, list(report.verdicts, MOST_READ).length - MOST_ROWS));
}

// ---------------------------------------------------------------- what is loaded

const state = {
  asset: null,
  rows: new Map(), // the newest check of each environment by each task, and tasks that never reported
  newestOf: new Map(), // of each task its newest event's time, and how many environments had no room in it
  newest: null, // the time of the newest event, by the server's clock
  codes: null,
  search: "",
  isLoading: false,
  problem: null, // why nothing could be read
  failures: [], // why some questions had no answer
};
const rowKey = (row) => JSON.stringify([row.dagId, row.taskId, row.environment]);
const producerKey = (each) => JSON.stringify([each.dagId, each.taskId]);
const isNameless = (row) => row.environment === NAMELESS && !row.targets.size;
const nameOf = (row) => (isNameless(row) ? "environment not known" : row.environment);
const isLate = (row) => row.time !== null && Date.now() - row.time > LATE_HOURS * 3600e3;

function findRow(dagId, environment) {
  const found = [...state.rows.values()].filter((row) => row.time && row.dagId === dagId && row.environment === environment);
  return found.sort((one, other) => other.time - one.time)[0] || null;
}

function takeEvents(events) {
  for (const event of events) {
    const before = state.newestOf.get(producerKey(event));
    if (!before || before.time < event.time) state.newestOf.set(producerKey(event), { time: event.time, omitted: event.omitted });
    if (!(state.newest > event.time)) state.newest = event.time;
    for (const check of event.checks) {
      const known = state.rows.get(rowKey(check));
      if (!known || known.time < check.time) state.rows.set(rowKey(check), check);
      state.rows.delete(rowKey({ ...check, environment: "" })); // it was never checked until now
    }
  }
  // A check that could not even tell its environment has a row that no later check replaces.
  for (const [key, row] of state.rows) if (isNameless(row) && row.time < state.newestOf.get(producerKey(row)).time) state.rows.delete(key);
}

// Does some work for each item, a few at a time. What fails is kept for a notice, and hides nothing else; once Airflow
// does not answer at all, no more is asked.
async function inParallel(items, work) {
  const queue = [...items];
  const run = async () => {
    while (queue.length && !state.failures.some((each) => ["late", "unreachable"].includes(each.status))) {
      const item = queue.shift();
      try {
        await work(item);
      } catch (error) {
        state.failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, run));
}

// Reads what is new; the first time, and where it is wanted, also which tasks report, and what they reported before.
async function loadOverview({ fully }) {
  state.failures = [];
  const isFirst = fully || !state.asset;
  if (isFirst) state.asset = await findAsset(); // where that fails, the one before stays, since rows may be shown
  if (!state.asset) {
    state.rows.clear();
    return;
  }
  await loadRecent(state.asset);
  const shown = new Set([...state.rows.values()].filter((row) => row.time).map(producerKey));
  const quiet = state.asset.producers.filter((each) => !shown.has(producerKey(each)));
  const others = state.asset.producers.filter((each) => shown.has(producerKey(each)));
  if (state.rows.size) render(); // what is known so far
  await lookBack(state.asset, quiet);
  if (state.rows.size) render();
  // One task may check several environments, and some of them long ago. Where very many report, that would take minutes.
  if (isFirst) await lookBack(state.asset, others.slice(0, MOST_LOOKED_BACK));
}

// The events of the last hours, of all tasks of one name together.
async function loadRecent(asset) {
  const since = new Date(state.newest ? state.newest - OVERLAP_MINUTES * 60e3 : Date.now() - RECENT_HOURS * 3600e3);
  const known = new Set(asset.producers.map(producerKey));
  const take = ({ events }) => takeEvents(events.filter((each) => known.has(producerKey(each))));
  await inParallel(new Set(asset.producers.map((each) => each.taskId)), async (taskId) => {
    const first = await askEvents(asset, { taskId, since, limit: PAGE_EVENTS });
    take(first);
    const pages = first.reachedOld || !first.sent ? 1 : Math.min(MOST_PAGES, Math.ceil(first.total / first.sent));
    const offsets = Array.from({ length: pages - 1 }, (_, index) => (index + 1) * first.sent);
    await inParallel(offsets, async (offset) => take(await askEvents(asset, { taskId, since, limit: PAGE_EVENTS, offset })));
  });
}

// The last events of each of these tasks, however old.
async function lookBack(asset, producers) {
  await inParallel(producers, async (producer) => {
    const { events, sent } = await askEvents(asset, { ...producer, limit: HISTORY_EVENTS });
    takeEvents(events);
    if (events.length) return;
    const nothing = { ...readCheck({}, producer), outcome: null, time: null, isUnreadable: sent > 0 };
    state.rows.set(rowKey(nothing), nothing);
  });
}

async function reload({ fully = false } = {}) {
  if (state.isLoading) return;
  state.isLoading = true;
  document.getElementById("reload").disabled = true;
  try {
    await loadOverview({ fully });
    state.problem = state.rows.size ? null : state.failures[0] || null;
  } catch (error) {
    state.problem = error;
  } finally {
    state.isLoading = false;
    document.getElementById("reload").disabled = false;
  }
  render();
}

// ---------------------------------------------------------------- elements

const SVG = "http://www.w3.org/2000/svg";

function make(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const isSvg = ["svg", "rect", "line", "title"].includes(tag);
  const element = isSvg ? document.createElementNS(SVG, tag) : document.createElement(tag);
  if (classes.length) element.setAttribute("class", classes.filter(Boolean).join(" "));
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "onclick") element.addEventListener("click", value);
    else if (value !== undefined && value !== null && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

const badge = (outcome) => make(`span.outcome.${outcome || "NONE"}`, {}, outcome || "no verdict");

function table(label, heads, rows) {
  const head = make("thead", {}, make("tr", {}, heads.map((each) => make("th", { scope: "col" }, each))));
  for (const row of rows) [...row.children].forEach((cell, index) => cell.setAttribute("data-label", heads[index]));
  return make("div.scroll", { tabindex: "0", role: "group", "aria-label": label }, make(`table.${label.split(" ")[0]}`, {}, head, make("tbody", {}, rows)));
}

// Texts of ours have a little Markdown: code, links, and lists of lines that begin with a dash.
function makeProse(markdown) {
  const lines = text(markdown, MOST_PROSE).split("\n");
  const items = lines.filter((line) => line.startsWith("- ")).map((line) => make("li", {}, makeWords(line.slice(2))));
  const others = lines.filter((line) => !line.startsWith("- ")).join(" ");
  return [...makeWords(others), items.length ? make("ul", {}, items) : null];
}

function makeWords(line) {
  return line.split(/(`[^`]+`|\[[^\]]+\]\(https:[^)]+\))/).map((part) => {
    if (part.startsWith("`")) return make("code", {}, part.slice(1, -1));
    const [, label, url] = part.match(/^\[(.+)\]\((https:.+)\)$/) || [];
    if (!url) return part;
    return isFramed ? `${label} (${url})` : make("a", { href: url, rel: "noreferrer" }, label); // a frame of Airflow opens nothing else
  });
}

const writeTime = (time) => `${time.toISOString().slice(0, 16).replace("T", " ")} UTC`;

function writeSpan(time) {
  const minutes = Math.round((Date.now() - time) / 60e3);
  if (minutes < 60) return `${Math.max(minutes, 0)} min`;
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} days`;
}

// Says how long ago something was; refreshAges keeps it true while the page is open.
const makeAge = (time, name) => writeAge(make(`${name}.age`, { title: writeTime(time), "data-time": time.getTime() }));
const refreshAges = () => document.querySelectorAll(".age").forEach(writeAge);

function writeAge(element) {
  const time = new Date(Number(element.dataset.time));
  const isOld = element.classList.contains("check") && isLate({ time });
  element.classList.toggle("late", isOld);
  element.textContent = isOld ? `not checked for ${writeSpan(time)}` : `${writeSpan(time)} ago`;
  return element;
}

function whenChecked(row) {
  if (row.time) return makeAge(row.time, "span.check");
  return make("span.late", {}, row.isUnreadable ? "its events cannot be read" : "never checked");
}

// A link into Airflow. Airflow 3 shows this page in a sandboxed frame, which may not navigate its parent; the parent's
// router may.
function linkToAirflow(path, label) {
  const url = new URL(path, location.href).href;
  const open = (event) => {
    if (!isFramed || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    window.parent.history.pushState(null, "", url);
    window.parent.dispatchEvent(new PopStateEvent("popstate", { state: null }));
  };
  return make("a", { href: url, onclick: open }, label);
}

// ---------------------------------------------------------------- first screen

// The address's part behind the #: an environment, and one of its targets, as [DAG, environment, target].
function readPlace() {
  try {
    return location.hash.startsWith("#/") ? location.hash.slice(2).split("/").map(decodeURIComponent) : [];
  } catch {
    return []; // not an address that this page made
  }
}

const hashOf = (row, target) => `#/${[row.dagId, row.environment, target].filter((each) => each !== undefined).map(encodeURIComponent).join("/")}`;

function render() {
  const place = readPlace();
  const row = place.length >= 2 ? findRow(place[0], place[1]) : null;
  document.getElementById("overview").hidden = Boolean(row);
  document.getElementById("detail").hidden = !row;
  showNotice();
  if (row) {
    showDetail(row, place[2]);
  } else {
    shownDetail = null;
    const isMissing = place.length >= 2 && !state.isLoading;
    showOverview(isMissing ? `The last reports of ${place[0]} have no check of ${place[1]}. ` : "");
  }
  refreshAges();
}

// What could not be read stands above what could.
function showNotice() {
  const notice = document.getElementById("notice");
  const problem = state.problem || state.failures[0];
  const more = !state.problem && state.failures.length > 1 ? ` ${state.failures.length} questions failed.` : "";
  const message = problem ? `${explainError(problem)}${more}${state.rows.size ? " What could be read is shown." : ""}` : "";
  if (notice.dataset.message === message) return; // said once, not every minute
  notice.dataset.message = message;
  notice.hidden = !message;
  const again = make("button", { type: "button", onclick: () => reload({ fully: true }) }, "Try again");
  notice.replaceChildren(make("p", {}, message), again);
}

// The order of the rows: the worst first, then what was not checked of late, or never.
function rankOf(row) {
  if (!row.outcome) return OUTCOMES.length - 0.5;
  if (row.outcome !== "PASS") return OUTCOMES.indexOf(row.outcome);
  return isLate(row) ? OUTCOMES.length - 1 : OUTCOMES.length;
}

// The targets that have a column each, those with trouble first; the others share one.
function chooseColumns(rows) {
  const weights = new Map();
  for (const row of rows) for (const [target, outcome] of row.targets) weights.set(target, (weights.get(target) || 0) + (outcome === "PASS" ? 1 : 1000));
  const columns = [...weights].sort((one, other) => other[1] - one[1] || byName(one[0], other[0])).map(([target]) => target);
  return { columns: columns.slice(0, MOST_COLUMNS), more: columns.slice(MOST_COLUMNS) };
}

// How many environments there are of each outcome; one that several DAGs check counts once, with its worst.
function summarise(rows) {
  const outcomes = new Map();
  for (const row of rows.filter((each) => each.outcome && !isNameless(each))) outcomes.set(row.environment, worst([outcomes.get(row.environment), row.outcome]));
  const counts = OUTCOMES.map((outcome) => [[...outcomes.values()].filter((each) => each === outcome).length, outcome]).filter(([number]) => number);
  const silent = rows.filter((row) => !row.outcome).length;
  const nameless = rows.filter(isNameless).length;
  const left = [...state.newestOf.values()].reduce((sum, each) => sum + each.omitted, 0);
  return [
    `${outcomes.size} ${outcomes.size === 1 ? "environment" : "environments"}${counts.length ? ": " : ""}${counts.map((each) => each.join(" ")).join(", ")}.`,
    nameless ? `${nameless} ${nameless === 1 ? "DAG" : "DAGs"} could not check, and the environment is not known.` : "",
    silent ? `${silent} ${silent === 1 ? "DAG has" : "DAGs have"} reported nothing.` : "",
    left ? `${left} more environments had no room in their run's event; the log of its report has them.` : "",
    state.asset.omitted ? `${state.asset.omitted} more tasks report and are not shown.` : "",
    rows.length > MOST_ROWS ? `The first ${MOST_ROWS} rows are shown.` : "",
  ].filter(Boolean).join(" ");
}

let shownOverview = null; // what the table was made from

function showOverview(remark) {
  const place = document.getElementById("overview");
  if (!state.rows.size) {
    setStatus(state.isLoading && !state.problem ? "Loading the last checks …" : ""); // the notice says what the problem is
    shownOverview = null;
    place.replaceChildren(state.isLoading || state.problem ? "" : makeEmptyState());
    return;
  }
  const words = state.search.toLowerCase();
  const found = [...state.rows.values()].filter((row) => !words || [row.environment, row.dagId, ...row.targets.keys()].some((each) => each.toLowerCase().includes(words)));
  found.sort((one, other) => rankOf(one) - rankOf(other) || byName(one.environment, other.environment));
  setStatus(remark + summarise(found));
  const content = JSON.stringify([words, found.map((row) => [rowKey(row), row.runId, isLate(row)])]);
  if (shownOverview === content) return; // a reload that brought nothing new keeps focus and scrolling
  shownOverview = content;
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.place : undefined;
  const scrolled = place.querySelector(".scroll")?.scrollLeft || 0;
  const { columns, more } = chooseColumns(found);
  // What is told of every environment comes first, since targets may be wider than the window.
  const heads = ["Environment", "Last checked", "Nodes seen", "What changed", ...columns.map(shorten), ...(more.length ? [`${more.length} more targets`] : [])];
  const isFirstUse = ![...state.rows.values()].some((row) => row.time || row.isUnreadable);
  place.replaceChildren(isFirstUse ? makeEmptyState() : "", table("overview", heads, found.slice(0, MOST_ROWS).map((row) => makeRow(row, columns, more))));
  place.querySelector(".scroll").scrollLeft = scrolled;
  if (focused !== undefined) [...place.querySelectorAll("[data-place]")].find((each) => each.dataset.place === focused)?.focus();
}

function makeRow(row, columns, more) {
  const name = shorten(nameOf(row).split("/").pop() || row.dagId);
  const title = row.time ? make("a", { href: hashOf(row), "data-place": hashOf(row) }, name) : linkToAirflow(api.dag(encodeURIComponent(row.dagId)), name);
  const problems = row.problems.length ? ` · ${row.problems.length} ${row.problems.length === 1 ? "problem" : "problems"}` : "";
  const changes = row.changes.sort((one, other) => (other.since ?? 0) - (one.since ?? 0)).slice(0, 3).map(makeChange);
  return make(
    "tr",
    {},
    make("th", { scope: "row" }, title, " ", badge(row.outcome), make("small", {}, row.time ? `DAG ${row.dagId}${problems}` : "a DAG without a report")),
    make("td", {}, whenChecked(row)),
    make(`td${row.coverage ? "" : ".none"}`, {}, row.coverage),
    make(`td.changes${changes.length ? "" : ".none"}`, {}, changes.length ? changes : make("span.quiet", {}, row.time ? "no change known" : "")),
    columns.map((target) => makeCell(row, name, { label: target, targets: [target], target })),
    more.length ? makeCell(row, name, { label: `${more.length} more targets`, targets: more }) : null,
  );
}

// The worst verdict of some targets of an environment, and what was seen then; it opens them.
function makeCell(row, name, { label, targets, target }) {
  const outcome = worst(targets.map((each) => row.targets.get(each)));
  if (!outcome) return make("td.target.none", {}, make("span.quiet", { title: row.omitted || !row.targets.size ? "not in the event, or no target of this environment" : "not a target of this environment" }, "–"));
  const seen = [...new Set(row.verdicts.filter((each) => targets.includes(each.target) && each.outcome === outcome).map((each) => each.observed).filter(Boolean))];
  const place = hashOf(row, target);
  const open = () => {
    location.hash = place;
  };
  const attributes = { type: "button", "aria-label": `${name}, ${label}: ${outcome}. Open`, "data-place": place, onclick: open };
  return make("td.target", {}, make(`button.outcome.${outcome}`, attributes, outcome), seen.length ? make("small.address", {}, seen[0], seen.length > 1 ? ` +${seen.length - 1}` : "") : null);
}

const makeChange = (change) => make("div", {}, `${change.target}: ${change.previous} → ${change.outcome}`, change.since ? makeAge(change.since, "small") : null);

function makeEmptyState() {
  return make(
    "div.notice",
    {},
    make("h2", {}, "Nothing has been checked yet"),
    make("p", {}, "The DAG ", make("code", {}, "check_source_ip"), " asks services, from the workers, which source address they see. This page shows what its task ", make("code", {}, "report"), " finds."),
    make("ul", {}, state.rows.size ? null : make("li", {}, "Put the file check_source_ip.py into your DAG folder."), make("li", {}, "Say where the plan is: set the Airflow Variable airflow_masq_plan to its path or its text."), make("li", {}, "Unpause the DAG, or trigger it once.")),
  );
}

function setStatus(message) {
  const status = document.getElementById("status");
  if (status.textContent !== message) status.textContent = message; // read aloud only where it is new
}

// ---------------------------------------------------------------- one environment

let shownDetail = null; // the environment that is open, and of which run

async function showDetail(row, target) {
  const address = JSON.stringify([row.dagId, row.environment, target]);
  const key = JSON.stringify([address, row.taskId, row.runId]);
  if (shownDetail?.key === key) return; // a reload that brought nothing new keeps what is open
  const isOpened = shownDetail?.address !== address; // else a new run of what is open came in
  shownDetail = { key, address };
  setStatus("");
  const parts = { targets: make("div"), map: make("div"), allow: make("div") };
  const titles = { map: make("h2", { tabindex: "-1" }, "Address map"), allow: make("h2", { tabindex: "-1" }, "Addresses to allowlist") };
  const goTo = (title) => {
    title.focus();
    title.scrollIntoView();
  };
  const jump = (title) => make("button", { type: "button", onclick: () => goTo(title) }, title.textContent);
  const heading = make("h2", { tabindex: "-1" }, nameOf(row), " ", badge(row.outcome));
  const problems = row.problems.map((each) => make("li", {}, each));
  const run = api.run(...[row.dagId, row.runId, row.taskId].map(encodeURIComponent));
  document.getElementById("detail").replaceChildren(
    make("p", {}, make("a", { href: "#" }, "← All environments")),
    heading,
    make("p", {}, `Last check ${writeTime(row.time)}, `, whenChecked(row), `, by DAG ${row.dagId}. ${row.coverage}`),
    make("p.jumps", {}, linkToAirflow(run, "Open the run in Airflow"), jump(titles.map), jump(titles.allow)),
    problems.length ? make("div.notice.bad", {}, make("h3", {}, "Problems"), make("ul", {}, problems)) : "",
    parts.targets,
    titles.map,
    parts.map,
    titles.allow,
    parts.allow,
  );
  if (isOpened) {
    heading.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
  showAllowlist(parts.allow, row);
  const draw = (report, history, remark) => {
    const verdicts = report ? readVerdicts(report) : row.verdicts;
    showTargets(parts.targets, row, { verdicts, history, target, remark });
    showMap(parts.map, report ? readRanges(report.ranges) : row.ranges, verdicts);
    if (Object.values(titles).includes(document.activeElement)) document.activeElement.scrollIntoView(); // what came in stands above it
  };
  draw(null, null, "Loading the report …");
  const [report, history] = await Promise.allSettled([askReport(row), askHistory(row), loadCodes()]);
  if (shownDetail?.key !== key) return; // another one was opened meanwhile
  const failed = history.reason ? ` The history cannot be shown. ${explainError(history.reason)}` : "";
  draw(report.value, history.value, describeReport(report, row) + failed);
  // What may be there the next time is asked for again by the next reload.
  if ([report, history].some(({ reason }) => reason && reason.status !== 404)) shownDetail = { address };
}

// Says what of a run's report is not shown, and why.
function describeReport({ value, reason }, row) {
  if (value) {
    const left = countLeftOut(value);
    return left ? `${left} more verdicts are in the log of the report's task.` : "";
  }
  const isGone = !reason || reason.status === 404;
  const why = isGone ? "The run's full report is gone: airflow db clean removes runs, and leaves their events." : `The run's full report cannot be read. ${explainError(reason)}`;
  return `${why} Reasons and evidence are missing; this is what the event kept.`;
}

function showTargets(place, row, { verdicts, history, target, remark }) {
  const outcomes = new Map(row.targets);
  for (const each of verdicts) outcomes.set(each.target, worst([outcomes.get(each.target), each.outcome]));
  const names = [...outcomes.keys()];
  names.sort((one, other) => (other === target) - (one === target) || byOutcome(outcomes.get(one), outcomes.get(other)) || byName(one, other));
  place.replaceChildren(
    remark ? make("p.quiet", {}, remark) : "",
    ...names.slice(0, MOST_TARGETS).map((name) => makeTarget(name, outcomes.get(name), { row, verdicts: verdicts.filter((each) => each.target === name), history })),
    names.length > MOST_TARGETS ? make("p.quiet", {}, `${names.length - MOST_TARGETS} more targets are in the log of the report's task.`) : "",
  );
}

function makeTarget(name, outcome, { row, verdicts, history }) {
  verdicts.sort((one, other) => byOutcome(one.outcome, other.outcome) || byName(one.node, other.node));
  const codes = [...new Set(verdicts.map((each) => each.code))];
  const rows = verdicts.map((each) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, each.node || "node not known", each.host ? make("small", {}, `${each.host} ${each.pod}`) : null),
      make("td", {}, badge(each.outcome), make("small", {}, each.code)),
      make("td", {}, each.expected || make("span.quiet", {}, "not stated")),
      make("td", {}, make("span.address", {}, each.observed || "none"), each.attribution ? make("small", {}, KINDS[each.attribution] || each.attribution) : null),
      make("td", {}, each.reason, each.findings.map((finding) => make("small", {}, finding)), makeEvidence(each.evidence)),
    ),
  );
  return make(
    "section",
    {},
    make("h3", {}, name, " ", badge(outcome)),
    history ? makeStrip(name, row, history) : null,
    rows.length ? table(`nodes of ${name}`, ["Node", "Verdict", "Expected", "Observed", "Reason"], rows) : make("p.quiet", {}, "No verdict of this target is in the event; the log of the report's task has them."),
    codes.map(makeCodeText),
  );
}

function makeStrip(name, row, history) {
  const items = history.map((check) => {
    const outcome = check.targets.get(name);
    const label = `${writeTime(check.time)}: ${outcome || (check.omitted ? "not in the event" : "not asked")}`;
    const letter = make("span", { "aria-hidden": "true" }, outcome ? outcome[0] : "–");
    return make(`li.${outcome || "NONE"}${check.runId === row.runId ? ".selected" : ""}`, { title: label, "aria-label": label }, letter);
  });
  const caption = history.length > 1 ? `The last ${items.length} runs, from ${writeTime(history[0].time)} to ${writeTime(history.at(-1).time)}, the newest on the right` : "No other run is known";
  return make("div", {}, make("small.quiet", {}, caption), make("ol.strip", {}, items));
}

function makeEvidence(evidence) {
  if (!evidence.length) return null;
  const rows = evidence.map((each) => {
    const seconds = Number(each?.duration_seconds);
    return make(
      "tr",
      {},
      make("td", {}, text(each?.started_at).replace("T", " ").slice(0, 19)),
      make("td.address", {}, `${text(each?.local_address) || "?"} → ${text(each?.destination) || text(each?.url)}`),
      make("td.address", {}, text(each?.observed) || text(each?.failure)),
      make("td", {}, [text(each?.detail), ...list(each?.intermediaries, 10).map((each) => text(each)), Number.isFinite(seconds) ? `${(seconds * 1000).toFixed(0)} ms` : ""].filter(Boolean).join(" · ")),
    );
  });
  const summary = `Evidence: ${evidence.length} ${evidence.length === 1 ? "attempt" : "attempts"}`;
  return make("details", {}, make("summary", {}, summary), table("evidence", ["When (UTC)", "From → to", "Answer", "Details"], rows));
}

function makeCodeText(code) {
  const row = state.codes?.[code];
  if (!row) return null;
  return make(
    "details",
    {},
    make("summary", {}, `What ${code} means: ${text(row.title)}`),
    make("div.prose", {}, makeProse(row.meaning)),
    make("div.prose", {}, make("strong", {}, "Why it happens: "), makeProse(row.causes)),
    make("div.prose", {}, make("strong", {}, "What to do: "), makeProse(row.what_to_do)),
  );
}

// ---------------------------------------------------------------- the address map

// An address as a number that can be compared, with its version; null for what is none.
function parseAddress(written) {
  const address = written.replace(/^::ffff:(?=\d+\.)/i, ""); // an IPv4 address as IPv6 sockets write it
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(address)) {
    const parts = address.split(".");
    if (parts.some((part) => Number(part) > 255)) return null;
    return { bits: 32, value: parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n) };
  }
  if (!/^[0-9a-f:]+$/i.test(address) || !address.includes(":")) return null;
  const [head, tail] = address.split("::").map((side) => (side ? side.split(":") : []));
  const groups = tail === undefined ? head : [...head, ...Array(Math.max(0, 8 - head.length - tail.length)).fill("0"), ...tail];
  if (groups.length !== 8 || groups.some((group) => group.length > 4)) return null;
  return { bits: 128, value: groups.reduce((sum, group) => sum * 65536n + BigInt(`0x${group || "0"}`), 0n) };
}

function parseRange({ kind, cidr }) {
  const [address, prefix] = cidr.split("/");
  const first = parseAddress(address);
  const length = Number(prefix);
  if (!first || !Number.isInteger(length) || length < 0 || length > first.bits) return null;
  return { kind, cidr, bits: first.bits, first: first.value, size: 1n << BigInt(first.bits - length), seen: [] };
}

// Sorts what was seen into the smallest range that holds it, or into "outside", with the worst verdict of each address.
function placeAddresses(ranges, verdicts) {
  const outside = { kind: "foreign", cidr: "in none of these ranges", seen: [] };
  const outcomes = new Map();
  for (const each of verdicts) if (each.observed) outcomes.set(each.observed, worst([outcomes.get(each.observed), each.outcome]));
  for (const [address, outcome] of [...outcomes].slice(0, MOST_ROWS)) {
    const parsed = parseAddress(address);
    const holding = ranges.filter((range) => range.bits === parsed?.bits && range.first <= parsed.value && parsed.value < range.first + range.size);
    const home = holding.sort((one, other) => (one.size < other.size ? -1 : 1))[0] || outside;
    home.seen.push({ address, outcome, value: parsed?.value });
  }
  return outside;
}

function showMap(place, named, verdicts) {
  const ranges = named.map(parseRange).filter(Boolean);
  const outside = placeAddresses(ranges, verdicts);
  if (!ranges.length && !outside.seen.length) {
    place.replaceChildren(make("p.quiet", {}, "No range of the plan is known, and no address was seen."));
    return;
  }
  const largest = new Map(); // of each version
  for (const { bits, size } of ranges) if (!(largest.get(bits) > size)) largest.set(bits, size);
  const scales = largest.size > 1 ? ", IPv4 and IPv6 each by themselves" : "";
  place.replaceChildren(
    make("p.quiet", {}, `Each bar is a range of the plan, its width to scale${scales}. A mark is an address that a service saw.`),
    make("div.map", {}, ranges.map((range) => makeMapRow(range, largest.get(range.bits))), outside.seen.length ? makeMapRow(outside, null) : null),
  );
}

function writeSize({ bits, size }) {
  if (size === 1n) return "1 address";
  return bits === 32 ? `${size.toLocaleString("en")} addresses` : `2^${size.toString(2).length - 1} addresses`;
}

// One range as a bar with a mark at each address; without a largest range, marks alone, evenly spread.
function makeMapRow(range, largest) {
  const share = (part, whole) => Number((part * 1000000n) / whole) / 10000; // in percent
  const width = largest ? share(range.size, largest) : 100;
  const shown = Math.max(width, 0.5);
  const at = (each, index) => (largest ? (share(each.value - range.first, range.size) * shown) / 100 : (100 * (index + 0.5)) / range.seen.length);
  const ticks = range.seen.map((each, index) => make(`line.tick.${each.outcome}`, { x1: `${at(each, index)}%`, x2: `${at(each, index)}%`, y1: 0, y2: 28 }, make("title", {}, `${each.address}: ${each.outcome}`)));
  const bar = largest ? make(`rect.range.${range.kind.replace(/[^a-z-]/g, "")}`, { x: "0%", y: 4, width: `${shown}%`, height: 20 }) : null;
  const seen = range.seen.map((each) => `${each.address} ${each.outcome}`);
  const [first, others] = [seen.slice(0, 8).join(", "), seen.slice(8).join(", ")];
  const more = others ? `and ${seen.length - 8} more` : "";
  const kind = KINDS[range.kind] || range.kind;
  const label = `${kind} ${range.cidr}: ${first || "no address seen"} ${more}`;
  return make(
    "div.map-row",
    {},
    make("div", {}, make("strong", {}, kind), " ", make("span.address", {}, range.size === 1n ? range.cidr.split("/")[0] : range.cidr), make("br"), make("small.quiet", {}, largest ? writeSize(range) : "", width < 0.5 ? ", too small to draw to scale" : "")),
    make("svg", { role: "img", "aria-label": label }, make("line.axis", { x1: "0%", x2: "100%", y1: 14, y2: 14 }), bar, ticks),
    first ? make("div.seen", {}, make("small.address", {}, first), others ? make("details", {}, make("summary", {}, more), make("small.address", {}, others)) : null) : null,
  );
}

function showAllowlist(place, row) {
  if (!row.allowlist.length) {
    place.replaceChildren(make("p.quiet", {}, row.isBrief ? "The run checked many environments, and this one's had no room in its event." : "The plan predicts no source address for these targets."));
    return;
  }
  const rows = row.allowlist.map((each) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, KINDS[each.kind] || each.kind),
      make("td.address", {}, each.sources.length ? each.sources.map((source) => make("div", {}, source)) : "the plan names none"),
      make("td", {}, each.targets.join(", "), each.omitted ? make("small.late", {}, `${each.omitted} more sources or targets are not in the event: see the report`) : null),
    ),
  );
  place.replaceChildren(
    make("p", {}, "The firewalls of these targets must let in these sources, by the plan. A worker may run on any node, so the whole ranges count."),
    table("allowlist", ["Source", "Addresses", "Targets"], rows),
  );
}

// ---------------------------------------------------------------- Airflow's theme, and what starts it all

function followTheme() {
  const root = document.documentElement;
  const isDark = () => {
    try {
      if (isFramed) return window.parent.document.documentElement.classList.contains("dark");
      const chosen = localStorage.getItem("theme") || { true: "dark", false: "light" }[localStorage.getItem("darkTheme")];
      if (chosen === "dark" || chosen === "light") return chosen === "dark";
    } catch {
      // another origin, or storage is off: the browser's own setting counts
    }
    return matchMedia("(prefers-color-scheme: dark)").matches;
  };
  const apply = () => {
    root.dataset.theme = isDark() ? "dark" : "light";
  };
  apply();
  try {
    const parent = window.parent.document.documentElement;
    new MutationObserver(apply).observe(parent, { attributes: true, attributeFilter: ["class"] });
  } catch {
    // another origin: its theme is not known
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
}

followTheme();
document.getElementById("home").hidden = isFramed; // Airflow's menu is beside the frame
document.getElementById("reload").addEventListener("click", () => reload({ fully: true }));
document.getElementById("tools").addEventListener("submit", (event) => event.preventDefault());
document.getElementById("search").addEventListener("input", (event) => {
  state.search = event.target.value;
  if (location.hash.startsWith("#/")) location.hash = "#";
  else render();
});
window.addEventListener("hashchange", render);
const reloadIfSeen = () => document.visibilityState === "visible" && reload();
setInterval(reloadIfSeen, RELOAD_SECONDS * 1000);
document.addEventListener("visibilitychange", reloadIfSeen);
reload();
