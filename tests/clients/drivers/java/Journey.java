import cashman.ApiClient;
import cashman.ApiException;
import cashman.ApiResponse;
import cashman.api.AuthApi;
import cashman.api.IncomesApi;
import cashman.api.MeApi;
import cashman.model.CredentialsRequest;
import cashman.model.Income;
import cashman.model.IncomeAmountRequest;
import cashman.model.IncomeRequest;
import cashman.model.IncomeUpdateRequest;
import cashman.model.PaginatedIncomeList;
import cashman.model.PatchedIncomeRequest;
import cashman.model.Problem;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.UUID;

/** The journey of the client that openapi-generator makes for Java (library "native"). */
public class Journey {
    private static int calls = 0;

    private interface Call<T> {
        ApiResponse<T> run() throws ApiException;
    }

    private static <T> ApiResponse<T> got(int status, Call<T> call) throws ApiException {
        calls++;
        ApiResponse<T> response = call.run();
        same(response.getStatusCode(), status);
        return response;
    }

    private static <T> Problem refused(int status, Call<T> call) throws Exception {
        calls++;
        try {
            call.run();
        } catch (ApiException error) {
            same(error.getCode(), status);
            return ApiClient.createDefaultObjectMapper().readValue(error.getResponseBody(), Problem.class);
        }
        throw new IllegalStateException("call " + calls + ": no " + status);
    }

    private static void same(Object seen, Object wanted) {
        if (!wanted.equals(seen)) {
            throw new IllegalStateException("call " + calls + ": " + seen + ", not " + wanted);
        }
    }

    private static IncomeRequest income(String description, String amount) {
        return new IncomeRequest().description(description).amount(new IncomeAmountRequest(amount));
    }

    public static void main(String[] arguments) throws Exception {
        OffsetDateTime began = OffsetDateTime.now();
        ApiClient client = new ApiClient();
        client.updateBaseUri(System.getenv("CASHMAN_URL"));
        CredentialsRequest credentials =
            new CredentialsRequest()
                .username(System.getenv("CASHMAN_USERNAME"))
                .password(System.getenv("CASHMAN_PASSWORD"));
        String token = got(200, () -> new AuthApi(client).signInWithHttpInfo(credentials)).getData().getAccess();
        client.setRequestInterceptor(request -> request.setHeader("Authorization", "Bearer " + token));
        IncomesApi incomes = new IncomesApi(client);

        same(got(200, () -> new MeApi(client).getMeWithHttpInfo(null)).getData().getEmail(), "");

        IncomeRequest salary = income("salary", "5000.10");
        Income created = got(201, () -> incomes.createIncomeWithHttpInfo(salary, null, null, null, null)).getData();
        same(created.getAmount(), "5000.10");
        List<IncomeRequest> two = List.of(income("one of many", "1"), income("one of many", "2"));
        same(got(201, () -> incomes.bulkCreateIncomesWithHttpInfo(two, null, null, null, null)).getData().size(), 2);

        same(list(incomes, began, null, null).getResults().size(), 3);
        same(list(incomes, OffsetDateTime.now(), null, null).getResults().size(), 0);
        PaginatedIncomeList first = list(incomes, null, 1, null);
        PaginatedIncomeList second = list(incomes, null, 1, first.getNext().toString());
        same(first.getResults().get(0).getId().equals(second.getResults().get(0).getId()), false);

        UUID id = created.getId();
        String etag =
            got(200, () -> incomes.getIncomeWithHttpInfo(id, null, null)).getHeaders().entrySet().stream()
                .filter(header -> header.getKey().equalsIgnoreCase("ETag"))
                .findFirst().orElseThrow().getValue().get(0);
        PatchedIncomeRequest change = new PatchedIncomeRequest().notes("with Ada");
        same(got(200, () -> incomes.updateIncomeWithHttpInfo(id, etag, change)).getData().getNotes(), "with Ada");
        same(refused(412, () -> incomes.updateIncomeWithHttpInfo(id, etag, change)).getCode(), "precondition_failed");

        Income read = got(200, () -> incomes.getIncomeWithHttpInfo(id, null, null)).getData();
        IncomeUpdateRequest back =
            new IncomeUpdateRequest()
                .id(read.getId())
                .type(IncomeUpdateRequest.TypeEnum.fromValue(read.getType().getValue()))
                .description(read.getDescription())
                .amount(new IncomeAmountRequest(read.getAmount()))
                .currency(read.getCurrency())
                .date(read.getDate())
                .category(read.getCategory())
                .notes("with Bob")
                .externalId(read.getExternalId())
                .version(read.getVersion())
                .createdAt(read.getCreatedAt())
                .updatedAt(read.getUpdatedAt());
        same(got(200, () -> incomes.replaceIncomeWithHttpInfo(id, back, null)).getData().getNotes(), "with Bob");

        IncomeRequest nothing = income("lottery", "0");
        Problem bad = refused(400, () -> incomes.createIncomeWithHttpInfo(nothing, null, null, null, null));
        same(bad.getErrors().get(0).getField(), "amount");
        got(204, () -> incomes.deleteIncomeWithHttpInfo(id, null));
        same(refused(404, () -> incomes.getIncomeWithHttpInfo(id, null, null)).getCode(), "not_found");
        System.out.println(calls + " calls");
    }

    private static PaginatedIncomeList list(IncomesApi incomes, OffsetDateTime updatedAfter, Integer pageSize, String cursor)
        throws ApiException {
        return got(
                200,
                () -> incomes.listIncomesWithHttpInfo(
                    null, null, null, null, null, null, cursor, null, null, null, null, null, null, null, null, null, pageSize,
                    null, null, null, null, null, null, updatedAfter))
            .getData();
    }
}
