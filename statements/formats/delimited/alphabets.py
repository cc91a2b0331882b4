"""The letters beyond ASCII of languages, by the encodings that their bank statements come in."""

WESTERN = (
    "äöüß",  # German
    "àâæçéèêëîïôœùûüÿ",  # French
    "áéíóúüñ",  # Spanish
    "ãáâàçéêíóôõúü",  # Portuguese
    "àèéìîòóù",  # Italian
    "àçèéíïòóúü",  # Catalan
    "áäéèëïíóöúü",  # Dutch
    "åäöéü",  # Swedish, Finnish
    "æøåéòôü",  # Danish, Norwegian
    "áéíóúýþæöð",  # Icelandic
)
CENTRAL = (
    "ąćęłńóśźż",  # Polish
    "áčďéěíňóřšťúůýž",  # Czech
    "áäčďéíĺľňóôŕšťúýž",  # Slovak
    "áéíóöőúüű",  # Hungarian
    "čćđšž",  # Croatian, Slovenian
    "ăâîşţ",  # Romanian
    "äöüß",  # German
)
CYRILLIC = (
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",  # Russian, Bulgarian
    "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",  # Ukrainian
    "абвгдђежзијклљмнњопрстћуфхцчџш",  # Serbian
)
GREEK = ("αάβγδεέζηήθιίϊΐκλμνξοόπρσςτυύϋΰφχψωώ",)
TURKISH = ("çğıi̇öşüâîû",)
HEBREW = ("אבגדהוזחטיךכלםמןנסעףפץצקרשת",)
ARABIC = ("ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيپچژگ",)
BALTIC = ("ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž")
THAI = ("".join(map(chr, [*range(0x0E01, 0x0E3B), *range(0x0E40, 0x0E4F)])),)

# In the order in which they win if two read a file equally well: the more common one first.
SINGLE_BYTE: dict[str, tuple[str, ...]] = {
    "cp1252": WESTERN,
    "cp1250": CENTRAL,
    "cp1251": CYRILLIC,
    "cp1253": GREEK,
    "cp1254": TURKISH,
    "cp1255": HEBREW,
    "cp1256": ARABIC,
    "cp1257": BALTIC,
    "cp874": THAI,
    "iso-8859-15": WESTERN,
    "iso-8859-2": CENTRAL,
    "iso-8859-7": GREEK,
    "koi8-r": CYRILLIC[:1],
    "cp866": CYRILLIC[:1],
    "cp850": WESTERN,
    "cp852": CENTRAL,
    "mac-roman": WESTERN,
}
MULTI_BYTE = ("cp932", "gb18030", "big5", "cp949", "euc_jp")

# Signs that texts of any language have: of money, between digits, between letters, and all.
MONEY = frozenset("€£¥")
WITHIN_NUMBERS = frozenset("’´\u00a0")
WITHIN_WORDS = frozenset("’‘´·\u00ad")
SIGNS = frozenset("€£¥§°´’‘“”„«»–—…·•©®™№¿¡ºª\u00a0\u00ad")
