using System.Text.Json;

namespace Services.Fines;

/// <summary>A line as it stood in the file: its fields, and which column each is.</summary>
internal sealed class SourceLine(IReadOnlyList<string> columns, string[] fields)
{
    public static SourceLine None { get; } = new([], []);

    /// <summary>The file's own names of its columns.</summary>
    public IReadOnlyList<string> Columns => columns;

    public IReadOnlyList<string> Fields => fields;

    /// <summary>What must be kept to read the line again: only columns that this service knows.</summary>
    public string ToJson() => JsonSerializer.Serialize(columns.Zip(fields).Where(field => FineColumns.Knows(field.First)).ToDictionary(field => field.First, field => field.Second, StringComparer.Ordinal));

    /// <summary>A line that was kept by <see cref="ToJson"/>.</summary>
    public static SourceLine FromJson(string json)
    {
        var kept = JsonSerializer.Deserialize<Dictionary<string, string>>(json)!;
        return new([.. kept.Keys], [.. kept.Values]);
    }

    /// <summary>The field of a column; empty where the file has no such column.</summary>
    public string Field(string column)
    {
        for (var place = 0; place < columns.Count && place < fields.Length; place++)
            if (columns[place] == column)
                return fields[place];
        return "";
    }
}
