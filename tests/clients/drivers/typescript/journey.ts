// The journey that each client makes. A client's own file says how it makes each call; its types are checked there.

export interface Answer {
    status: number;
    data: any;
    etag: string;
}

export interface Client {
    signIn(username: string, password: string): Promise<string>;
    useToken(token: string): void;
    me(): Promise<Answer>;
    create(description: string, amount: string): Promise<Answer>;
    createMany(amounts: string[]): Promise<Answer>;
    list(query: { updated_after?: string; page_size?: number; cursor?: string }): Promise<Answer>;
    get(id: string): Promise<Answer>;
    change(id: string, ifMatch: string, notes: string): Promise<Answer>;
    replace(id: string, read: any): Promise<Answer>;
    remove(id: string): Promise<Answer>;
}

let calls = 0;

function same(seen: unknown, wanted: unknown, what: string): void {
    if (seen !== wanted) throw new Error(`${what}: ${JSON.stringify(seen)}, not ${JSON.stringify(wanted)}`);
}

async function asked(status: number, answer: Promise<Answer>): Promise<Answer> {
    const got = await answer;
    calls += 1;
    same(got.status, status, `call ${calls}: ${JSON.stringify(got.data)}`);
    return got;
}

export async function travel(client: Client): Promise<void> {
    const began = new Date().toISOString();
    const token = await client.signIn(process.env.CASHMAN_USERNAME!, process.env.CASHMAN_PASSWORD!);
    calls += 1;
    client.useToken(token);
    same((await asked(200, client.me())).data.email, '', 'email');

    const created = await asked(201, client.create('salary', '5000.10'));
    const id = created.data.id;
    same(created.data.amount, '5000.10', 'amount');
    same((await asked(201, client.createMany(['1', '2']))).data.length, 2, 'many');

    same((await asked(200, client.list({ updated_after: began }))).data.results.length, 3, 'since the start');
    same((await asked(200, client.list({ updated_after: new Date().toISOString() }))).data.results.length, 0, 'since now');
    const first = (await asked(200, client.list({ page_size: 1 }))).data;
    const second = (await asked(200, client.list({ page_size: 1, cursor: first.next }))).data;
    same(first.results.length + second.results.length, 2, 'rows of two pages');
    if (first.results[0].id === second.results[0].id) throw new Error('the second page is the first');

    const read = await asked(200, client.get(id));
    const changed = await asked(200, client.change(id, read.etag, 'with Ada'));
    same(changed.data.notes, 'with Ada', 'notes');
    same((await asked(412, client.change(id, read.etag, 'late'))).data.code, 'precondition_failed', 'code');
    const back = { ...(await asked(200, client.get(id))).data, notes: 'with Bob' };
    same((await asked(200, client.replace(id, back))).data.notes, 'with Bob', 'notes');

    const bad = (await asked(400, client.create('lottery', '0'))).data;
    same(bad.errors[0].field, 'amount', 'field');
    await asked(204, client.remove(id));
    same((await asked(404, client.get(id))).data.code, 'not_found', 'code');
    console.log(`${calls} calls`);
}
