"""The languages that all texts are translated into."""

# By Django's codes, each named in itself, as people look for it in a menu. The order is that of the menus.
LANGUAGES = {
    "en": "English",
    "de": "Deutsch",
    "es": "Español",
    "fr": "Français",
    "it": "Italiano",
    "nl": "Nederlands",
    "pl": "Polski",
    "pt-br": "Português (Brasil)",
    "ru": "Русский",
    "tr": "Türkçe",
    "ja": "日本語",
    "zh-hans": "简体中文",
    "ar": "العربية",
}
