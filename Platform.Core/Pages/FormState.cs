using System.Globalization;
using Microsoft.AspNetCore.Http;
using Platform.Core.Identity;
using Platform.Core.Money;

namespace Platform.Core.Pages;

/// <summary>What is wrong with a field, in words for the citizen. <see cref="Name"/> is empty when it concerns the form as a whole.</summary>
public sealed record FieldError(string Name, string Message);

/// <summary>What a citizen typed into a form and what is wrong with it, so that the page can be shown again with nothing lost.</summary>
public sealed class FormState
{
    static readonly string[] DateFormats = ["yyyy-MM-dd", "d/M/yyyy", "d-M-yyyy", "d.M.yyyy"];

    readonly Dictionary<string, string> values = new(StringComparer.Ordinal);
    readonly Dictionary<string, IReadOnlyList<string>> several = new(StringComparer.Ordinal);
    readonly List<FieldError> errors = [];
    IFormFileCollection? files;

    /// <summary>The values of a posted form: trimmed, the first of each name. Names that begin with two underscores (the anti-forgery token) are left out.</summary>
    public static FormState From(IFormCollection form)
    {
        ArgumentNullException.ThrowIfNull(form);
        var state = new FormState { files = form.Files };
        foreach (var (name, posted) in form)
        {
            if (name.StartsWith("__", StringComparison.Ordinal))
                continue;
            state.values[name] = (posted.Count > 0 ? posted[0] : null)?.Trim() ?? "";
            if (posted.Count > 1)
                state.several[name] = [.. posted.Select(value => value?.Trim() ?? "")];
        }
        return state;
    }

    /// <summary>The value of a field, never null: empty when it was not posted.</summary>
    public string this[string name] => values.GetValueOrDefault(name, "");

    /// <summary>All values of a field that may have several, in the order of the page: the boxes that were ticked.</summary>
    public IReadOnlyList<string> Values(string name) => several.TryGetValue(name, out var all) ? all : IsEmpty(name) ? [] : [this[name]];

    /// <summary>Whether a box was ticked.</summary>
    public bool IsChecked(string name) => !IsEmpty(name);

    /// <summary>Whether the field was left empty.</summary>
    public bool IsEmpty(string name) => this[name].Length == 0;

    /// <summary>The errors in the order they were found; add them in the order of the fields.</summary>
    public IReadOnlyList<FieldError> Errors => errors;

    /// <summary>Whether nothing was found wrong.</summary>
    public bool IsValid => errors.Count == 0;

    /// <summary>The first error of a field, or null.</summary>
    public string? ErrorOf(string name) => errors.Find(error => string.Equals(error.Name, name, StringComparison.Ordinal))?.Message;

    /// <summary>Sets a value, for instance one already known.</summary>
    public FormState Set(string name, string? value)
    {
        values[name] = value ?? "";
        return this;
    }

    /// <summary>Sets the values of a field that may have several.</summary>
    public FormState Set(string name, IReadOnlyList<string> all)
    {
        ArgumentNullException.ThrowIfNull(all);
        several[name] = all;
        return Set(name, all.Count > 0 ? all[0] : "");
    }

    /// <summary>Sets a date as a date field wants it.</summary>
    public FormState Set(string name, DateOnly? value) => Set(name, value?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));

    /// <summary>Says what is wrong with a field, or with the whole form when <paramref name="name"/> is empty.</summary>
    public FormState AddError(string name, string message)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentException.ThrowIfNullOrWhiteSpace(message);
        errors.Add(new(name, message));
        return this;
    }

    /// <summary>The date in a field, as a browser's calendar sends it or as gg/mm/aaaa is typed; null when empty or no date.</summary>
    public DateOnly? Date(string name) =>
        DateOnly.TryParseExact(this[name], DateFormats, CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) ? date : null;

    /// <summary>The whole number in a field, digits only and no sign; null when empty, no number, or beyond <see cref="int.MaxValue"/>.</summary>
    public int? Integer(string name) => int.TryParse(this[name], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>The amount in a field, as <see cref="Euro.TryParse"/> reads it; null when empty or no amount.</summary>
    public Euro? Amount(string name) => Euro.TryParse(this[name], out var amount) ? amount : null;

    /// <summary>The tax code in a field, of a person or a body; null when empty or its check character is wrong.</summary>
    public TaxCode? TaxCode(string name) => Identity.TaxCode.TryParse(this[name], out var code) ? code : null;

    /// <summary>The value that was chosen, or null when it is none of those offered: a browser may send anything.</summary>
    public string? Choice(string name, IEnumerable<Choice> offered) => offered.FirstOrDefault(choice => string.Equals(choice.Value, this[name], StringComparison.Ordinal))?.Value;

    /// <summary>The file in a field, or null when none came or when it breaks the rules: then the field's error says so, in the page's language.</summary>
    public PostedFile? File(string name, FileRules rules, CultureInfo culture)
    {
        ArgumentNullException.ThrowIfNull(rules);
        if (files?.GetFile(name) is not { } file)
            return null;
        var posted = PostedFile.Of(file, rules, culture, out var wrong);
        if (wrong is not null)
            AddError(name, wrong);
        return posted;
    }

    /// <summary>The plate in a field as registers write it: upper case, no spaces, dots or hyphens.</summary>
    public string Plate(string name) =>
        string.Concat(this[name].Where(c => !char.IsWhiteSpace(c) && c is not ('-' or '.'))).ToUpperInvariant();

    /// <summary>The id of a field's input in the page, to which its label, its errors and the error summary point.</summary>
    internal static string IdOf(string name) => "campo-" + string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '-'));
}

/// <summary>One of the answers that a field offers.</summary>
/// <param name="Value">What is posted; unique in its field.</param>
/// <param name="Label">What the citizen reads.</param>
/// <param name="Hint">What helps to choose, or null. Lists that fold out show none.</param>
public sealed record Choice(string Value, string Label, string? Hint = null);

/// <summary>The anti-forgery field that every form of ours carries, cascaded to <c>PostForm</c>.</summary>
public sealed record AntiforgeryToken(string Name, string Value);
