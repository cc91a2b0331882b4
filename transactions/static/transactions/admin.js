"use strict";

django.jQuery(($) => {
    // What is chosen in a filter's field is what the list is filtered by.
    $(".autocomplete-filter select").on("change", (event) => event.target.form.submit());

    // Screen readers need to know what is searched for, and what the fields that a script makes are for.
    $("#searchbar").attr("aria-label", $("#changelist-search input[type=submit]").val());
    const label = (select) => select.getAttribute("aria-label") ?? select.labels[0]?.textContent ?? "";
    const labelFields = () => $("select.select2-hidden-accessible").each((_index, select) => {
        $(select).next().find("[role=combobox], [role=textbox]").attr("aria-label", label(select)).removeAttr("aria-labelledby");
    });
    setTimeout(labelFields);

    // The categories and accounts to choose from are those of the owner, once that is known.
    $(".field-owner select").on("change", (event) => {
        $(".field-category select, .field-account select").each((_index, element) => {
            const url = new URL(element.getAttribute("data-ajax--url"), window.location);
            url.searchParams.set("owner", event.target.value);
            $(element).val(null).data("ajax--url", url.href).select2("destroy").djangoAdminSelect2();
        });
        labelFields();
    });
});
