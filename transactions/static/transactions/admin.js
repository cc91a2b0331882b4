"use strict";

django.jQuery(($) => {
    // What is chosen in a filter's field is what the list is filtered by.
    $(".autocomplete-filter select").on("change", (event) => event.target.form.submit());

    // The categories to choose from are those of the owner, once that is known.
    $(".field-owner select").on("change", (event) => {
        $(".field-category select").each((_index, element) => {
            const url = new URL(element.getAttribute("data-ajax--url"), window.location);
            url.searchParams.set("owner", event.target.value);
            $(element).val(null).data("ajax--url", url.href).select2("destroy").djangoAdminSelect2();
        });
    });
});
