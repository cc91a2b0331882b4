import { answer } from './axios_answer';
import { AuthApi, Configuration, IncomesApi, MeApi, type Income } from './generated';
import { travel } from './journey';

const configuration = new Configuration({ basePath: process.env.CASHMAN_URL });
const incomes = new IncomesApi(configuration);

travel({
    signIn: async (username, password) =>
        (await new AuthApi(configuration).signIn({ credentialsRequest: { username, password } })).data.access,
    useToken: (token) => {
        configuration.accessToken = token;
    },
    me: () => answer(new MeApi(configuration).getMe()),
    create: (description, amount) => answer(incomes.createIncome({ incomeRequest: { description, amount } })),
    createMany: (amounts) =>
        answer(
            incomes.bulkCreateIncomes({ incomeRequest: amounts.map((amount) => ({ description: 'one of many', amount })) }),
        ),
    list: (query) =>
        answer(
            incomes.listIncomes({ updatedAfter: query.updated_after, pageSize: query.page_size, cursor: query.cursor }),
        ),
    get: (id) => answer(incomes.getIncome({ id })),
    change: (id, ifMatch, notes) => answer(incomes.updateIncome({ id, ifMatch, patchedIncomeRequest: { notes } })),
    replace: (id, read: Income) => answer(incomes.replaceIncome({ id, incomeUpdateRequest: read })),
    remove: (id) => answer(incomes.deleteIncome({ id })),
});
