using Platform.Core.Entities;
using Platform.Core.Storage;

namespace Platform.Core.Settings;

/// <summary>
/// What a creditor has decided for a service, as a record of properties that <c>IServiceDescription.Settings</c> named. Ask for it in a constructor.
/// </summary>
/// <typeparam name="TSettings">A record of the service: what nobody has set has the value that the record gives it.</typeparam>
public interface ISettings<TSettings>
    where TSettings : class, new()
{
    /// <summary>As they stand now for the creditor of the current call, in a transaction of its own.</summary>
    /// <exception cref="InvalidOperationException">This call has an open transaction: hand its session over instead.</exception>
    Task<TSettings> Read(CancellationToken stop);

    /// <summary>As <see cref="Read(CancellationToken)"/>, within an open transaction, for its creditor. Costs one round trip.</summary>
    Task<TSettings> Read(IEntitySession session);
}

/// <summary>The words of a setting's form: what it is called, and what helps to decide. On each property, and on each member of an enum that is one.</summary>
/// <param name="label">In Italian, in few words, without colon.</param>
/// <param name="labelEn">In English.</param>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public sealed class SettingAttribute(string label, string labelEn) : Attribute
{
    public string Label { get; } = label;

    public string LabelEn { get; } = labelEn;

    /// <summary>What follows from it, or how to write it, in Italian.</summary>
    public string Hint { get; set; } = "";

    /// <summary>The same in English.</summary>
    public string HintEn { get; set; } = "";

    /// <summary>What to write where the record's own rules refuse a value, in Italian; without it the rule's message stands at the console.</summary>
    public string Wrong { get; set; } = "";

    /// <summary>The same in English.</summary>
    public string WrongEn { get; set; } = "";
}

/// <summary>The name of a secret, as a setting. The secret itself is never in the database: <see cref="ISecrets"/> finds it.</summary>
/// <param name="Value">Lower-case letters, digits and hyphens, or empty where none is named.</param>
public readonly record struct SecretName(string Value)
{
    public override string ToString() => Value ?? "";
}

/// <summary>Finds secrets that settings name. They are the operator's: <c>PORTICO_Secrets__name__value</c>.</summary>
public interface ISecrets
{
    /// <summary>The secret, or null when the operator has set none under this name.</summary>
    string? Find(SecretName name);
}

/// <summary>A line of the list that says whether a service is ready for a creditor's citizens.</summary>
/// <param name="Ready">Whether nothing has to be done.</param>
/// <param name="Words">What was found, and how to mend it, in a sentence for an operator. No personal data, no secret.</param>
public sealed record Readiness(bool Ready, string Words)
{
    /// <summary>The same in Italian, for officers at the console; <see cref="Words"/> stands there where it is left out.</summary>
    public string? Italian { get; init; }
}

/// <summary>Looks at a creditor's settings and says what is fine and what must be mended. Pure and quick; what it throws is told as a line.</summary>
/// <param name="settings">As they stand.</param>
/// <param name="creditor">Whose they are.</param>
public delegate IEnumerable<Readiness> SettingsCheck<in TSettings>(TSettings settings, Entity creditor);
