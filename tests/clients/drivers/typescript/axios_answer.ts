import { isAxiosError, type AxiosResponse } from 'axios';

import type { Answer } from './journey';

export async function answer(response: Promise<AxiosResponse>): Promise<Answer> {
    const got = await response.catch((error) => {
        if (isAxiosError(error) && error.response) return error.response;
        throw error;
    });
    return { status: got.status, data: got.data, etag: String(got.headers['etag'] ?? '') };
}
