"""Questions of plans in JSON."""

from rest_framework import serializers

from cashman_project.api.types import FieldsSerializer


class ChoiceSerializer(FieldsSerializer):
    """A possible answer: the value of the option, and what the example then means."""

    value = serializers.CharField()
    reading = serializers.CharField()

    class Meta:
        ref_name = "AnswerChoice"


class QuestionLineSerializer(FieldsSerializer):
    """A line of the file, as far as it is known before the answer."""

    line = serializers.IntegerField(help_text="Where it begins in the file, from 1.")
    date = serializers.DateField(allow_null=True)
    amount = serializers.CharField(allow_null=True)
    currency = serializers.CharField(allow_null=True)
    description = serializers.CharField(allow_blank=True)


class QuestionSerializer(FieldsSerializer):
    """What the file does not say. PATCH the plan with `option` and one of the values to answer it. A question of an
    account has the first `lines` of it."""

    option = serializers.CharField()
    message = serializers.CharField()
    line = serializers.IntegerField()
    example = serializers.CharField(allow_blank=True)
    choices = ChoiceSerializer(many=True)
    lines = QuestionLineSerializer(many=True)
