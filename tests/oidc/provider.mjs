// An OpenID Connect provider for the tests: oidc-provider in the shapes of its own and of others.
//
// It listens on the port of its first argument. `POST /control` changes the client, the account that
// signs in, and the keys. Everybody who comes signs in as that account, without a page.

import { createServer } from 'node:http';
import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import Provider from 'oidc-provider';

const port = Number(process.argv[2]);
const origin = `http://127.0.0.1:${port}`;
const newPair = promisify(generateKeyPair);

/** Paths, and where claims are, by kind of provider. */
const shapes = {
  plain: { prefix: '', issuer: origin, conform: true, routes: {} },
  keycloak: {
    prefix: '/realms/clinic',
    issuer: `${origin}/realms/clinic`,
    conform: false,
    routes: {
      authorization: '/protocol/openid-connect/auth',
      token: '/protocol/openid-connect/token',
      userinfo: '/protocol/openid-connect/userinfo',
      jwks: '/protocol/openid-connect/certs',
      end_session: '/protocol/openid-connect/logout',
    },
  },
  authentik: {
    prefix: '/application/o/transcribe',
    issuer: `${origin}/application/o/transcribe/`,
    conform: false,
    routes: {
      authorization: '/authorize/',
      token: '/token/',
      userinfo: '/userinfo/',
      jwks: '/jwks/',
      end_session: '/end-session/',
    },
  },
};

const state = { account: { sub: 'nobody' }, client: { redirect_uris: [`${origin}/none`] }, jwks: [] };
let providers = {};

async function newKey(kid) {
  const { privateKey } = await newPair('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' };
}

function make(shape) {
  const provider = new Provider(shape.issuer, {
    clients: [
      {
        client_id: 'securetranscribe',
        client_secret: 'a secret of the tests',
        grant_types: ['authorization_code'],
        response_types: ['code'],
        id_token_signed_response_alg: 'RS256',
        ...state.client,
      },
    ],
    jwks: { keys: state.jwks },
    cookies: { keys: ['key of the tests'] },
    claims: {
      openid: ['sub'],
      profile: ['name', 'preferred_username', 'groups', 'realm_access'],
      email: ['email', 'email_verified'],
    },
    conformIdTokenClaims: shape.conform,
    routes: shape.routes,
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: { enabled: true },
    },
    pkce: { required: () => true },
    // Its own way refuses addresses of this machine, which tests have.
    fetch: (url, { dispatcher: _, ...options }) => fetch(url, options),
    interactions: { url: (_context, interaction) => `${shape.prefix}/interaction/${interaction.uid}` },
    findAccount: async (_context, id) => ({
      accountId: id,
      claims: async () => ({ ...state.account, sub: id }),
    }),
  });
  provider.on('server_error', (_context, error) => console.error('server error', error));
  provider.on('backchannel.error', (_context, error) => console.error('log-out not sent', error));
  return provider;
}

async function interact(provider, request, response) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (state.account.refuses) {
    return provider.interactionFinished(request, response, {
      error: 'access_denied',
      error_description: 'The user said no.',
    });
  }
  if (prompt.name === 'login') {
    return provider.interactionFinished(request, response, {
      login: { accountId: state.account.sub },
    });
  }
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  return provider.interactionFinished(
    request,
    response,
    { consent: { grantId: await grant.save() } },
    { mergeWithLastSubmission: true },
  );
}

async function control(request, response) {
  let text = '';
  for await (const part of request) text += part;
  const asked = JSON.parse(text || '{}');
  Object.assign(state, asked.state ?? {});
  if (asked.rotate || state.jwks.length === 0) state.jwks = [await newKey(`key-${Date.now()}`)];
  providers = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, make(shape)]));
  response.end('{}');
}

async function serve(request, response) {
  if (request.url === '/control') return control(request, response);
  const [name, shape] =
    Object.entries(shapes).find(([, one]) => one.prefix && request.url.startsWith(one.prefix)) ??
    ['plain', shapes.plain];
  const provider = providers[name];
  request.originalUrl = request.url;
  request.url = request.url.slice(shape.prefix.length) || '/';
  if (request.url.startsWith('/interaction/')) return interact(provider, request, response);
  return provider.callback()(request, response);
}

createServer((request, response) => {
  serve(request, response).catch((error) => {
    console.error(error);
    response.statusCode = 500;
    response.end(String(error));
  });
}).listen(port, '127.0.0.1', () => console.log('listening'));
