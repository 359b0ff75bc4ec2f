// Scanalytics with fetch: log in, ask, and refresh the token when it is refused. Node 18 or later, nothing to install.

const prefix = "VENDORLAB_SCANALYTICS_";
const known = (name) => process.env[prefix + name];
const url = known("URL");

let tokens;

async function grant(form) {
  const body = new URLSearchParams({ ...form, client_id: known("CLIENT_ID") });
  const answer = await fetch(`${url}/o/token/`, { method: "POST", body });
  if (!answer.ok) throw new Error(`no token: ${answer.status} ${await answer.text()}`);
  tokens = await answer.json(); // a refresh token works once: each grant brings another
}

async function ask(path) {
  const once = () => fetch(url + path, { headers: { Authorization: `Bearer ${tokens.access_token}` } });
  let answer = await once();
  if (answer.status === 401) {
    await grant({ grant_type: "refresh_token", refresh_token: tokens.refresh_token });
    answer = await once();
  }
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

await grant({ grant_type: "password", username: known("USERNAME"), password: known("PASSWORD") });
console.log((await ask("/v1/whoami")).email);
console.log((await ask("/v1/deployment/list")).length, "deployments");
