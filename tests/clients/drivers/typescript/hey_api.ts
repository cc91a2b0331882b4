import {
    bulkCreateIncomes,
    createIncome,
    deleteIncome,
    getIncome,
    getMe,
    listIncomes,
    replaceIncome,
    signIn,
    updateIncome,
    type Income,
} from './generated';
import { client } from './generated/client.gen';
import { travel, type Answer } from './journey';

client.setConfig({ baseUrl: process.env.CASHMAN_URL as never });

async function answer(call: Promise<{ data?: unknown; error?: unknown; response?: Response }>): Promise<Answer> {
    const { data, error, response } = await call;
    if (!response) throw error;
    return { status: response.status, data: response.ok ? data : error, etag: response.headers.get('ETag') ?? '' };
}

travel({
    signIn: async (username, password) => (await signIn({ body: { username, password } })).data!.access,
    useToken: (token) => client.setConfig({ auth: token }),
    me: () => answer(getMe()),
    create: (description, amount) => answer(createIncome({ body: { description, amount } })),
    createMany: (amounts) =>
        answer(bulkCreateIncomes({ body: amounts.map((amount) => ({ description: 'one of many', amount })) })),
    list: (query) => answer(listIncomes({ query })),
    get: (id) => answer(getIncome({ path: { id } })),
    change: (id, ifMatch, notes) =>
        answer(updateIncome({ path: { id }, headers: { 'If-Match': ifMatch }, body: { notes } })),
    replace: (id, read: Income) => answer(replaceIncome({ path: { id }, body: read })),
    remove: (id) => answer(deleteIncome({ path: { id } })),
});
