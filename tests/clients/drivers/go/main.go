// The journey of the client that openapi-generator makes for Go.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"cashman"
)

var calls int

func fail(format string, values ...interface{}) {
	fmt.Fprintf(os.Stderr, format+"\n", values...)
	os.Exit(1)
}

// got ends the program unless the call was answered with the status.
func got(status int, response *http.Response, err error) {
	calls++
	if response == nil || response.StatusCode != status || (err != nil && status < 400) {
		detail := ""
		var problem *cashman.GenericOpenAPIError
		if errors.As(err, &problem) {
			detail = string(problem.Body())
		}
		fail("call %d: %v, not %d: %v %s", calls, response, status, err, detail)
	}
}

// problemOf returns the problem that the client has parsed.
func problemOf(err error) cashman.Problem {
	var failure *cashman.GenericOpenAPIError
	if !errors.As(err, &failure) {
		fail("no problem: %v", err)
	}
	problem, isProblem := failure.Model().(cashman.Problem)
	if !isProblem {
		fail("not parsed: %s", failure.Body())
	}
	return problem
}

func same(seen, wanted interface{}) {
	if seen != wanted {
		fail("call %d: %v, not %v", calls, seen, wanted)
	}
}

func amount(text string) cashman.IncomeAmountRequest {
	return cashman.StringAsIncomeAmountRequest(&text)
}

func main() {
	began := time.Now()
	configuration := cashman.NewConfiguration()
	configuration.Servers = cashman.ServerConfigurations{{URL: os.Getenv("CASHMAN_URL")}}
	client := cashman.NewAPIClient(configuration)

	credentials := *cashman.NewCredentialsRequest(os.Getenv("CASHMAN_USERNAME"), os.Getenv("CASHMAN_PASSWORD"))
	pair, response, err := client.AuthAPI.SignIn(context.Background()).CredentialsRequest(credentials).Execute()
	got(200, response, err)
	ctx := context.WithValue(context.Background(), cashman.ContextAccessToken, pair.Access)

	me, response, err := client.MeAPI.GetMe(ctx).Execute()
	got(200, response, err)
	same(me.Email, "")

	created, response, err := client.IncomesAPI.CreateIncome(ctx).IncomeRequest(*cashman.NewIncomeRequest("salary", amount("5000.10"))).Execute()
	got(201, response, err)
	same(created.Amount, "5000.10")
	many := []cashman.IncomeRequest{*cashman.NewIncomeRequest("one of many", amount("1")), *cashman.NewIncomeRequest("one of many", amount("2"))}
	rows, response, err := client.IncomesAPI.BulkCreateIncomes(ctx).IncomeRequest(many).Execute()
	got(201, response, err)
	same(len(rows), 2)

	list, response, err := client.IncomesAPI.ListIncomes(ctx).UpdatedAfter(began).Execute()
	got(200, response, err)
	same(len(list.Results), 3)
	list, response, err = client.IncomesAPI.ListIncomes(ctx).UpdatedAfter(time.Now()).Execute()
	got(200, response, err)
	same(len(list.Results), 0)
	first, response, err := client.IncomesAPI.ListIncomes(ctx).PageSize(1).Execute()
	got(200, response, err)
	second, response, err := client.IncomesAPI.ListIncomes(ctx).PageSize(1).Cursor(first.GetNext()).Execute()
	got(200, response, err)
	same(first.Results[0].Id == second.Results[0].Id, false)

	id := created.Id
	_, response, err = client.IncomesAPI.GetIncome(ctx, id).Execute()
	got(200, response, err)
	etag := response.Header.Get("ETag")
	change := cashman.PatchedIncomeRequest{Notes: cashman.PtrString("with Ada")}
	changed, response, err := client.IncomesAPI.UpdateIncome(ctx, id).IfMatch(etag).PatchedIncomeRequest(change).Execute()
	got(200, response, err)
	same(changed.Notes, "with Ada")
	_, response, err = client.IncomesAPI.UpdateIncome(ctx, id).IfMatch(etag).PatchedIncomeRequest(change).Execute()
	got(412, response, err)
	same(problemOf(err).Code, "precondition_failed")

	// What was read is sent back, field by field: the generator's oneOf of two plain types can be written, not read.
	read, response, err := client.IncomesAPI.GetIncome(ctx, id).Execute()
	got(200, response, err)
	back := cashman.IncomeUpdateRequest{
		Id:          &read.Id,
		Type:        &read.Type,
		Description: read.Description,
		Amount:      amount(read.Amount),
		Currency:    &read.Currency,
		Date:        &read.Date,
		Category:    read.Category,
		Notes:       cashman.PtrString("with Bob"),
		ExternalId:  read.ExternalId,
		Version:     &read.Version,
		CreatedAt:   &read.CreatedAt,
		UpdatedAt:   &read.UpdatedAt,
	}
	replaced, response, err := client.IncomesAPI.ReplaceIncome(ctx, id).IncomeUpdateRequest(back).Execute()
	got(200, response, err)
	same(replaced.Notes, "with Bob")

	_, response, err = client.IncomesAPI.CreateIncome(ctx).IncomeRequest(*cashman.NewIncomeRequest("lottery", amount("0"))).Execute()
	got(400, response, err)
	same(problemOf(err).Errors[0].GetField(), "amount")
	response, err = client.IncomesAPI.DeleteIncome(ctx, id).Execute()
	got(204, response, err)
	_, response, err = client.IncomesAPI.GetIncome(ctx, id).Execute()
	got(404, response, err)
	same(problemOf(err).Code, "not_found")
	fmt.Printf("%d calls\n", calls)
}
