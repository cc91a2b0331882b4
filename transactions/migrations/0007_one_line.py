from django.db import migrations, models

from cashman_project.texts import validate_one_line


class Migration(migrations.Migration):
    dependencies = [("transactions", "0006_fill_folded_texts")]

    operations = [
        migrations.AlterField(
            model_name="transaction",
            name="description",
            field=models.CharField(max_length=200, validators=[validate_one_line], verbose_name="description"),
        ),
        migrations.AlterField(
            model_name="transaction",
            name="external_id",
            field=models.CharField(
                blank=True, max_length=255, null=True, validators=[validate_one_line], verbose_name="external id"
            ),
        ),
    ]
