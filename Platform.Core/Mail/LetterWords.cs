using System.Text;
using System.Text.RegularExpressions;

namespace Platform.Core.Mail;

/// <summary>The words of a letter, before and after its values are in them.</summary>
internal sealed partial record LetterWords(string Subject, string Body)
{
    /// <summary>Which values the words ask for, each once.</summary>
    public IReadOnlyList<string> Asks() => [.. Places().Matches(Subject + "\n" + Body).Select(place => place.Groups["name"].Value).Distinct(StringComparer.Ordinal)];

    /// <exception cref="FormatException">A value is missing; the message names it.</exception>
    public LetterWords Fill(IReadOnlyDictionary<string, string> values) => new(OneLine(Fill(Subject, values)), Fill(Body, values));

    static string Fill(string words, IReadOnlyDictionary<string, string> values) => Places().Replace(words, place =>
        values.TryGetValue(place.Groups["name"].Value, out var value) ? Clean(value) : throw new FormatException($"The letter's words ask for {place.Value}, and nobody gave it."));

    static string OneLine(string text) => string.Join(' ', text.Split(['\r', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

    static string Clean(string value)
    {
        var kept = new StringBuilder(value.Length);
        foreach (var letter in value)
            if (letter == '\n' || !char.IsControl(letter))
                kept.Append(letter);
        return kept.ToString();
    }

    [GeneratedRegex(@"\{(?<name>[a-zA-Z][a-zA-Z0-9]*)\}", RegexOptions.None, 1000)]
    private static partial Regex Places();
}
