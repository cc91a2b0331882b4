"""The pages of rules: a list in their order, a form that can be tried, and what applying one would do."""

import re
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from transactions.models import Category, Rule, Tag, Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory, RuleFactory
from users.models import User

HTML = {"Accept": "text/html"}
FORM = {
    "words": "rewe,  Edeka city,",
    "starts_with": "",
    "type": "",
    "account": "",
    "currency": "",
    "amount_min": "",
    "amount_max": "1,200.50",
    "category": "Food",
    "tags": "shop",
    "description": "",
    "name": "",
    "stop": "off",
}


@pytest.fixture
def browser(alice: User) -> Client:
    browser = Client(headers=HTML)
    browser.force_login(alice)
    return browser


def text_of(page: Any) -> str:
    """Return the text of the page's content, with single spaces."""
    main = page.content.decode().partition("<main")[2]
    return " ".join(re.sub(r"<[^>]*>", " ", main).split())


def test_a_form_makes_a_rule_with_new_names(alice: User, browser: Client) -> None:
    assert "You have no rules yet." in text_of(browser.get("/rules"))

    answer = browser.post("/rules", FORM | {"_next": "/rules"})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/rules")
    rule = Rule.objects.get(owner=alice)
    assert (rule.words, rule.type, rule.currency, rule.position) == ('["rewe","Edeka city"]', None, None, 1)
    assert (str(rule.category), rule.tags, str(rule.amount_max)) == ("Food", '["shop"]', "1200.5")
    assert (Category.objects.get(owner=alice).name, Tag.objects.get(owner=alice).name) == ("Food", "shop")
    page = text_of(browser.get("/rules"))
    assert "text has rewe or Edeka city At most 1,200.50 → Category Food Tags shop" in page


def test_a_form_that_is_refused_is_shown_again(browser: Client) -> None:
    page = browser.post("/rules", FORM | {"words": "!!", "category": ""})

    assert page.status_code == 400
    assert "There is no word in this text." in page.content.decode()
    nothing = browser.post("/rules", {**FORM, "words": "", "amount_max": ""})
    assert "Give at least one condition." in nothing.content.decode()
    assert not Rule.objects.exists()


def test_a_rule_is_tried_before_it_is_saved(alice: User, browser: Client) -> None:
    ExpenseFactory.create(owner=alice, description="Rewe 17")

    page = browser.post("/rules/test", FORM | {"_key": "x", "_next": "/rules"})

    assert page.status_code == 200
    assert "1 of 1 transactions meets it. 1 would change." in text_of(page)
    assert not Rule.objects.exists()
    assert not Category.objects.exists()
    assert 'action="/rules"' in page.content.decode()
    assert 'value="rewe,  Edeka city,"' in page.content.decode()


def test_a_change_is_tried_too(alice: User, browser: Client, bob: User) -> None:
    rule = RuleFactory.create(owner=alice, words='["rewe"]')
    page = browser.get(f"/rules/{rule.pk}").content.decode()
    tag = re.findall(r'name="_if_match" value="([^"]*)"', page)[0].replace("&quot;", '"')
    sent = FORM | {"_method": "POST", "_if_match": tag, "_base": "{}"}

    tried = browser.post(f"/rules/test?rule={rule.pk}", sent).content.decode()

    assert f'action="/rules/{rule.pk}"' in tried
    assert 'name="_method" value="PATCH"' in tried
    assert tag.replace('"', "&quot;") in tried
    assert browser.post(f"/rules/{rule.pk}", FORM | {"_method": "PATCH", "_if_match": tag}).status_code == 303
    assert Rule.objects.get(pk=rule.pk).words == '["rewe","Edeka city"]'
    refused = browser.post(f"/rules/test?rule={rule.pk}", sent | {"words": "!!"})
    assert (refused.status_code, f'action="/rules/{rule.pk}"' in refused.content.decode()) == (400, True)
    foreign = RuleFactory.create(owner=bob)
    for key in (foreign.pk, "x/../y"):
        assert browser.post(f"/rules/test?rule={key}", FORM).status_code == 404


def test_buttons_move_a_rule(alice: User, browser: Client) -> None:
    first, second = (RuleFactory.create(owner=alice, name=name) for name in "ab")
    page = browser.get("/rules").content.decode()
    buttons = re.findall(r'name="position"(?: value="(\d+)")? title="([\w ]+)"( disabled)?', page)

    assert buttons == [
        *(("", "Move up", " disabled"), ("2", "Move down", "")),
        *(("1", "Move up", ""), ("", "Move down", " disabled")),
    ]
    moved = browser.post(f"/rules/{second.pk}", {"_method": "PATCH", "position": "1", "_next": "/rules"})
    assert (moved.status_code, moved.headers["Location"]) == (303, "/rules")
    assert list(Rule.objects.values_list("name", "position")) == [("b", 1), ("a", 2)]
    assert first.pk != second.pk


def test_a_suggestion_fills_the_form(alice: User, browser: Client) -> None:
    food = CategoryFactory.create(owner=alice, name="Food & drink")
    ExpenseFactory.create_batch(5, owner=alice, description="Rewe 17", category=food)

    page = browser.get("/rules")
    assert "text has rewe → Category Food &amp; drink You did so 5 of 5 times. Make a rule" in text_of(page)
    [link] = re.findall(r'href="(/rules\?words[^"]*)"', page.content.decode())
    form = browser.get(link.replace("&amp;", "&")).content.decode()
    assert '<details class="tool add" open>' in form
    assert 'name="words" type="text" value="rewe"' in form
    assert 'name="category" type="text" value="Food &amp; drink"' in form


def test_a_page_says_what_applying_a_rule_does(alice: User, browser: Client) -> None:
    CategoryFactory.create(owner=alice, name="Food")
    ExpenseFactory.create_batch(2, owner=alice, description="Rewe")
    rule = RuleFactory.create(owner=alice, words='["rewe"]', category=Category.objects.get(), description=None)

    page = browser.get(f"/rules/{rule.pk}/apply")
    assert "2 transactions meet it. 2 would change." in text_of(page)
    applied = browser.post(f"/rules/{rule.pk}/apply", {"overwrite": "off", "_next": f"/rules/{rule.pk}"})
    assert (applied.status_code, applied.headers["Location"]) == (303, f"/rules/{rule.pk}")
    after = text_of(browser.get(f"/rules/{rule.pk}"))
    assert "The rule has changed 2 transactions. Undo" in after
    assert Transaction.objects.filter(category__name="Food").count() == 2
    assert "None would change." in text_of(browser.get(f"/rules/{rule.pk}/apply"))


def test_a_name_in_use_tells_of_its_rules(alice: User, browser: Client) -> None:
    food = CategoryFactory.create(owner=alice, name="Food")
    RuleFactory.create(owner=alice, category=food)

    page = browser.post(f"/categories/{food.pk}", {"_method": "DELETE"})

    assert page.status_code == 409
    assert "1 rule names it, and changes with it." in text_of(page)
    assert "transactions have this category" not in text_of(page)


def test_others_have_no_pages_of_it(alice: User, as_alice: APIClient, bob: User) -> None:
    rule = RuleFactory.create(owner=alice, words='["secret"]')
    browser = Client(headers=HTML)
    browser.force_login(bob)

    for path in (f"/rules/{rule.pk}", f"/rules/{rule.pk}/apply"):
        assert browser.get(path).status_code == 404
    assert "secret" not in browser.get("/rules").content.decode()
