using System.Globalization;
using Platform.Core.Entities;

namespace Platform.Core.Plugins;

/// <summary>
/// Something that officers ask of a service by <c>portico &lt;service&gt; &lt;verb&gt; --entity CODE</c> and get as text, mostly a CSV. Runs in the entity that was named:
/// its rows are visible, and no others.
/// </summary>
public interface IOfficeCommand
{
    /// <summary>Does what is asked and writes the answer to <paramref name="output"/>, a page at a time where it may be long. No transaction is open.</summary>
    /// <returns>Null when it was done; otherwise why not, in words for an officer in his language (<see cref="OfficeCall.Culture"/>). What was written until then is not the answer.</returns>
    Task<string?> Run(OfficeCall call, TextWriter output, CancellationToken stop);
}

/// <summary>What an option of an office command holds.</summary>
public enum OfficeOptionKind
{
    Text,

    /// <summary>A legal day, written 2026-01-31.</summary>
    Day,

    /// <summary>A whole number, not negative.</summary>
    Number,

    /// <summary>There or not, without a value.</summary>
    Switch,

    /// <summary>One of a few values.</summary>
    Choice,
}

/// <summary>An option of an office command.</summary>
/// <param name="name">2 to 20 lower-case letters and hyphens, without the dashes before it: <c>from</c>. Not <c>entity</c>, <c>out</c> or another that the host has.</param>
/// <param name="summary">For the command line's help.</param>
/// <param name="kind">What is refused before the command runs follows from it.</param>
/// <param name="required">Whether it has to be given.</param>
public sealed class OfficeOption(string name, string summary, OfficeOptionKind kind = OfficeOptionKind.Text, bool required = false)
{
    internal string Name => name;

    internal string Summary => summary;

    internal OfficeOptionKind Kind => kind;

    internal bool Required => required;

    internal IReadOnlyList<string> Choices { get; private init; } = [];

    /// <summary>An option that has one of a few values; <see cref="OfficeCall.Text"/> gives it.</summary>
    /// <param name="name">As for other options.</param>
    /// <param name="summary">For the command line's help.</param>
    /// <param name="choices">At least one; the console calls them by the texts <c>office.{verb}.{name}.{value}</c>.</param>
    /// <param name="required">Whether it has to be given.</param>
    public static OfficeOption OneOf(string name, string summary, IReadOnlyList<string> choices, bool required = false) =>
        new(name, summary, OfficeOptionKind.Choice, required) { Choices = choices };
}

/// <summary>For whom an office command runs and with which options.</summary>
public sealed class OfficeCall
{
    readonly IReadOnlyDictionary<string, string> _options;
    readonly Action<string> _note;

    internal OfficeCall(Entity entity, EntityId? creditor, IReadOnlyDictionary<string, string> options, Action<string> note, CultureInfo culture) =>
        (Entity, Creditor, _options, _note, Culture) = (entity, creditor, options, note, culture);

    /// <summary>The entity that the officer named; the session is bound to it.</summary>
    public Entity Entity { get; }

    /// <summary>To whom the money of the service is owed where this entity offers it: a union for its members. Null where it does not offer it.</summary>
    public EntityId? Creditor { get; }

    /// <summary>The language for refusals and notes: the officer's at the console, English at the command line. What is extracted is the same in every language.</summary>
    public CultureInfo Culture { get; }

    /// <summary>An option of kind text or choice, or null when it was not given.</summary>
    public string? Text(string name) => _options.GetValueOrDefault(name);

    /// <summary>An option of kind day, or null when it was not given.</summary>
    /// <exception cref="FormatException">It is another kind of option.</exception>
    public DateOnly? Day(string name) => Text(name) is { } text ? DateOnly.ParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture) : null;

    /// <summary>An option of kind number, or null when it was not given.</summary>
    /// <exception cref="FormatException">It is another kind of option.</exception>
    public int? Number(string name) => Text(name) is { } text ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) : null;

    /// <summary>Whether an option was given.</summary>
    public bool Has(string name) => _options.ContainsKey(name);

    /// <summary>Tells the officer something beside the answer. No personal data: it may end in a log.</summary>
    public void Note(string words) => _note(words);
}
