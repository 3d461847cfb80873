// The page "Masquerade": reads the checks' asset events and reports over Airflow's own REST API, with the user's session.
//
//   asset ──▶ events, the newest first ──▶ one row per environment ──▶ a row opened: the report's XCom, older events
//
// Whatever an event or a report says is untrusted: it is checked, cut, and shown as text. Nothing is put in as markup.

const ASSET_URI = "x-airflow-masq://source-ip/check";
const EVENT_SCHEMA = "airflow-masq/report-event/v1";
const OUTCOMES = ["FAIL", "ERROR", "INCONCLUSIVE", "PASS"]; // the worst first
const KINDS = { node: "Node", pod: "Pod", service: "Service", nat: "Cloud NAT", "node-external": "Node, external", foreign: "Other", ambiguous: "Ambiguous" };

const RECENT_HOURS = 3; // what the first screen asks for at once; other tasks are asked one by one
const LATE_HOURS = 24;
const PAGE_EVENTS = 100; // Airflow's default limit of a page
const MOST_PAGES = 10;
const MOST_TASKS = 500;
const MOST_COLUMNS = 12;
const MOST_ROWS = 1000;
const HISTORY_EVENTS = 48;
const MOST_READ = 10000;
const MOST_TEXT = 500;
const MOST_NAME = 80;
const QUIET_EVENTS = 20;
const AT_ONCE = 6; // a browser opens six connections to a host
const RELOAD_SECONDS = 60;

// ---------------------------------------------------------------- Airflow's REST API, version 2 and version 1

const APIS = {
  v2: {
    assets: `assets?uri_pattern=${encodeURIComponent(ASSET_URI)}&limit=20`,
    readAssets: (answer) => answer.assets,
    events: (query) => `assets/events?${query}`,
    assetKey: "asset_id",
    readEvents: (answer) => answer.asset_events,
    hasTimeFilter: true,
    run: (dag, run, task) => `../dags/${dag}/runs/${run}/tasks/${task}`,
  },
  v1: {
    assets: `datasets?uri_pattern=${encodeURIComponent(ASSET_URI)}&limit=20`,
    readAssets: (answer) => answer.datasets,
    events: (query) => `datasets/events?${query}`,
    assetKey: "dataset_id",
    readEvents: (answer) => answer.dataset_events,
    hasTimeFilter: false,
    run: (dag, run, task) => `../dags/${dag}/grid?dag_run_id=${run}&task_id=${task}&tab=logs`,
  },
};
const apiName = document.documentElement.dataset.api;
const api = APIS[apiName];

class ApiError extends Error {
  constructor(status, path) {
    super(`Airflow answered ${status} to ${path.split("?")[0]}`);
    this.status = status;
  }
}

async function ask(path) {
  const answer = await fetch(`../api/${apiName}/${path}`, { headers: { Accept: "application/json" }, credentials: "same-origin" });
  const isJson = (answer.headers.get("content-type") || "").includes("json");
  if (!answer.ok || !isJson) throw new ApiError(answer.ok ? 401 : answer.status, path); // a page of text is the login page
  return answer.json();
}

async function findAsset() {
  const assets = api.readAssets(await ask(api.assets));
  const asset = assets.find((each) => each.uri === ASSET_URI);
  if (!asset) return null;
  const producers = (asset.producing_tasks || []).map((each) => ({ dagId: each.dag_id, taskId: each.task_id }));
  return { id: asset.id, producers: producers.slice(0, MOST_TASKS), omitted: Math.max(0, producers.length - MOST_TASKS) };
}

// Posted events name no source task, so asking by task leaves them out.
async function askEvents(asset, { dagId, taskId, since, limit, offset = 0 }) {
  const query = new URLSearchParams({ [api.assetKey]: asset.id, source_task_id: taskId, order_by: "-timestamp", limit, offset });
  if (dagId !== undefined) query.set("source_dag_id", dagId);
  if (since !== undefined && api.hasTimeFilter) query.set("timestamp_gte", since.toISOString());
  const answer = await ask(api.events(query));
  const events = api.readEvents(answer);
  const old = since === undefined || api.hasTimeFilter ? [] : events.filter((each) => new Date(each.timestamp) < since);
  return { events: events.map(readEvent).filter(Boolean), sent: events.length, total: answer.total_entries, reachedOld: old.length > 0 };
}

async function askReports(check) {
  const [dag, run, task] = [check.dagId, check.runId, check.taskId].map(encodeURIComponent);
  let value = (await ask(`dags/${dag}/dagRuns/${run}/taskInstances/${task}/xcomEntries/return_value`)).value;
  for (let depth = 0; typeof value === "string" && depth < 3; depth += 1) value = JSON.parse(value);
  return list(value).filter((each) => each && text(each.environment) === check.environment)[0] || null;
}

// ---------------------------------------------------------------- untrusted values

const text = (value) => (["string", "number", "boolean"].includes(typeof value) ? String(value).slice(0, MOST_TEXT) : "");
const shorten = (value) => (value.length > MOST_NAME ? `${value.slice(0, MOST_NAME)}…` : value);
const list = (value, most = MOST_ROWS) => (Array.isArray(value) ? value.slice(0, most) : []);
const count = (value) => (Number.isInteger(value) && value >= 0 ? value : null);
const outcomeOf = (value) => (OUTCOMES.includes(value) ? value : "ERROR");
const readTime = (value) => (Number.isNaN(Date.parse(text(value))) ? null : new Date(text(value)));
const worst = (outcomes) => OUTCOMES.find((each) => outcomes.includes(each));

// Reads an asset event into one check per environment; null for what the check's own task did not write.
function readEvent(event) {
  const extra = event.extra;
  if (!extra || extra.schema !== EVENT_SCHEMA || !event.source_dag_id || !event.source_run_id) return null;
  const source = { dagId: event.source_dag_id, taskId: event.source_task_id, runId: event.source_run_id, time: new Date(event.timestamp) };
  return { ...source, checks: list(extra.environments, 50).filter((each) => each && typeof each === "object").map((each) => readCheck(each, source)) };
}

function readCheck(row, source) {
  const targets = new Map();
  for (const each of list(row.targets)) targets.set(text(each?.target), outcomeOf(each?.outcome));
  const changes = list(row.targets).filter((each) => OUTCOMES.includes(each?.previous));
  const verdicts = list(row.verdicts).map((each) => ({
    node: text(each?.node),
    target: text(each?.target),
    outcome: outcomeOf(each?.outcome),
    code: text(each?.code),
    expected: text(each?.expected),
    observed: text(each?.observed),
  }));
  for (const each of verdicts) targets.set(each.target, worst([targets.get(each.target), each.outcome]));
  return {
    ...source,
    environment: text(row.environment),
    outcome: outcomeOf(row.outcome),
    coverage: text(row.coverage),
    problems: list(row.problems, 100).map(text),
    changes: changes.map((each) => ({ target: text(each.target), outcome: outcomeOf(each.outcome), previous: each.previous, since: readTime(each.since) })),
    ranges: readRanges(row.ranges),
    allowlist: list(row.allowlist, 20).map((each) => ({ kind: text(each?.kind), sources: list(each?.sources, 50).map(text), targets: list(each?.targets, 50).map(text), omitted: count(each?.omitted) || 0 })),
    omitted: count(row.omitted) || 0,
    targets,
    verdicts,
  };
}

// ---------------------------------------------------------------- what is shown

const state = { asset: null, rows: new Map(), codes: null, search: "", loading: false, loadedAt: null, failures: [] };
const rowKey = (row) => JSON.stringify([row.dagId, row.taskId, row.environment]);

function findRow(dagId, environment) {
  const found = [...state.rows.values()].filter((row) => row.dagId === dagId && row.environment === environment);
  return found.sort((one, other) => other.time - one.time)[0] || null;
}

function takeEvents(events) {
  for (const event of events) {
    for (const check of event.checks) {
      const known = state.rows.get(rowKey(check));
      if (!known || known.time < check.time) state.rows.set(rowKey(check), check);
      state.rows.delete(rowKey({ ...check, environment: "" })); // it was never checked until now
    }
  }
}

// Does some work for each item, a few at a time; what fails is kept for a notice, and hides nothing else.
async function inParallel(items, work) {
  const queue = [...items];
  const run = async () => {
    while (queue.length) {
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

// Every task that reports is asked: those of the same name together for the last hours, the others one by one.
async function loadOverview() {
  state.asset ??= await findAsset();
  const asset = state.asset;
  const began = Date.now();
  if (!asset) {
    state.loadedAt = began;
    return;
  }
  const since = new Date(Math.min(began - RECENT_HOURS * 3600e3, state.loadedAt ?? began)); // the tab may have slept
  const producerKey = (each) => JSON.stringify([each.dagId, each.taskId]);
  const known = new Set(asset.producers.map(producerKey));
  const take = ({ events }) => takeEvents(events.filter((each) => known.has(producerKey(each))));
  state.failures = [];
  await inParallel(new Set(asset.producers.map((each) => each.taskId)), async (taskId) => {
    const first = await askEvents(asset, { taskId, since, limit: PAGE_EVENTS });
    take(first);
    const pages = first.reachedOld || !first.sent ? 1 : Math.min(MOST_PAGES, Math.ceil(first.total / first.sent));
    const offsets = Array.from({ length: pages - 1 }, (_, index) => (index + 1) * first.sent);
    await inParallel(offsets, async (offset) => take(await askEvents(asset, { taskId, since, limit: PAGE_EVENTS, offset })));
  });
  const shown = new Set([...state.rows.values()].filter((row) => row.time).map(producerKey));
  const quiet = asset.producers.filter((each) => !shown.has(producerKey(each)));
  if (quiet.length && state.rows.size) render();
  await inParallel(quiet, async (producer) => {
    const { events, sent } = await askEvents(asset, { ...producer, limit: QUIET_EVENTS });
    takeEvents(events);
    if (events.length) return;
    const nothing = { ...producer, environment: "", outcome: null, time: null, isUnreadable: sent > 0 };
    state.rows.set(rowKey(nothing), { ...nothing, targets: new Map(), changes: [], problems: [], verdicts: [], coverage: "", omitted: 0 });
  });
  state.loadedAt = began;
}

async function reload({ fully = false } = {}) {
  if (state.loading) return;
  state.loading = true;
  if (fully) state.asset = null; // DAGs may have come since
  document.getElementById("reload").disabled = true;
  let problem = null;
  try {
    await loadOverview();
    if (!state.rows.size && state.failures.length) problem = state.failures[0];
  } catch (error) {
    problem = error;
  } finally {
    state.loading = false;
    document.getElementById("reload").disabled = false;
  }
  state.problem = problem;
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

function ago(time) {
  const minutes = Math.round((Date.now() - time) / 60e3);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 48 * 60) return `${Math.round(minutes / 60)} h ago`;
  return `${Math.round(minutes / 1440)} days ago`;
}

function whenChecked(row) {
  if (!row.time) return make("span.late", {}, row.isUnreadable ? "its events cannot be read" : "never checked");
  const isLate = Date.now() - row.time > LATE_HOURS * 3600e3;
  return make(isLate ? "span.late" : "span", { title: row.time.toISOString(), "data-time": row.time.getTime() }, isLate ? `not checked for ${ago(row.time).replace(" ago", "")}` : ago(row.time));
}

// ---------------------------------------------------------------- first screen

function readPlace() {
  try {
    return location.hash.startsWith("#/") ? location.hash.slice(2).split("/").map(decodeURIComponent) : [];
  } catch {
    return []; // not an address that this page made
  }
}

function render() {
  const place = readPlace();
  const overview = document.getElementById("overview");
  const detail = document.getElementById("detail");
  const row = place.length >= 2 ? findRow(place[0], place[1]) : null;
  overview.hidden = Boolean(row);
  detail.hidden = !row;
  showNotice();
  if (row) {
    showDetail(row, place[2]);
    return;
  }
  shownDetail = null;
  const isMissing = place.length >= 2 && state.loadedAt !== null;
  showOverview(overview, isMissing ? `There is no check of ${place[1]} by ${place[0]}. ` : "");
}

// What could not be read stands above what could.
function showNotice() {
  const notice = document.getElementById("notice");
  const problem = state.problem || state.failures[0];
  const message = problem ? explainError(problem) : "";
  const more = !state.problem && state.failures.length > 1 ? ` ${state.failures.length} questions failed; what could be read is shown.` : "";
  if (notice.dataset.message === message + more) return; // said once, not every minute
  notice.dataset.message = message + more;
  notice.hidden = !message;
  const again = make("button", { type: "button", onclick: () => reload({ fully: true }) }, "Try again");
  notice.replaceChildren(make("p", {}, message + more), again);
}

function rankOf(row) {
  if (!row.outcome) return 3.5; // never checked: before what passes
  const late = row.outcome === "PASS" && Date.now() - row.time > LATE_HOURS * 3600e3;
  return late ? 3 : OUTCOMES.indexOf(row.outcome) + (row.outcome === "PASS" ? 1 : 0);
}

function chooseColumns(rows) {
  const weights = new Map();
  for (const row of rows) for (const [target, outcome] of row.targets) weights.set(target, (weights.get(target) || 0) + (outcome === "PASS" ? 1 : 1000));
  const columns = [...weights].sort((one, other) => other[1] - one[1] || one[0].localeCompare(other[0])).map(([target]) => target);
  return { columns: columns.slice(0, MOST_COLUMNS), more: columns.slice(MOST_COLUMNS) };
}

let shownOverview = null;

function showOverview(place, remark) {
  if (state.loadedAt === null) return; // still loading, or it could not be read: the notice says so
  const rows = [...state.rows.values()];
  if (!rows.length) {
    setStatus("");
    shownOverview = null;
    place.replaceChildren(makeEmptyState());
    return;
  }
  const words = state.search.toLowerCase();
  const found = rows.filter((row) => !words || [row.environment, row.dagId, ...row.targets.keys()].some((each) => each.toLowerCase().includes(words)));
  found.sort((one, other) => rankOf(one) - rankOf(other) || one.environment.localeCompare(other.environment));
  const { columns, more } = chooseColumns(found);
  const heads = ["Environment", ...columns.map(shorten), ...(more.length ? [`${more.length} more targets`] : []), "Nodes seen", "Last checked", "What changed"];
  const counts = OUTCOMES.map((outcome) => [outcome, found.filter((row) => row.outcome === outcome).length]).filter(([, number]) => number);
  const total = `${found.length} ${found.length === 1 ? "environment" : "environments"}`;
  const omitted = state.asset.omitted ? ` ${state.asset.omitted} more tasks report and are not shown.` : "";
  setStatus(`${remark}${total}${counts.length ? ": " : ""}${counts.map(([outcome, number]) => `${number} ${outcome}`).join(", ")}.${omitted}`);
  const content = JSON.stringify([words, found.map((row) => [rowKey(row), row.runId])]);
  if (shownOverview === content) {
    for (const cell of place.querySelectorAll("[data-time]")) cell.replaceWith(whenChecked({ time: new Date(Number(cell.dataset.time)) }));
    return; // a reload that brought nothing new keeps focus and scrolling
  }
  shownOverview = content;
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.place : undefined;
  const scrolled = place.querySelector(".scroll")?.scrollLeft || 0;
  place.replaceChildren(table("overview", heads, found.slice(0, MOST_ROWS).map((row) => makeRow(row, columns, more))));
  place.querySelector(".scroll").scrollLeft = scrolled;
  if (focused !== undefined) [...place.querySelectorAll("[data-place]")].find((each) => each.dataset.place === focused)?.focus();
}

function makeRow(row, columns, more) {
  const open = (target) => () => openDetail(row, target);
  const name = shorten(row.environment.split("/").pop() || row.dagId);
  const cells = columns.map((target) => {
    const outcome = row.targets.get(target);
    if (!outcome) return make("td.target", {}, make("span.quiet", { title: row.omitted ? "not in the event, or no target of this environment" : "not a target of this environment" }, "–"));
    const seen = [...new Set((row.verdicts || []).filter((each) => each.target === target && each.outcome === outcome).map((each) => each.observed).filter(Boolean))];
    const attributes = { type: "button", "aria-label": `${name}, ${target}: ${outcome}. Open`, "data-place": hashOf(row, target), onclick: open(target) };
    const button = make(`button.outcome.${outcome}`, attributes, outcome);
    return make("td.target", {}, button, seen.length ? make("small.address", {}, seen[0], seen.length > 1 ? ` +${seen.length - 1}` : "") : null);
  });
  if (more.length) {
    const outcome = worst(more.map((target) => row.targets.get(target)));
    cells.push(make("td.target", {}, outcome ? make(`button.outcome.${outcome}`, { type: "button", onclick: open() }, outcome) : make("span.quiet", {}, "–")));
  }
  const title = row.time ? make("a", { href: hashOf(row), "data-place": hashOf(row) }, name) : make("span", {}, name);
  const changes = row.changes.sort((one, other) => (other.since ?? 0) - (one.since ?? 0)).slice(0, 3).map(makeChange);
  return make(
    "tr",
    {},
    make("th", { scope: "row" }, title, " ", badge(row.outcome), make("small", {}, `DAG ${row.dagId}`, countProblems(row))),
    cells,
    make("td", {}, row.coverage),
    make("td", {}, whenChecked(row)),
    make("td", {}, changes.length ? changes : make("span.quiet", {}, row.time ? "nothing known" : "")),
  );
}

function countProblems(row) {
  if (!row.problems.length) return "";
  return ` · ${row.problems.length} ${row.problems.length === 1 ? "problem" : "problems"}`;
}

function makeChange(change) {
  const since = change.since ? make("small", { title: change.since.toISOString() }, ago(change.since)) : null;
  return make("div", {}, `${change.target}: ${change.previous} → ${change.outcome}`, since);
}

function makeEmptyState() {
  return make(
    "div.notice",
    {},
    make("h2", {}, "Nothing has been checked yet"),
    make("p", {}, "The DAG ", make("code", {}, "check_source_ip"), " asks services, from the workers, which source address they see. This page shows what its task ", make("code", {}, "report"), " finds."),
    make("ul", {}, make("li", {}, "Put the file check_source_ip.py into your DAG folder."), make("li", {}, "Say where the plan is: set the Airflow Variable airflow_masq_plan to its path or its text."), make("li", {}, "Unpause the DAG, or trigger it once.")),
  );
}

function setStatus(message) {
  document.getElementById("status").textContent = message;
}

function explainError(error) {
  const reasons = {
    401: "Your session has ended. Sign in to Airflow again, then reload this page.",
    403: "Airflow refuses to answer: your session has ended, or your role may not read this. Sign in again. The page needs the permissions to read assets (in Airflow 2: datasets), DAG runs, task instances and XComs.",
    404: "Airflow's REST API does not have this page's question. Airflow 2.10 or later is needed.",
  };
  return reasons[error.status] || `Airflow's REST API cannot be read: ${text(error.message)}`;
}

// ---------------------------------------------------------------- one environment

let shownDetail = null; // the environment that is open, and of which run

const hashOf = (row, target) => `#/${[row.dagId, row.environment, target].filter((each) => each !== undefined).map(encodeURIComponent).join("/")}`;

function openDetail(row, target) {
  location.hash = hashOf(row, target);
}

async function showDetail(row, target) {
  const address = JSON.stringify([row.dagId, row.environment, target]);
  const key = JSON.stringify([address, row.taskId, row.runId]);
  if (shownDetail?.key === key) return; // a reload that brought nothing new keeps what is open
  const isOpened = shownDetail?.address !== address; // else a new run of what is open came in
  shownDetail = { key, address };
  setStatus("");
  const place = document.getElementById("detail");
  const parts = { targets: make("div"), map: make("div"), allow: make("div") };
  const heading = make("h2", { tabindex: "-1" }, row.environment, " ", badge(row.outcome));
  const problems = row.problems.map((each) => make("li", {}, each));
  place.replaceChildren(
    make("p", {}, make("a", { href: "#" }, "← All environments")),
    heading,
    make("p", {}, "Checked ", whenChecked(row), ` by DAG ${row.dagId}. ${row.coverage} `, linkToRun(row)),
    problems.length ? make("div.notice.bad", {}, make("h3", {}, "Problems"), make("ul", {}, problems)) : "",
    parts.targets,
    make("h2", {}, "Address map"),
    parts.map,
    make("h2", {}, "Addresses to allowlist"),
    parts.allow,
  );
  if (isOpened) {
    heading.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
  showAllowlist(parts.allow, row);
  const draw = (report, history, remark) => {
    const verdicts = report ? readVerdicts(report) : row.verdicts.map((each) => ({ ...each, evidence: [], reason: "", attribution: "", findings: [] }));
    showTargets(parts.targets, row, { verdicts, history, target, remark });
    showMap(parts.map, report ? readRanges(report.ranges) : row.ranges, verdicts);
  };
  draw(null, null, "Loading the report …");
  const [report, history, codes] = await Promise.allSettled([askReports(row), askHistory(row), loadCodes()]);
  if (shownDetail?.key !== key) return; // another one was opened meanwhile
  state.codes = codes.value || null;
  const left = report.value ? countLeftOut(report.value) : row.omitted;
  const remark = report.value ? (left ? `${left} more verdicts are in the log of the report's task.` : "") : "The run's full report is gone or may not be read, so reasons and evidence are missing; this is what its event kept.";
  draw(report.value, history.value, remark);
}

async function askHistory(row) {
  const { events } = await askEvents(state.asset, { dagId: row.dagId, taskId: row.taskId, limit: HISTORY_EVENTS });
  return events.flatMap((event) => event.checks).filter((check) => check.environment === row.environment).reverse();
}

async function loadCodes() {
  if (state.codes) return state.codes;
  const answer = await fetch("codes.json", { credentials: "same-origin" });
  return answer.ok ? answer.json() : null;
}

// The worst come first, so that none of them is left out where there are too many.
function readVerdicts(report) {
  const verdicts = list(report.verdicts, MOST_READ).map(readVerdict);
  return verdicts.sort((one, other) => OUTCOMES.indexOf(one.outcome) - OUTCOMES.indexOf(other.outcome)).slice(0, MOST_ROWS);
}

function countLeftOut(report) {
  const omitted = Object.values(report.omitted || {}).map((each) => count(each) || 0);
  return omitted.reduce((sum, each) => sum + each, Math.max(0, list(report.verdicts, MOST_READ).length - MOST_ROWS));
}

const readRanges = (ranges) => list(ranges, 50).map((each) => ({ kind: text(each?.kind), cidr: text(each?.cidr) }));

function readVerdict(each) {
  return {
    node: text(each?.vantage?.node_name || each?.node),
    host: text(each?.vantage?.hostname),
    pod: text(each?.vantage?.pod_ip),
    target: text(each?.target),
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

function linkToRun(row) {
  const [dag, run, task] = [row.dagId, row.runId, row.taskId].map(encodeURIComponent);
  const url = new URL(api.run(dag, run, task), location.href).href;
  return make("a", { href: url, onclick: (event) => openInAirflow(event, url) }, "Open the run in Airflow");
}

// Airflow 3 shows this page in a sandboxed frame, which may not navigate its parent; the parent's router may.
function openInAirflow(event, url) {
  if (window.parent === window || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  window.parent.history.pushState(null, "", url);
  window.parent.dispatchEvent(new PopStateEvent("popstate", { state: null }));
}

function showTargets(place, row, { verdicts, history, target, remark }) {
  const outcomes = new Map(row.targets);
  for (const each of verdicts) outcomes.set(each.target, worst([outcomes.get(each.target), each.outcome]));
  const names = [...outcomes.keys()];
  const ranks = (name) => [name === target ? -1 : 0, OUTCOMES.indexOf(outcomes.get(name))];
  names.sort((one, other) => ranks(one)[0] - ranks(other)[0] || ranks(one)[1] - ranks(other)[1] || one.localeCompare(other));
  place.replaceChildren(
    remark ? make("p.quiet", {}, remark) : "",
    ...names.slice(0, 200).map((name) => makeTarget(name, outcomes.get(name), { row, verdicts: verdicts.filter((each) => each.target === name), history })),
  );
}

function makeTarget(name, outcome, { row, verdicts, history }) {
  verdicts.sort((one, other) => OUTCOMES.indexOf(one.outcome) - OUTCOMES.indexOf(other.outcome) || one.node.localeCompare(other.node));
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
    const label = `${check.time.toLocaleString()}: ${outcome || (check.omitted ? "not in the event" : "not asked")}`;
    const letter = make("span", { "aria-hidden": "true" }, outcome ? outcome[0] : "–");
    return make(`li.${outcome || "NONE"}${check.runId === row.runId ? ".selected" : ""}`, { title: label, "aria-label": label }, letter);
  });
  return make("div", {}, make("small.quiet", {}, `The last ${items.length} runs, the newest on the right`), make("ol.strip", {}, items));
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
      make("td", {}, [text(each?.detail), ...list(each?.intermediaries, 10).map(text), Number.isFinite(seconds) ? `${(seconds * 1000).toFixed(0)} ms` : ""].filter(Boolean).join(" · ")),
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
    make("p", {}, row.meaning),
    make("p", {}, make("strong", {}, "Why it happens: "), row.causes),
    make("p", {}, make("strong", {}, "What to do: "), row.what_to_do),
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

function showMap(place, named, verdicts) {
  const ranges = named.map(parseRange).filter(Boolean);
  const outside = { kind: "foreign", cidr: "in none of these ranges", seen: [] };
  const byAddress = new Map();
  for (const each of verdicts) if (each.observed) byAddress.set(each.observed, worst([byAddress.get(each.observed), each.outcome]));
  for (const [address, outcome] of [...byAddress].slice(0, MOST_ROWS)) {
    const parsed = parseAddress(address);
    const holding = ranges.filter((range) => parsed && range.bits === parsed.bits && range.first <= parsed.value && parsed.value < range.first + range.size);
    const home = holding.sort((one, other) => (one.size < other.size ? -1 : 1))[0] || outside;
    home.seen.push({ address, outcome, value: parsed?.value });
  }
  if (!ranges.length && !outside.seen.length) {
    place.replaceChildren(make("p.quiet", {}, "The plan names no ranges, and no address was seen."));
    return;
  }
  const largest = (bits) => ranges.filter((range) => range.bits === bits).reduce((most, range) => (range.size > most ? range.size : most), 1n);
  place.replaceChildren(
    make("p.quiet", {}, "Each bar is a range of the plan, its width to scale. A mark is an address that a service saw."),
    make("div.map", {}, ranges.map((range) => makeMapRow(range, largest(range.bits))), outside.seen.length ? makeMapRow(outside, null) : null),
  );
}

function makeMapRow(range, largest) {
  const share = (part, whole) => Number((part * 1000000n) / whole) / 10000; // in percent
  const size = range.size === undefined ? "" : range.bits === 32 ? `${range.size.toLocaleString("en")} ${range.size === 1n ? "address" : "addresses"}` : "IPv6";
  const width = largest === null ? 0 : share(range.size, largest);
  const isTooSmall = largest !== null && width < 0.5;
  const shown = Math.max(width, 0.5);
  const bars = largest === null ? [] : [make(`rect.range.${range.kind.replace(/[^a-z-]/g, "")}`, { x: "0%", y: 4, width: `${shown}%`, height: 20 })];
  const ticks = range.seen.map((each, index) => {
    const at = largest === null ? (100 * (index + 0.5)) / range.seen.length : (share(each.value - range.first, range.size) * shown) / 100;
    return make(`line.tick.${each.outcome}`, { x1: `${at}%`, x2: `${at}%`, y1: 0, y2: 28 }, make("title", {}, `${each.address}: ${each.outcome}`));
  });
  const seen = range.seen.slice(0, 8).map((each) => `${each.address} ${each.outcome}`).join(", ");
  const others = range.seen.slice(8).map((each) => `${each.address} ${each.outcome}`).join(", ");
  const more = others ? ` and ${range.seen.length - 8} more` : "";
  const label = `${KINDS[range.kind] || range.kind} ${range.cidr}: ${seen || "no address seen"}${more}`;
  return make(
    "div.map-row",
    {},
    make("div", {}, make("strong", {}, KINDS[range.kind] || range.kind), " ", make("span.address", {}, range.size === 1n ? range.cidr.split("/")[0] : range.cidr), make("br"), make("small.quiet", {}, size, isTooSmall ? ", too small to draw to scale" : "")),
    make("svg", { role: "img", "aria-label": label }, make("line.axis", { x1: "0%", x2: "100%", y1: 14, y2: 14 }), bars, ticks),
    seen ? make("div.seen", {}, make("small.address", {}, seen), others ? make("details", {}, make("summary", {}, more.trim()), make("small.address", {}, others)) : null) : null,
  );
}

function showAllowlist(place, row) {
  if (!row.allowlist.length) {
    place.replaceChildren(make("p.quiet", {}, "The plan predicts no source address for these targets."));
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
      if (window.parent !== window) return window.parent.document.documentElement.classList.contains("dark");
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
document.getElementById("home").hidden = window.parent !== window; // in Airflow's frame its menu is beside the page
document.getElementById("reload").addEventListener("click", () => reload({ fully: true }));
document.getElementById("tools").addEventListener("submit", (event) => event.preventDefault());
document.getElementById("search").addEventListener("input", (event) => {
  state.search = event.target.value;
  if (location.hash.startsWith("#/")) location.hash = "#";
  else render();
});
window.addEventListener("hashchange", render);
setInterval(() => document.visibilityState === "visible" && reload(), RELOAD_SECONDS * 1000);
reload();
