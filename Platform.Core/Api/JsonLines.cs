using System.Text;
using System.Text.Json;

namespace Platform.Core.Api;

/// <summary>Writes objects, one per line, as the CSV that imports read: a column for each name, in the order in which they first appear. Line n becomes line n + 1.</summary>
internal static class JsonLines
{
    const int MostColumns = 200;
    const int LongestLine = 64 * 1024;

    /// <returns>Null when it was written; otherwise which line is no flat object, and why.</returns>
    public static async Task<(int Line, string Why)?> ToCsv(Stream lines, Stream csv, CancellationToken stop)
    {
        var columns = new List<string>();
        for (var pass = 0; pass < 2; pass++)
        {
            lines.Position = 0;
            using var text = new StreamReader(lines, Encoding.UTF8, detectEncodingFromByteOrderMarks: true, 64 * 1024, leaveOpen: true);
            await using var output = new StreamWriter(csv, new UTF8Encoding(false), 64 * 1024, leaveOpen: true);
            if (pass == 1)
                await output.WriteAsync(string.Join(';', columns.Select(Quoted)) + "\n");
            var number = 0;
            while (await text.ReadLineAsync(stop) is { } line)
            {
                number++;
                if (line.Length > LongestLine)
                    return (number, "The line is longer than 65536 characters.");
                try
                {
                    using var json = JsonDocument.Parse(line);
                    if (json.RootElement.ValueKind != JsonValueKind.Object)
                        return (number, "The line is not a JSON object.");
                    var values = new Dictionary<string, string>(StringComparer.Ordinal);
                    foreach (var field in json.RootElement.EnumerateObject())
                    {
                        if (Value(field.Value) is not { } value)
                            return (number, $"\"{field.Name}\" is an object or a list: values are texts, numbers, true, false or null.");
                        if (!values.TryAdd(field.Name, value))
                            return (number, $"\"{field.Name}\" stands twice in the line.");
                        if (pass == 0 && !columns.Contains(field.Name, StringComparer.Ordinal))
                            columns.Add(field.Name);
                    }
                    if (columns.Count is 0 or > MostColumns)
                        return (number, "An object has from 1 to 200 names.");
                    if (pass == 1)
                        await output.WriteAsync(string.Join(';', columns.Select(column => Quoted(values.GetValueOrDefault(column, "")))) + "\n");
                }
                catch (JsonException)
                {
                    return (number, "The line is not JSON, or is cut off.");
                }
            }
        }
        return null;
    }

    static string? Value(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.True => "sì",
        JsonValueKind.False => "no",
        JsonValueKind.Null => "",
        _ => null,
    };

    // A line break in a value must not become a line of the file: imports refuse it at its field.
    static string Quoted(string value) => $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal).ReplaceLineEndings("\u0001")}\"";
}
