// Tries again after four seconds, and again, until the vendor is back.
const env = process.env;
const url = env.VENDORLAB_SCANALYTICS_URL;

const sleep = (seconds) =>
  fetch(`${env.VENDORLAB_CONTROL_URL}/clock/advance`, {
    method: "POST",
    headers: { Authorization: `Bearer ${env.VENDORLAB_CONTROL_TOKEN}`, "Content-Type": "application/json" },
    body: JSON.stringify({ seconds }),
  });

(async () => {
  const form = new URLSearchParams({
    grant_type: "password",
    username: env.VENDORLAB_SCANALYTICS_USERNAME,
    password: env.VENDORLAB_SCANALYTICS_PASSWORD,
    client_id: env.VENDORLAB_SCANALYTICS_CLIENT_ID,
  });
  const { access_token } = await (await fetch(`${url}/o/token/`, { method: "POST", body: form })).json();
  for (;;) {
    for (;;) {
      const answer = await fetch(`${url}/v1/whoami`, { headers: { Authorization: `Bearer ${access_token}` } });
      await answer.text();
      if (answer.status === 200) break;
      await sleep(4);
    }
    await sleep(300);
  }
})().catch(() => process.exit(0));
