import * as cashman from './generated/api';
import { travel, type Answer } from './journey';

let authorization = '';

function options(headers: Record<string, string> = {}): RequestInit {
    return { headers: { Authorization: authorization, ...headers } };
}

async function answer(call: Promise<{ status: number; data: unknown; headers: Headers }>): Promise<Answer> {
    const { status, data, headers } = await call;
    return { status, data, etag: headers.get('ETag') ?? '' };
}

travel({
    signIn: async (username, password) => {
        const signedIn = await cashman.signIn({ username, password });
        if (signedIn.status !== 200) throw new Error(signedIn.data.detail);
        return signedIn.data.access;
    },
    useToken: (token) => {
        authorization = `Bearer ${token}`;
    },
    me: () => answer(cashman.getMe(options())),
    create: (description, amount) => answer(cashman.createIncome({ description, amount }, {}, options())),
    createMany: (amounts) =>
        answer(
            cashman.bulkCreateIncomes(
                amounts.map((amount) => ({ description: 'one of many', amount })),
                {},
                options(),
            ),
        ),
    list: (query) => answer(cashman.listIncomes(query, options())),
    get: (id) => answer(cashman.getIncome(id, options())),
    change: (id, ifMatch, notes) => answer(cashman.updateIncome(id, { notes }, options({ 'If-Match': ifMatch }))),
    replace: (id, read: cashman.Income) => answer(cashman.replaceIncome(id, read, options())),
    remove: (id) => answer(cashman.deleteIncome(id, options())),
});
