import createClient from 'openapi-fetch';

import type { components, paths } from './generated/schema';
import { travel, type Answer } from './journey';

const client = createClient<paths>({ baseUrl: process.env.CASHMAN_URL });

async function answer(call: Promise<{ data?: unknown; error?: unknown; response: Response }>): Promise<Answer> {
    const { data, error, response } = await call;
    return { status: response.status, data: data ?? error, etag: response.headers.get('ETag') ?? '' };
}

travel({
    signIn: async (username, password) =>
        (await client.POST('/auth/token', { body: { username, password } })).data!.access,
    useToken: (token) =>
        client.use({
            onRequest: ({ request }) => {
                request.headers.set('Authorization', `Bearer ${token}`);
                return request;
            },
        }),
    me: () => answer(client.GET('/me')),
    create: (description, amount) => answer(client.POST('/incomes', { body: { description, amount } })),
    createMany: (amounts) =>
        answer(
            client.POST('/incomes/bulk', { body: amounts.map((amount) => ({ description: 'one of many', amount })) }),
        ),
    list: (query) => answer(client.GET('/incomes', { params: { query } })),
    get: (id) => answer(client.GET('/incomes/{id}', { params: { path: { id } } })),
    change: (id, ifMatch, notes) =>
        answer(
            client.PATCH('/incomes/{id}', { params: { path: { id }, header: { 'If-Match': ifMatch } }, body: { notes } }),
        ),
    replace: (id, read: components['schemas']['Income']) =>
        answer(client.PUT('/incomes/{id}', { params: { path: { id } }, body: read })),
    remove: (id) => answer(client.DELETE('/incomes/{id}', { params: { path: { id } } })),
});
