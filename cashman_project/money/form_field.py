"""The form field of an amount."""

from decimal import Decimal

from django import forms

from .amounts import INVALID_AMOUNT, parse_amount


class AmountFormField(forms.DecimalField):
    """An amount in an HTML form. In every language it is a number with a point, and it is read exactly.

    Trailing zeros count: 50.000 is refused if the currency has two decimals.
    """

    widget = forms.TextInput({"inputmode": "decimal", "class": "money"})
    default_error_messages = {"invalid": INVALID_AMOUNT}

    def to_python(self, value: object) -> Decimal | None:  # type: ignore[override]  # the stub has an integer field's
        text = str(value).strip()
        if value is None or not text:
            return None
        try:
            return parse_amount(text)
        except ValueError:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from None

    def has_changed(self, initial: object, data: object) -> bool:
        return str(initial or "") != str(data or "").strip()
