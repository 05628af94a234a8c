using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Platform.Core.Pages;

/// <summary>What is wrong with a field, in words for the citizen. <see cref="Name"/> is empty when it concerns the form as a whole.</summary>
public sealed record FieldError(string Name, string Message);

/// <summary>What a citizen typed into a form and what is wrong with it, so that the page can be shown again with nothing lost.</summary>
public sealed class FormState
{
    static readonly string[] DateFormats = ["yyyy-MM-dd", "d/M/yyyy", "d-M-yyyy", "d.M.yyyy"];

    readonly Dictionary<string, string> values = new(StringComparer.Ordinal);
    readonly List<FieldError> errors = [];

    /// <summary>The values of a posted form: trimmed, the first of each name. Names that begin with two underscores (the anti-forgery token) are left out.</summary>
    public static FormState From(IFormCollection form)
    {
        ArgumentNullException.ThrowIfNull(form);
        var state = new FormState();
        foreach (var (name, posted) in form)
        {
            if (!name.StartsWith("__", StringComparison.Ordinal))
                state.values[name] = (posted.Count > 0 ? posted[0] : null)?.Trim() ?? "";
        }
        return state;
    }

    /// <summary>The value of a field, never null: empty when it was not posted.</summary>
    public string this[string name] => values.GetValueOrDefault(name, "");

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

    /// <summary>The plate in a field as registers write it: upper case, no spaces, dots or hyphens.</summary>
    public string Plate(string name) =>
        string.Concat(this[name].Where(c => !char.IsWhiteSpace(c) && c is not ('-' or '.'))).ToUpperInvariant();

    /// <summary>The id of a field's input in the page, to which its label, its errors and the error summary point.</summary>
    internal static string IdOf(string name) => "campo-" + string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '-'));
}

/// <summary>The anti-forgery field that every form of ours carries, cascaded to <c>PostForm</c>.</summary>
public sealed record AntiforgeryToken(string Name, string Value);
