"""Rules, which give new transactions what they lack (docs/adr/0050-rules.md)."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, ClassVar

import orjson
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from cashman_project.money.amounts import LIMIT, STORED_DIGITS
from cashman_project.money.currencies import validate_currency
from cashman_project.money.model_field import MoneyField
from cashman_project.texts import check_visible, fold, validate_one_line
from ledgers.models.foreign_key import OwnedForeignKey
from ledgers.models.owned import OwnedManager, OwnedModel

from ..choices import TransactionType
from ..names import LONGEST_NAME, NO_TAGS, tag_names
from ..rule_querysets import LAST_POSITION as LAST_POSITION
from ..rule_querysets import RuleQuerySet
from ..words import BETWEEN, words_of
from .account import Account
from .category import Category

NO_TEXTS = "[]"
MOST_TEXTS = 20  # of a rule, of each kind
LONGEST_TEXT = 100  # characters
MOST_WORDS = 10  # of a text
WHEN = ("words", "starts_with", "account", "type", "currency", "amount_min", "amount_max")
SET = ("category", "tags", "description")

RuleManager = OwnedManager.from_queryset(RuleQuerySet)


class Rule(OwnedModel):
    """What a new transaction that meets all conditions gets, where it says nothing itself.

    A transaction meets `words` if its description and its notes have all words of one of these texts, and `starts_with`
    if its description begins with one of those. `amount_min` and `amount_max` are absolute amounts. What is empty or
    null is no condition. Rules run in the order of their positions, until one that meets says `stop`.
    """

    resource = "rules"

    position = models.PositiveIntegerField(
        _("position"), validators=[MinValueValidator(1), MaxValueValidator(LAST_POSITION)]
    )
    name = models.CharField(_("name"), max_length=LONGEST_NAME, blank=True, default="", validators=[validate_one_line])
    words = models.TextField(_("words"), default=NO_TEXTS)  # JSON arrays of texts, as transactions have tags
    starts_with = models.TextField(_("starts with"), default=NO_TEXTS)
    account = OwnedForeignKey(Account, models.RESTRICT, verbose_name=_("account"), null=True, blank=True)
    type = models.CharField(_("type"), max_length=7, choices=TransactionType, null=True, blank=True)  # noqa: DJ001
    currency = models.CharField(  # noqa: DJ001
        _("currency"), max_length=3, validators=[validate_currency], null=True, blank=True
    )
    amount_min = MoneyField(_("at least"), null=True, blank=True)
    amount_max = MoneyField(_("at most"), null=True, blank=True)
    category = OwnedForeignKey(Category, models.RESTRICT, verbose_name=_("category"), null=True, blank=True)
    tags = models.TextField(_("tags"), default=NO_TAGS)
    description = models.CharField(  # noqa: DJ001
        _("description"), max_length=200, validators=[validate_one_line], null=True, blank=True
    )
    stop = models.BooleanField(_("stop"), default=False)

    objects: "ClassVar[RuleManager[Rule]]" = RuleManager()

    class Meta(OwnedModel.Meta):
        verbose_name = _("rule")
        verbose_name_plural = _("rules")
        ordering = ["position", "id"]
        indexes = [
            models.Index(fields=["owner", "position", "id"], name="rule_position"),
            models.Index(fields=["owner", "revision", "id"], name="rule_revision"),
            models.Index(fields=["owner", "category"], name="rule_category"),
            models.Index(fields=["owner", "account"], name="rule_account"),
        ]

    def __str__(self) -> str:
        texts = [*texts_of(self.words), *texts_of(self.starts_with)]
        return str(self.name) or BETWEEN.join(texts) or f"{self._meta.verbose_name} {self.position}"

    def save(self, **options: Any) -> None:  # Any: Django's own
        """Save the rule. A new one is the last, or lets others make room at its position."""
        rules: Any = type(self)._base_manager.filter(owner=self.owner_id)  # the stub knows no class of ours
        position: int | None = self.position
        with rules.writing(self.owner_id) as write:
            write.lock()
            if self._state.adding and position is None:
                self.position = rules.next_position()
            elif self._state.adding:
                rules.make_room(position)
            super().save(**options)

    def clean(self) -> None:
        """Raise ValidationError unless the rule has a condition that can be met, and does something."""
        for name in ("words", "starts_with"):
            for text in texts_of(getattr(self, name)):
                self._check_text(name, text)
        self.name = self.name.strip()
        check_visible(self, "description")
        self._check_amounts()
        has_texts = self.words != NO_TEXTS or self.starts_with != NO_TEXTS
        if not (has_texts or self.account_id or self.type or self.currency or self._has_amounts()):
            raise ValidationError({"when": ValidationError(_("Give at least one condition."), code="empty")})
        if not (self.stop or self.category_id or self.tags != NO_TAGS or self.description):
            message = _(
                "Say what the rule gives: a category, tags or a description. Only a rule that stops may do less."
            )
            raise ValidationError({"set": ValidationError(message, code="empty")})

    def _has_amounts(self) -> bool:
        return self.amount_min is not None or self.amount_max is not None

    def _check_text(self, name: str, text: str) -> None:
        """Raise ValidationError unless a transaction can have the text."""
        validate = _validate_words if name == "words" else _validate_start
        try:
            validate_one_line(text)
            validate(text)
        except ValidationError as error:
            raise ValidationError({name: error}) from None

    def _check_amounts(self) -> None:
        given = {name: amount for name in ("amount_min", "amount_max") if (amount := getattr(self, name)) is not None}
        for name, amount in given.items():
            if not isinstance(amount, Decimal) or not 0 <= amount < LIMIT:
                message = _("Not an absolute amount: give a number such as 12.50.")
                raise ValidationError({name: ValidationError(message, code="invalid")})
            if -int(amount.as_tuple().exponent) > STORED_DIGITS:
                message = _("An amount has at most 4 decimals.")
                raise ValidationError({name: ValidationError(message, code="too_many_decimals")})
        if len(given) > 1 and given["amount_min"] > given["amount_max"]:
            message = _("The smallest amount is above the largest one.")
            raise ValidationError({"amount_min": ValidationError(message, code="invalid")})


def _validate_words(text: str) -> None:
    number = len(words_of(text))
    if not number:
        raise ValidationError(_("There is no word in this text."), code="no_words")
    if number > MOST_WORDS:
        raise ValidationError(_("A text has at most %(most)d words."), code="max_words", params={"most": MOST_WORDS})
    _check_comma(text)


def _validate_start(text: str) -> None:
    if not fold(text).strip():
        raise ValidationError(_("There is no word in this text."), code="no_words")
    _check_comma(text)


def _check_comma(text: str) -> None:
    if "," in text:
        raise ValidationError(_("A text has no comma: give several texts."), code="comma")


def texts_of(stored: str) -> list[str]:
    """Return the texts of a rule that are stored as JSON."""
    return tag_names(stored)


def stored_texts(texts: Iterable[str]) -> str:
    """Return texts of a rule as they are stored, each once, trimmed and with single spaces."""
    return orjson.dumps(list(dict.fromkeys(" ".join(text.split()) for text in texts))).decode()
