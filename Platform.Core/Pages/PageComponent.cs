using System.Globalization;
using Microsoft.AspNetCore.Components;

namespace Platform.Core.Pages;

/// <summary>A piece of a page: it speaks the language of the page it stands on.</summary>
public abstract class PageComponent : ComponentBase
{
    /// <summary>The page around it, cascaded by <see cref="PorticoLayout"/>.</summary>
    [CascadingParameter] public PageFrame? Surrounding { get; set; }

    private protected CultureInfo Culture => Surrounding?.Culture ?? PageCultures.Italian;

    private protected Texts T => PageTexts.Catalog.In(Culture);
}

/// <summary>One field of a form: label, hint, error and value tied together. Everything but <see cref="Name"/> and <see cref="Label"/> may be left out.</summary>
public abstract class FormField : PageComponent
{
    /// <summary>The form's values and errors; within a <see cref="PostForm"/> that has them it need not be repeated.</summary>
    [Parameter] public FormState? Form { get; set; }

    /// <summary>The name under which the value is posted.</summary>
    [Parameter, EditorRequired] public string Name { get; set; } = "";

    /// <summary>What to type, in few words, without colon or asterisk.</summary>
    [Parameter, EditorRequired] public string Label { get; set; } = "";

    /// <summary>Where to find it or how to write it; read out with the field.</summary>
    [Parameter] public string? Hint { get; set; }

    /// <summary>Marks the field with an asterisk. The server checks; the browser is not asked to.</summary>
    [Parameter] public bool Required { get; set; }

    [CascadingParameter(Name = "Form")] public FormState? CascadedForm { get; set; }

    private protected string Id => FormState.IdOf(Name);

    private protected string? Error => State.ErrorOf(Name);

    private protected string? Invalid => Error is null ? null : "true";

    private protected string? MustHave => Required ? "true" : null;

    /// <summary>What a screen reader adds to the field's name: its error and its hint.</summary>
    private protected string? DescribedBy(string? hint) =>
        string.Join(' ', new[] { hint is null ? null : Id + "-aiuto", Error is null ? null : Id + "-errore" }.Where(part => part is not null)) is { Length: > 0 } ids ? ids : null;

    private protected FormState State => Form ?? CascadedForm ?? new FormState();
}
