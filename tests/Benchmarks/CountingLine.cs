using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Portico.Faults;
using static Portico.Faults.PostgresMessages;

namespace Portico.Benchmarks;

/// <summary>One transaction as PostgreSQL was told of it.</summary>
internal sealed partial class Deed
{
    public int Trips { get; set; }

    public List<string> Statements { get; } = [];

    /// <summary>Whether the first statement was bound to a role that only work in the background uses.</summary>
    public bool InBackground { get; set; }

    /// <summary>What it did, shortly: <c>fines.fine 2</c>.</summary>
    public string Label => string.Create(CultureInfo.InvariantCulture, $"{Tables} {Trips}");

    string Tables => string.Join(" + ", Statements.Select(sql => Table().Match(sql)).Where(match => match.Success).Select(match => match.Groups["table"].Value).Distinct(StringComparer.Ordinal));

    [GeneratedRegex(@"\b(from|into|update)\s+(?<table>(core|payments|fines)\.[a-z_]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Table();
}

/// <summary>All transactions of a host.</summary>
internal sealed class Deeds
{
    readonly List<Deed> _all = [];

    public Deed Begin()
    {
        var deed = new Deed();
        lock (_all)
            _all.Add(deed);
        return deed;
    }

    /// <summary>The transactions that began since the last call, without those of the background.</summary>
    public IReadOnlyList<Deed> Take()
    {
        lock (_all)
        {
            var taken = _all.Where(deed => !deed.InBackground && deed.Statements.Count > 0).ToList();
            _all.Clear();
            return taken;
        }
    }
}

/// <summary>
/// Counts round trips where they happen: in PostgreSQL's protocol. One begins when the client writes while it has no answer outstanding;
/// what it sends before the answers came, BEGIN with the first statement for instance, is the same trip.
/// </summary>
internal sealed class CountingLine(Deeds deeds) : ILine
{
    static readonly string[] BackgroundRoles = ["portico_centre", "portico_core"];

    readonly Dictionary<string, string> _prepared = new(StringComparer.Ordinal);
    readonly PostgresMessages _fromClient = new(beginsUntyped: true);
    readonly Lock _lock = new();
    Deed? _deed;
    int _outstanding;

    public int ToServer(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            var at = _fromClient.Begin(bytes);
            if (!_fromClient.Begun)
                return 0;
            // The first message and what belongs to signing in are not counted.
            if (at > 0)
                _outstanding = 1;
            var fresh = _outstanding == 0;
            var begun = at;
            while (Next(bytes, at, out var type, out var body))
            {
                Sent(type, body);
                at += 5 + body.Length;
            }
            if (fresh && at > begun && _deed is not null)
                _deed.Trips++;
            return at;
        }
    }

    public int ToClient(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            var at = 0;
            while (Next(bytes, at, out var type, out var body))
            {
                if (type == 'Z')
                    _outstanding--;
                else if (type == 'C' && Text(body, 0, out _) is "COMMIT" or "ROLLBACK")
                    _deed = null;
                at += 5 + body.Length;
            }
            return at;
        }
    }

    void Sent(char type, ReadOnlySpan<byte> body)
    {
        switch (type)
        {
            case 'Q':
                _outstanding++;
                if (Text(body, 0, out _).StartsWith("BEGIN", StringComparison.Ordinal))
                    _deed = deeds.Begin();
                break;
            case 'S':
                _outstanding++;
                break;
            case 'P':
                _prepared[Text(body, 0, out var after)] = Text(body, after, out _);
                break;
            case 'B' when _deed is { } deed:
                Text(body, 0, out var portal);
                var sql = _prepared.GetValueOrDefault(Text(body, portal, out var parameters), "");
                if (deed.Statements.Count == 0 && sql.Contains("set_config", StringComparison.Ordinal))
                    deed.InBackground = BackgroundRoles.Any(Encoding.Latin1.GetString(body[parameters..]).Contains);
                deed.Statements.Add(sql);
                break;
            default:
                break;
        }
    }
}
