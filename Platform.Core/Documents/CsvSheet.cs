using System.Buffers;
using System.Globalization;
using System.Text;
using Platform.Core.Money;

namespace Platform.Core.Documents;

/// <summary>
/// Writes a CSV that Italian spreadsheets open as it is and programs read: <c>;</c> between the columns, a line feed after each line, no byte order mark,
/// days as 2026-01-31, <see cref="Euro"/> as 1234,50, yes and no as <c>si</c> and <c>no</c>.
/// </summary>
/// <remarks>A text that a spreadsheet would run as a formula (it begins with <c>=</c>, <c>+</c>, <c>-</c>, <c>@</c>, a tab or a line end) gets an apostrophe before it.</remarks>
public sealed class CsvSheet(TextWriter output)
{
    static readonly SearchValues<char> ToQuote = SearchValues.Create(";\"\n\r\t,");

    /// <summary>Writes a line. Null is an empty field.</summary>
    /// <exception cref="ArgumentException">A value is of another kind than text, whole number, day, Euro or yes and no.</exception>
    public Task Row(params IReadOnlyList<object?> values) => output.WriteAsync(Line(values) + "\n");

    /// <summary>The line that <see cref="Row"/> would write, without its end.</summary>
    /// <exception cref="ArgumentException">As for <see cref="Row"/>.</exception>
    public static string Line(params IReadOnlyList<object?> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var line = new StringBuilder();
        for (var i = 0; i < values.Count; i++)
            (i == 0 ? line : line.Append(';')).Append(Field(values[i]));
        return line.ToString();
    }

    static string Field(object? value) => value switch
    {
        null => "",
        string text => Quoted(IsFormula(text) ? "'" + text : text),
        int number => number.ToString(CultureInfo.InvariantCulture),
        long number => number.ToString(CultureInfo.InvariantCulture),
        DateOnly day => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        bool yes => yes ? "si" : "no",
        Euro amount => string.Create(CultureInfo.InvariantCulture, $"{(amount.Cents < 0 ? "-" : "")}{Math.Abs(amount.Cents) / 100},{Math.Abs(amount.Cents) % 100:00}"),
        _ => throw new ArgumentException($"A sheet holds no {value.GetType().Name}.", nameof(value)),
    };

    static bool IsFormula(string text) => text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' or '\r' or '\n';

    static string Quoted(string text) => text.AsSpan().ContainsAny(ToQuote)
        ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
        : text;
}
