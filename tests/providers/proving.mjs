// A certified OpenID provider whose clients prove themselves in every way, and an API that takes bearer tokens and, with a
// nonce of its own in each proof, tokens that are bound to a key (RFC 9449). Both on loopback, for the providers test.
//
//   node proving.mjs CLIENTS      CLIENTS: their metadata as a JSON list. Prints one JSON line
//                                 { issuer, token_endpoint, jwks_uri, api, counts } and ends when its standard input does.
import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const ACCESS_TOKEN_S = 3;
const INTROSPECTOR = { id: 'resource-server', secret: randomBytes(16).toString('hex') };
const NATIVE = {
  application_type: 'native',
  redirect_uris: ['http://127.0.0.1/callback'],
  grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code', 'client_credentials'],
  response_types: ['code'],
};

const counts = { token_calls: 0, token_nonces: 0, token_errors: 0, api_ok: 0, api_nonces: 0, api_refused: 0, wrong_proofs: 0 };

async function listening(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${server.address().port}`;
}

const front = createServer();
const issuer = await listening(front);
const provider = new Provider(issuer, {
  clients: [
    ...JSON.parse(process.argv[2]).map((client) => ({ ...NATIVE, ...client })),
    {
      client_id: INTROSPECTOR.id,
      client_secret: INTROSPECTOR.secret,
      token_endpoint_auth_method: 'client_secret_basic',
      redirect_uris: [],
      grant_types: [],
      response_types: [],
    },
  ],
  cookies: { keys: [randomBytes(16).toString('hex')] },
  scopes: ['openid', 'offline_access'],
  pkce: { required: () => true },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  rotateRefreshToken: () => true,
  ttl: { AccessToken: ACCESS_TOKEN_S, ClientCredentials: ACCESS_TOKEN_S, AuthorizationCode: 60, Grant: 3600, IdToken: 3600, Interaction: 600, RefreshToken: 3600, Session: 3600 },
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    revocation: { enabled: true },
    dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
    // The API may ask about any token, a client about its own.
    introspection: { enabled: true, allowedPolicy: (_, client, token) => [INTROSPECTOR.id, token.clientId].includes(client.clientId) },
  },
});
provider.on('grant.error', (_, error) => {
  if (error.error === 'use_dpop_nonce') counts.token_nonces += 1;
  else counts.token_errors += 1;
});
const answer = provider.callback();
front.on('request', (request, response) => {
  if (request.url === '/token') counts.token_calls += 1;
  answer(request, response);
});

async function introspect(token) {
  const credentials = Buffer.from(`${INTROSPECTOR.id}:${INTROSPECTOR.secret}`).toString('base64');
  const response = await fetch(`${issuer}/token/introspection`, {
    method: 'POST',
    headers: { authorization: `Basic ${credentials}` },
    body: new URLSearchParams({ token, token_type_hint: 'access_token' }),
  });
  if (!response.ok) throw new Error(`introspection answered ${response.status}`);
  return response.json();
}

const hash = (text) => createHash('sha256').update(text).digest('base64url');
const seen = new Set();
// The API's nonce changes with every good answer, so that each one has to be learned.
let nonce = randomBytes(12).toString('base64url');

/** What is wrong with a proof, in one word; nothing if it is good. */
function wrong(request, token, thumbprint) {
  const parts = (request.headers.dpop ?? '').split('.');
  if (parts.length !== 3) return 'missing';
  const [header, claims] = parts.slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url')));
  const { crv, kty, x, y } = header.jwk;
  if (hash(JSON.stringify({ crv, kty, x, y })) !== thumbprint) return 'key';
  const key = { key: createPublicKey({ key: { crv, kty, x, y }, format: 'jwk' }), dsaEncoding: 'ieee-p1363' };
  if (!verify('sha256', Buffer.from(parts.slice(0, 2).join('.')), key, Buffer.from(parts[2], 'base64url'))) return 'signature';
  if (header.typ !== 'dpop+jwt' || claims.htm !== request.method || claims.htu !== `${api}/orders`) return 'target';
  if (claims.ath !== hash(token) || Math.abs(claims.iat - Date.now() / 1000) > 60) return 'claims';
  if (seen.has(claims.jti)) return 'replayed';
  seen.add(claims.jti);
  return claims.nonce === nonce ? undefined : 'nonce';
}

function json(response, status, body, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

async function resource(request, response) {
  if (request.url === '/counts') return json(response, 200, counts);
  const [, scheme, token] = /^(bearer|dpop) +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  const state = token ? await introspect(token) : { active: false };
  const bound = state.cnf?.jkt;
  if (!state.active || (bound && scheme.toLowerCase() !== 'dpop')) {
    counts.api_refused += 1;
    return json(response, 401, { error: 'unauthorized' }, { 'www-authenticate': `${scheme ?? 'Bearer'} error="invalid_token"` });
  }
  const fault = bound && wrong(request, token, bound);
  if (fault === 'nonce') {
    counts.api_nonces += 1;
    return json(response, 401, { error: fault }, { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': nonce });
  }
  if (fault) {
    counts.wrong_proofs += 1;
    return json(response, 401, { error: fault }, { 'www-authenticate': 'DPoP error="invalid_dpop_proof"' });
  }
  counts.api_ok += 1;
  if (bound) nonce = randomBytes(12).toString('base64url');
  json(response, 200, { message: 'Welcome' }, bound ? { 'dpop-nonce': nonce } : {});
}

const api = await listening(createServer((request, response) => {
  resource(request, response).catch((error) => json(response, 500, { error: error.message }));
}));

console.log(JSON.stringify({ issuer, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks`, api: `${api}/orders`, counts: `${api}/counts` }));
// Nobody reads further lines, and the library has some to say.
process.stdout.on('error', () => {});
process.stdin.resume().on('end', () => process.exit(0));
