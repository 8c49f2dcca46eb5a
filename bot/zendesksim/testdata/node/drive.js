// Drives an account as a stranger's program does. Arguments: the endpoint, an agent's address and API token, the id of a
// requester. Prints one JSON object of what it saw.
'use strict';
const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const {createClient} = require('node-zendesk');

const [endpointUri, username, token, requester] = process.argv.slice(2);
const client = createClient({endpointUri, username, token});
const requesterId = Number(requester);

// The library takes some refusals for success: the status alone tells.
function ok(answer, status = 200) {
  assert.equal(answer.response.status, status, JSON.stringify(answer.result));
  return answer.result;
}

async function tickets() {
  const made = ok(await client.tickets.create({ticket: {
    subject: 'Data & Privacy', comment: {body: 'Please delete jo@shop.example'}, requester_id: requesterId, tags: ['one'],
  }}), 201);
  assert.equal(made.subject, 'Data & Privacy');
  const id = made.id;
  const changed = ok(await client.tickets.update(id, {ticket: {status: 'open', comment: {body: 'We have received it.', public: true}}}));
  assert.equal(changed.status ?? changed.ticket.status, 'open');
  const shown = ok(await client.tickets.show(id));
  assert.deepEqual(shown.tags, ['one']);
  const many = ok(await client.tickets.showMany([id, 999999]));
  assert.deepEqual((many.tickets ?? many).map(t => t.id), [id]);
  const comments = await client.tickets.getComments(id);
  assert.deepEqual(comments.flatMap(c => c.comments ?? [c]).map(c => c.body), ['Please delete jo@shop.example', 'We have received it.']);
  return id;
}

async function uploads(id) {
  const file = path.join(os.tmpdir(), `node-zendesk-${process.pid}.zip`);
  fs.writeFileSync(file, 'PK a report');
  try {
    const sent = await client.attachments.upload(file, {filename: 'report.zip', binary: true}); // of this it gives the result alone
    const upload = sent.upload ?? sent;
    assert.ok(upload.token);
    ok(await client.tickets.update(id, {ticket: {comment: {body: 'See the file.', uploads: [upload.token]}}}));
    return upload.attachments[0].file_name;
  } finally {
    fs.rmSync(file);
  }
}

async function people() {
  const me = ok(await client.users.me());
  assert.equal(me.email, username);
  const org = ok(await client.organizations.create({organization: {name: 'Stranger Ltd'}}), 201);
  const user = ok(await client.users.create({user: {name: 'Cy', email: 'cy@stranger.example', organization_id: org.id}}), 201);
  assert.equal(user.organization_id, org.id);
  const users = await client.users.list();
  assert.ok(users.some(u => u.id === user.id));
  const organizations = await client.organizations.list();
  assert.ok(organizations.some(o => o.name === 'Stranger Ltd'));
  return {user: user.id, organization: org.id};
}

async function webhooks() {
  const made = ok(await client.webhooks.create({webhook: {
    name: 'stranger', endpoint: 'https://stranger.example/hook', http_method: 'POST', request_format: 'json', status: 'active',
    subscriptions: ['conditional_ticket_events'],
  }}), 201);
  const id = (made.webhook ?? made).id;
  const secret = ok(await client.webhooks.getSigningSecret(id));
  assert.ok((secret.signing_secret ?? secret).secret);
  const list = await client.webhooks.list();
  assert.ok(list.some(w => w.id === id));
  await client.webhooks.delete(id);
  return id;
}

// exported reads the cursor-based export by the client's own raw call: it has no other word for it.
async function exported(since) {
  const answer = await client.tickets.get(['incremental', 'tickets', 'cursor', {start_time: since}]);
  const page = ok(answer);
  const all = page.tickets ?? page;
  return all.map(t => t.id);
}

async function limited() {
  for (let i = 0; i < 1000; i++) {
    const {response} = await client.tickets.show(1);
    if (response.status === 429) {
      const header = response.headers.get ? response.headers.get('retry-after') : response.headers['retry-after'];
      return Number(header);
    }
  }
  return 0;
}

async function main() {
  const ticket = await tickets();
  const file = await uploads(ticket);
  const met = await people();
  const webhook = await webhooks();
  const export_ = await exported(1_000_000_000);
  const retryAfter = await limited();
  console.log(JSON.stringify({ticket, file, ...met, webhook, exported: export_, retryAfter}));
}

main().catch(error => {
  console.error(error);
  process.exitCode = 1;
});
