// A certified OpenID provider and an API that believes only its introspection, both on loopback, for the providers test.
//
//   node server.mjs      prints one JSON line { issuer, token_endpoint, api, counts } and ends when its standard input does.
//
// Everything about tokens is the library's; this file configures it, protects one resource, and counts.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const ACCESS_TOKEN_S = 5;
// The resource server's own client: it may ask about tokens and nothing else.
const INTROSPECTOR = { id: 'resource-server', secret: randomBytes(16).toString('hex') };
const NATIVE = {
  application_type: 'native',
  redirect_uris: ['http://127.0.0.1/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
};
const CLIENTS = [
  { client_id: 'desktop', token_endpoint_auth_method: 'none', ...NATIVE },
  { client_id: 'web-basic', client_secret: 'web-basic-secret', token_endpoint_auth_method: 'client_secret_basic', ...NATIVE },
  {
    client_id: 'service',
    client_secret: 'service-secret',
    token_endpoint_auth_method: 'client_secret_basic',
    redirect_uris: [],
    grant_types: ['client_credentials'],
    response_types: [],
  },
  {
    client_id: INTROSPECTOR.id,
    client_secret: INTROSPECTOR.secret,
    token_endpoint_auth_method: 'client_secret_basic',
    redirect_uris: [],
    grant_types: [],
    response_types: [],
  },
];

const counts = { token_calls: 0, token_errors: 0, api_ok: 0, api_refused: 0, tokens_honoured: 0, tokens_refused: 0 };
// Kept as hashes: how many different tokens were honoured or refused is all that anybody asks.
const honoured = new Set();
const refused = new Set();

async function listening(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${server.address().port}`;
}

// The issuer is part of the provider, so its port has to be known before there is a provider to answer.
const front = createServer();
const issuer = await listening(front);
const provider = new Provider(issuer, {
  clients: CLIENTS,
  cookies: { keys: [randomBytes(16).toString('hex')] },
  scopes: ['openid', 'offline_access'],
  pkce: { required: () => true },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  rotateRefreshToken: () => true,
  ttl: { AccessToken: ACCESS_TOKEN_S, ClientCredentials: ACCESS_TOKEN_S, AuthorizationCode: 60, Grant: 3600, IdToken: 3600, Interaction: 600, RefreshToken: 3600, Session: 3600 },
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: (_, client) => client.clientId === INTROSPECTOR.id },
  },
});
provider.on('grant.error', () => { counts.token_errors += 1; });
const answer = provider.callback();
front.on('request', (request, response) => {
  if (request.url === '/token') counts.token_calls += 1;
  answer(request, response);
});

/** Whether the provider calls a token active, asked anew for each request as RFC 7662 has it. */
async function isActive(token) {
  const credentials = Buffer.from(`${INTROSPECTOR.id}:${INTROSPECTOR.secret}`).toString('base64');
  const response = await fetch(`${issuer}/token/introspection`, {
    method: 'POST',
    headers: { authorization: `Basic ${credentials}` },
    body: new URLSearchParams({ token, token_type_hint: 'access_token' }),
  });
  if (!response.ok) throw new Error(`introspection answered ${response.status}`);
  return (await response.json()).active;
}

function json(response, status, body, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

async function resource(request, response) {
  if (request.url === '/counts') {
    json(response, 200, { ...counts, tokens_honoured: honoured.size, tokens_refused: refused.size });
    return;
  }
  const token = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const name = token && createHash('sha256').update(token).digest('hex');
  if (token && (await isActive(token))) {
    counts.api_ok += 1;
    honoured.add(name);
    json(response, 200, { message: 'Welcome' });
    return;
  }
  counts.api_refused += 1;
  if (token) refused.add(name);
  const why = token ? ', error="invalid_token", error_description="The access token expired or was revoked"' : '';
  json(response, 401, { error: 'unauthorized' }, { 'www-authenticate': `Bearer realm="providers"${why}` });
}

const api = await listening(createServer((request, response) => {
  resource(request, response).catch((error) => json(response, 500, { error: error.message }));
}));

console.log(JSON.stringify({ issuer, token_endpoint: `${issuer}/token`, api: `${api}/orders`, counts: `${api}/counts` }));
// The test holds the other end: however it ends, so does this.
process.stdin.resume().on('end', () => process.exit(0));
