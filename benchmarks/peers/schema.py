"""The marshmallow schema of both Flask peers."""

from marshmallow import Schema, fields, validate


class TransactionSchema(Schema):
    id = fields.UUID(dump_only=True)
    type = fields.String(required=True, validate=validate.OneOf(["INCOME", "EXPENSE"]))
    description = fields.String(required=True, validate=validate.Length(1, 200))
    amount = fields.Decimal(required=True, places=2, as_string=True)
    currency = fields.String(validate=validate.Regexp("^[A-Z]{3}$"))
    date = fields.Date()
    category = fields.String(allow_none=True)
    notes = fields.String(validate=validate.Length(max=2000))
    external_id = fields.String(allow_none=True, validate=validate.Length(1, 255))
    version = fields.Integer(dump_only=True)
    created_at = fields.DateTime(dump_only=True)
    updated_at = fields.DateTime(dump_only=True)
