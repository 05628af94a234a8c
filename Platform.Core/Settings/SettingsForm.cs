using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Platform.Core.Entities;
using Platform.Core.Money;
using Platform.Core.Plugins;

namespace Platform.Core.Settings;

/// <summary>What a setting is, and so how a form asks for it.</summary>
internal enum SettingKind
{
    Text,
    Number,
    Amount,
    YesNo,
    Date,
    Choice,
    Secret,
}

/// <summary>One of the values that a setting may have.</summary>
internal sealed record SettingChoice(string Value, string Label, string LabelEn);

/// <summary>A setting as a form shows it, and how it is read and written as text.</summary>
/// <param name="Name">As the command line and the database call it: the property's name, its first letter small.</param>
/// <param name="Optional">Whether it may be left empty.</param>
internal sealed partial record SettingField(string Name, SettingKind Kind, bool Optional, SettingAttribute Words, IReadOnlyList<SettingChoice> Choices, PropertyInfo Property)
{
    public static SettingField Of(PropertyInfo property)
    {
        var inner = Nullable.GetUnderlyingType(property.PropertyType);
        var type = inner ?? property.PropertyType;
        SettingKind? kind =
            type == typeof(string) ? SettingKind.Text : type == typeof(int) ? SettingKind.Number : type == typeof(Euro) ? SettingKind.Amount : type == typeof(bool) ? SettingKind.YesNo
            : type == typeof(DateOnly) ? SettingKind.Date : type.IsEnum ? SettingKind.Choice : type == typeof(SecretName) ? SettingKind.Secret : null;
        if (kind is null)
            throw new PluginRefusedException($"its setting {property.Name} is a {type.Name}; a setting is a string, int, Euro, bool, DateOnly, enum or SecretName.");
        if (property.GetCustomAttribute<SettingAttribute>() is not { Label.Length: > 0, LabelEn.Length: > 0 } words)
            throw new PluginRefusedException($"its setting {property.Name} has no [Setting(\"…\", \"…\")] with its name in Italian and English.");
        var choices = !type.IsEnum ? [] : type.GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(member => (member.Name, Words: member.GetCustomAttribute<SettingAttribute>()))
            .Select(member => new SettingChoice(Small(member.Name), member.Words?.Label ?? member.Name, member.Words?.LabelEn ?? member.Name)).ToList();
        return new(Small(property.Name), kind.Value, inner is not null || type == typeof(string) || type == typeof(SecretName), words, choices, property);
    }

    static string Small(string name) => char.ToLowerInvariant(name[0]) + name[1..];

    /// <summary>Reads what was typed or stored; false with what it should have been.</summary>
    public bool TryRead(string text, out object? value, out string wanted)
    {
        text = text.Trim();
        wanted = Kind switch
        {
            SettingKind.Number => "a whole number",
            SettingKind.Amount => "an amount, for instance 12,50",
            SettingKind.YesNo => "yes or no",
            SettingKind.Date => "a day, for instance 2026-01-31",
            SettingKind.Choice => "one of " + string.Join(", ", Choices.Select(choice => choice.Value)),
            SettingKind.Secret => "the name of a secret: lower-case letters, digits and hyphens",
            _ => "a text of at most 2000 characters, without control characters",
        };
        value = null;
        if (text.Length == 0 && Kind is not (SettingKind.Text or SettingKind.Secret))
            return Optional;
        value = Kind switch
        {
            SettingKind.Number => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null,
            SettingKind.Amount => Euro.TryParse(text, out var amount) ? amount : null,
            SettingKind.YesNo => text.ToLowerInvariant() switch { "yes" or "sì" or "si" or "true" or "1" => true, "no" or "false" or "0" => false, _ => null },
            SettingKind.Date => DateOnly.TryParseExact(text, ["yyyy-MM-dd", "d/M/yyyy"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : null,
            SettingKind.Choice => Choices.Any(choice => string.Equals(choice.Value, text, StringComparison.OrdinalIgnoreCase))
                ? Enum.Parse(Nullable.GetUnderlyingType(Property.PropertyType) ?? Property.PropertyType, text, ignoreCase: true) : null,
            SettingKind.Secret => text.Length == 0 || SecretPattern().IsMatch(text) ? new SecretName(text) : null,
            _ => text.Length <= 2000 && !text.Any(sign => char.IsControl(sign) && sign != '\n') ? text : null,
        };
        return value is not null;
    }

    /// <summary>The value as it is stored and shown: the same on every machine.</summary>
    public string Write(object settings) => Property.GetValue(settings) switch
    {
        null => "",
        Euro amount => string.Create(CultureInfo.InvariantCulture, $"{amount.Cents / 100}.{Math.Abs(amount.Cents % 100):00}"),
        bool yes => yes ? "yes" : "no",
        DateOnly day => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        Enum choice => Small(choice.ToString()),
        var other => Convert.ToString(other, CultureInfo.InvariantCulture) ?? "",
    };

    [GeneratedRegex("^[a-z][a-z0-9-]{0,39}$", RegexOptions.None, 1000)]
    private static partial Regex SecretPattern();
}

/// <summary>The form of a service's settings: its fields in order, their defaults, what may stand in them and whether that is ready for citizens.</summary>
internal sealed class SettingsForm
{
    readonly Func<object, Entity, IEnumerable<Readiness>>? _check;

    SettingsForm(Type type, IReadOnlyList<SettingField> fields, Func<object, Entity, IEnumerable<Readiness>>? check) => (Type, Fields, _check) = (type, fields, check);

    public Type Type { get; }

    public IReadOnlyList<SettingField> Fields { get; }

    /// <exception cref="PluginRefusedException">The record cannot be a form; in words.</exception>
    public static SettingsForm Of(Type type, Func<object, Entity, IEnumerable<Readiness>>? check)
    {
        var fields = type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.SetMethod is not null).Select(SettingField.Of).ToList();
        if (fields.Count == 0)
            throw new PluginRefusedException($"its settings {type.Name} have no property that can be set.");
        if (fields.GroupBy(field => field.Name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new PluginRefusedException($"two of its settings are called {twice.Key}.");
        var form = new SettingsForm(type, fields, check);
        if (form.Faults(form.Default()) is [var fault, ..])
            throw new PluginRefusedException($"the defaults of its settings do not hold their own rules: {fault}");
        return form;
    }

    public SettingField? Find(string name) => Fields.FirstOrDefault(field => string.Equals(field.Name, name, StringComparison.OrdinalIgnoreCase));

    public object Default() => Activator.CreateInstance(Type)!;

    /// <summary>
    /// What is stored, on top of the defaults. Names that the service no longer knows are left out; a value that it no longer understands is told,
    /// and the default stands: an upgrade must not close a service.
    /// </summary>
    public object From(IReadOnlyDictionary<string, string> stored, List<string> faults)
    {
        var settings = Default();
        foreach (var field in Fields)
        {
            if (!stored.TryGetValue(field.Name, out var text))
                continue;
            if (field.TryRead(text, out var value, out var wanted))
                field.Property.SetValue(settings, value);
            else
                faults.Add($"{field.Name}: \"{text}\" is not {wanted}.");
        }
        return settings;
    }

    /// <summary>What breaks the rules that the record declares (data annotations, <see cref="IValidatableObject"/>), one sentence each.</summary>
    public IReadOnlyList<string> Faults(object settings) =>
        [.. Broken(settings).Select(result => $"{string.Join(", ", result.MemberNames.Select(name => Find(name)?.Name ?? name))}: {result.ErrorMessage}")];

    /// <summary>The same with the settings that it is about.</summary>
    public static IReadOnlyList<ValidationResult> Broken(object settings)
    {
        var results = new List<ValidationResult>();
        Validator.TryValidateObject(settings, new ValidationContext(settings), results, validateAllProperties: true);
        return results;
    }

    /// <summary>The service's own list; what the check throws is a line of it.</summary>
    public IReadOnlyList<Readiness> Check(object settings, Entity creditor)
    {
        if (_check is null)
            return [];
        try
        {
            return [.. _check(settings, creditor)];
        }
        catch (Exception wrong)
        {
            return [new(false, $"Its check threw {wrong.GetType().Name}: {wrong.Message}")];
        }
    }
}
